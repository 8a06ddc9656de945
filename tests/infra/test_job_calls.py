"""Every call that the jobs make to AWS, from event to drafts, is one that their role in the template allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from infra.constructs.job_access import DRAFTS_WRITE, INGEST_WRITES
from infra.packaging import SDK_SERVICES
from lambdas import bill_drafts, ingest_and_roll_up
from tests.cli.landings import request
from tests.infra.calls import Asked, asked, record, record_services
from tests.infra.environments import FULL
from tests.infra.policies import allows
from tests.infra.test_job_roles import SECURE, Job, job
from tests.lambdas.conftest import deployed, environment, server
from tests.lambdas.functions import Context, event
from usagelake.storage import open_location
from usagelake.storage.lease import Lease

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.engines.athena.conftest import Environment
    from tests.infra.assembly import Assembly

__all__ = ["deployed", "environment", "server"]


def land(deployed: Environment, key: str, *lines: str) -> None:
    store = open_location(deployed.places.landing)
    store.put_if_absent(key, "\n".join(lines).encode(), content_type="application/x-ndjson", metadata={})


@pytest.fixture
def calls(deployed: Environment, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    """What each job called: two hourly runs, a sweep after a killed run, and drafts."""
    services: set[str] = set()
    record_services(monkeypatch, services)
    folder = "2025/10/05/11/35"
    land(deployed, f"apigw_access/{folder}/a.jsonl", request("r1", "2025-10-05T11:30:00Z"), '{"extendedRequestId":')
    ingest: list[tuple[str, str, dict[str, Any]]] = []
    drafts: list[tuple[str, str, dict[str, Any]]] = []
    with monkeypatch.context() as during:
        record(during, ingest)
        ingest_and_roll_up.handler(event("hourly", scheduled_time="2025-10-05T12:00:00Z"), Context("id-1"))
    land(deployed, f"apigw_access/{folder}/b.jsonl", request("r2", "2025-10-05T11:31:00Z"))
    leave_a_lease(deployed)
    with monkeypatch.context() as during:
        record(during, ingest)
        ingest_and_roll_up.handler(event("sweep", scheduled_time="2025-10-05T14:00:00Z"), Context("id-2"))
    with monkeypatch.context() as during:
        record(during, drafts)
        bill_drafts.handler(event("drafts"), Context("id-3"))
        bill_drafts.handler(event("drafts"), Context("id-3"))
    assert services <= SDK_SERVICES  # the package describes no others
    return {"ingest": ingest, "drafts": drafts}


def leave_a_lease(deployed: Environment) -> None:
    """As a killed run of the same call does: what it left running is looked for."""
    place = open_location(deployed.places.work)
    name = f"leases/{deployed.places.database}"
    owner = "sweep 2025-10-05T14:00:00Z (id-2)"
    Lease(place, name, owner, timedelta(minutes=2), lambda: datetime.now(UTC)).take()


def carried(deployed: Environment, questions: Iterable[Asked]) -> list[Asked]:
    """The same questions of the environment that is synthesized: other buckets, another database."""
    ours, theirs = deployed.places, FULL.places
    pairs = [
        *((getattr(ours, name)[5:], getattr(theirs, name)[5:]) for name in ("tables", "work", "pricing", "drafts")),
        (ours.tables[5:].partition("/")[0], theirs.tables[5:].partition("/")[0]),
        (ours.landing[5:], theirs.landing[5:]),
        (ours.database, theirs.database),
        (ours.workgroup, theirs.workgroup),
    ]

    def renamed(text: str) -> str:
        for own, other in pairs:
            if own in text and other not in text:
                return text.replace(own, other)
        return text

    found = []
    for each in questions:
        resources = tuple(renamed(arn) for arn in each.resources)
        prefix = each.context.get("s3:prefix")
        context = dict(each.context)
        if prefix is not None:
            bucket = each.resources[0].rpartition(":")[2]
            moved = renamed(f"{bucket}/{prefix}").partition("/")
            resources, context["s3:prefix"] = (f"arn:aws:s3:::{moved[0]}",), moved[2]
        found.append(Asked(each.action, resources, context))
    return found


def denied(role: Job, questions: Iterable[Asked]) -> set[tuple[object, ...]]:
    return {
        (each.action, arn, *sorted(each.context.items()))
        for each in questions
        for arn in each.resources
        if not allows(role.policy, each.action, arn, {**SECURE, **each.context})
    }


def test_each_role_allows_every_call_that_its_job_makes_and_not_those_of_the_other(
    assembly: Assembly, deployed: Environment, calls: dict[str, list[tuple[str, str, dict[str, Any]]]]
) -> None:
    roles = {
        "ingest": job(assembly, "Takes in what landed and rolls it up", INGEST_WRITES),
        "drafts": job(assembly, "Prices what is rolled up and puts drafts of invoices", DRAFTS_WRITE),
    }
    found = {
        name: carried(deployed, (one for each in made for one in asked(*each, workgroup=deployed.places.workgroup)))
        for name, made in calls.items()
    }
    assert denied(roles["ingest"], found["ingest"]) == denied(roles["drafts"], found["drafts"]) == set()
    assert {action for action, *_ in denied(roles["drafts"], found["ingest"])} >= {"s3:GetObject", "s3:ListBucket"}
    assert {action for action, *_ in denied(roles["ingest"], found["drafts"])} >= {"s3:GetObject", "s3:PutObject"}
    called = {name: {each.action for each in questions} for name, questions in found.items()}
    both = {"athena:StartQueryExecution", "glue:CreateTable", "glue:GetDatabase", "s3:ListBucket", "s3:PutObject"}
    assert both <= called["ingest"] & called["drafts"]
    assert {"athena:ListQueryExecutions", "glue:BatchDeleteTable", "s3:GetObject"} <= called["ingest"]
    assert {"athena:GetQueryResults", "glue:BatchDeleteTable", "glue:GetTable"} <= called["drafts"]
