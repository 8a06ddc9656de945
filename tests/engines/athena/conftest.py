"""Lakes on a local Athena: each test has an environment of its own in it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.fakes.athena.process import LocalAthena, running
from usagelake.domain.environment import LakePlaces
from usagelake.engines import load_queries
from usagelake.engines.athena import AthenaConfig, AthenaEngine, Pace, Run, RunIdentity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.athena.faults import Fault
    from usagelake.engines import QueryLibrary

_environments = itertools.count(1)
_nonces = itertools.count(1)


class Clock:
    """A clock that only sleep moves, and that notes each sleep."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let the time pass, and no other."""
        self.now += seconds
        self.slept.append(seconds)

    @property
    def pace(self) -> Pace:
        """By this clock."""
        return Pace(clock=self, sleep=self.sleep)


@dataclass(frozen=True)
class Environment:
    """An environment on the local Athena.

    Attributes:
        name: Its name.
        server: The local Athena.
        places: Where its lake is.
    """

    name: str
    server: LocalAthena
    places: LakePlaces

    @property
    def config(self) -> AthenaConfig:
        """How an engine is told of it."""
        return AthenaConfig.of(self.places)

    def open(self, *, run: Run | None = None, read_only: bool = False, clock: Clock | None = None) -> AthenaEngine:
        """Open an engine without views, that loses no time."""
        return AthenaEngine(self.config, run or run_called(), read_only=read_only, pace=(clock or Clock()).pace)

    def fail_with(self, *faults: Fault) -> None:
        """Let things go wrong."""
        self.server.fail_with(*faults)

    def journal(self, sign: str = "") -> list[dict[str, Any]]:
        """Give the executions in this environment whose text holds a sign, in the order of their start."""
        database = self.places.database
        return [each for each in self.server.journal() if each["database"] == database and sign in each["text"]]

    def tables(self) -> list[str]:
        """List what Glue holds, sorted."""
        pages = client("glue").get_paginator("get_tables").paginate(DatabaseName=self.places.database)
        return sorted(table["Name"] for page in pages for table in page["TableList"])


def run_called(job: str = "test", *, nonce: str | None = None) -> Run:
    """Give a run; the same job has the same identity, and every run a nonce of its own."""
    return Run(RunIdentity(job, "2025-10", "1"), nonce or f"n{next(_nonces)}")


def client(service: str) -> Any:
    """Give an SDK's client of the local AWS."""
    return boto3.client(service)


@pytest.fixture(scope="session")
def server() -> Iterator[LocalAthena]:
    """One local Athena for all tests."""
    with running() as started:
        yield started


@pytest.fixture(scope="session")
def queries() -> QueryLibrary:
    """The packaged files."""
    return load_queries()


@pytest.fixture
def environment(server: LocalAthena, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment as the CDK app makes it: buckets, a workgroup, a database that says where everything is."""
    server.reset()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    name = f"t{next(_environments)}"
    lake = f"lake-{name}"
    places = LakePlaces(
        database=f"usage_{name}",
        tables=f"s3://{lake}/tables",
        landing=f"s3://landing-{name}",
        prefixes=("apigw_access",),
        first_hour="2025/01/01/00",
        workgroup=f"usage-{name}-pipeline",
        work=f"s3://{lake}/work",
        pricing=f"s3://{lake}/pricing",
        drafts=f"s3://{lake}/drafts",
    )
    for bucket in (lake, f"landing-{name}"):
        client("s3").create_bucket(Bucket=bucket)
    client("athena").create_work_group(
        Name=places.workgroup,
        Configuration={
            "EnforceWorkGroupConfiguration": True,
            "ResultConfiguration": {"OutputLocation": f"s3://{lake}/results/"},
        },
    )
    client("glue").create_database(
        DatabaseInput={"Name": places.database, "LocationUri": places.tables, "Parameters": places.to_parameters()}
    )
    return Environment(name, server, places)


def elsewhere(environment: Environment, **changed: str) -> Environment:
    """Say something else of an environment."""
    return replace(environment, places=replace(environment.places, **changed))
