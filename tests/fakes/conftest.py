"""What the tests of the fakes share: the local Athena, empty at each test, and a way to run a statement on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from tests.fakes.athena import LocalAthena, running

BUCKET, DATABASE, RESULTS = "lake", "usage_test", "s3://lake/results/"
WORKGROUP = "usage-test-pipeline"


@dataclass(frozen=True)
class Client:
    """A client of the local Athena that uses boto3 alone."""

    local: LocalAthena
    athena: Any
    glue: Any
    s3: Any

    def start(self, sql: str, *parameters: str, **told: Any) -> str:
        """Start a statement."""
        asked = {
            "QueryString": sql,
            "WorkGroup": WORKGROUP,
            "QueryExecutionContext": {"Database": DATABASE},
            **({"ExecutionParameters": list(parameters)} if parameters else {}),
            **told,
        }
        found: str = self.athena.start_query_execution(**asked)["QueryExecutionId"]
        return found

    def end(self, execution: str) -> dict[str, Any]:
        """Ask until an execution is at its end."""
        while True:
            found: dict[str, Any] = self.athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]
            if found["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                return found

    def run(self, sql: str, *parameters: str, **told: Any) -> list[list[str | None]]:
        """Run a statement that must succeed, and give its rows without the header."""
        execution = self.start(sql, *parameters, **told)
        ended = self.end(execution)
        assert ended["Status"]["State"] == "SUCCEEDED", (sql, ended["Status"])
        pages = self.athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution)
        rows = [
            [value.get("VarCharValue") for value in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]
        ]
        return rows[1:] if ended["SubstatementType"] == "SELECT" else rows

    def reason(self, sql: str, *parameters: str, **told: Any) -> str:
        """Run a statement that must fail, and give the reason."""
        status = self.end(self.start(sql, *parameters, **told))["Status"]
        assert status["State"] == "FAILED", (sql, status)
        assert status["AthenaError"]["ErrorMessage"] == status["StateChangeReason"]
        return str(status["StateChangeReason"])

    def put(self, key: str, body: bytes) -> None:
        """Put an object."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def keys(self, prefix: str) -> list[str]:
        """List objects."""
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return [each["Key"] for each in found]


@pytest.fixture(scope="session")
def running_client() -> Iterator[Client]:
    """Run the local Athena for as long as the tests do."""
    with running() as local:
        names = local.environment
        session = boto3.Session(names["AWS_ACCESS_KEY_ID"], names["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1")
        places = {"athena": local.athena, "glue": local.aws, "s3": local.aws}
        yield Client(local, *(session.client(service, endpoint_url=place) for service, place in places.items()))


@pytest.fixture
def client(running_client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Give an empty Athena with a bucket, a database and a workgroup that enforces where results go."""
    running_client.local.reset()
    for name, value in running_client.local.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", boto3.Session())
    running_client.s3.create_bucket(Bucket=BUCKET)
    running_client.glue.create_database(DatabaseInput={"Name": DATABASE})
    running_client.athena.create_work_group(
        Name=WORKGROUP,
        Configuration={
            "EnforceWorkGroupConfiguration": True,
            "ResultConfiguration": {"OutputLocation": RESULTS},
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )
    return running_client
