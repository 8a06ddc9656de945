"""The Glue database of one environment: a table per landing prefix, and the tables of the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_glue as glue
from constructs import Construct

from infra.constructs.iceberg_table import IcebergTable
from infra.constructs.landing_table import LandingTable
from usagelake.domain.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import aws_cdk as cdk
    from aws_cdk import aws_s3 as s3


class Catalogue(Construct):
    """Database and tables.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        database: The database's name.
        landing: The bucket of raw lines.
        lake: The bucket of the tables.
        landing_prefixes: The prefixes that hold lines.
        first_hour: The first hour that there can be, `yyyy/MM/dd/HH`.
        removal: What happens to the domain's tables when the stack goes; the others hold nothing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        database: str,
        landing: s3.IBucket,
        lake: s3.IBucket,
        landing_prefixes: Iterable[str],
        first_hour: str,
        removal: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.database = glue.Database(self, "Database", database_name=database)
        for prefix in landing_prefixes:
            LandingTable(
                self, f"Lines-{prefix}", database=self.database, bucket=landing, prefix=prefix, first_hour=first_hour
            )
        for table in TABLES.values():
            IcebergTable(self, f"Table-{table.name}", database=self.database, bucket=lake, table=table, removal=removal)
