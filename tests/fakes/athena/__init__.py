"""A local Athena for tests: its API over HTTP, statements really executed on DuckDB, S3 and Glue by moto.

    with running() as local:
        os.environ.update(local.environment)
        local.fail_with(Fault("throttle", times=2))

One process serves every client and every process that has its environment. Statements are judged and carried by the
project's own dialect, so that what Athena would refuse is refused; what the dialect does not carry is NOT_SUPPORTED.

It is not Athena in this: a text that cannot be read ends as FAILED with SYNTAX_ERROR, where Athena may refuse the call;
every place in a reason is column 1; statements that write wait for each other, and a lost race is a fault to be told
(`Fault("fail", reason="ICEBERG_COMMIT_ERROR: …")`); no partition is counted; snapshots of Iceberg tables, prepared and
named queries, results that are reused, and the writing of Hive tables but by CREATE TABLE AS are not there. The bytes
that an Iceberg table's scan costs are those of the columns that a statement names, uncompressed.
"""

from __future__ import annotations

from tests.fakes.athena.faults import Fault
from tests.fakes.athena.process import LocalAthena, running

__all__ = ["Fault", "LocalAthena", "running"]
