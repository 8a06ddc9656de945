"""What an AWS call asks IAM for: action, resources and context, by the Service Authorization Reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import botocore.client
import botocore.session

from tests.infra.assembly import ACCOUNT, REGION

if TYPE_CHECKING:
    import pytest

_GLUE = f"arn:aws:glue:{REGION}:{ACCOUNT}"
_ATHENA = f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup"
_OF_THE_WORKGROUP = (
    "BatchGetQueryExecution",
    "GetQueryExecution",
    "GetQueryResults",
    "StopQueryExecution",
)
"""Calls that name an execution, which is its workgroup's."""


@dataclass(frozen=True)
class Asked:
    """One question to IAM.

    Attributes:
        action: `s3:GetObject`.
        resources: Each must be allowed.
        context: The request's keys.
    """

    action: str
    resources: tuple[str, ...]
    context: dict[str, str] = field(default_factory=dict, compare=False)


def asked(service: str, operation: str, given: dict[str, Any], workgroup: str) -> list[Asked]:
    """Tell what one call asks for.

    Args:
        service: `s3`.
        operation: `GetObject`.
        given: The call's arguments.
        workgroup: Where executions are that are named by their id.
    """
    match service, operation:
        case "athena", _:
            known = operation in _OF_THE_WORKGROUP
            group = workgroup if known else given["WorkGroup"]
            return [Asked(f"athena:{operation}", (f"{_ATHENA}/{group}",))]
        case "glue", "GetDatabase":
            return [Asked("glue:GetDatabase", (f"{_GLUE}:catalog", f"{_GLUE}:database/{given['Name']}"))]
        case "glue", _:
            names = given.get("TablesToDelete") or [given.get("Name") or given.get("TableInput", {}).get("Name") or "*"]
            database = given["DatabaseName"]
            tables = [f"{_GLUE}:table/{database}/{name}" for name in names]
            return [Asked(f"glue:{operation}", (f"{_GLUE}:catalog", f"{_GLUE}:database/{database}", *tables))]
        case "s3", "ListObjectsV2":
            return [Asked("s3:ListBucket", (_bucket(given),), {"s3:prefix": given.get("Prefix", "")})]
        case "s3", "GetObject" | "HeadObject":
            return [Asked("s3:GetObject", (_object(given),))]
        case "s3", "PutObject":
            condition = {"s3:if-none-match": given["IfNoneMatch"]} if "IfNoneMatch" in given else {}
            return [Asked("s3:PutObject", (_object(given),), condition)]
    raise AssertionError(f"{service} {operation} is not known here: say what it asks IAM for")


def _bucket(given: dict[str, Any]) -> str:
    return f"arn:aws:s3:::{given['Bucket']}"


def _object(given: dict[str, Any]) -> str:
    return f"{_bucket(given)}/{given['Key']}"


def record(monkeypatch: pytest.MonkeyPatch, calls: list[tuple[str, str, dict[str, Any]]]) -> None:
    """Note every call of every client from here on, whoever makes it."""
    call = botocore.client.BaseClient._make_api_call

    def noted(client: Any, operation: str, given: dict[str, Any]) -> Any:
        calls.append((client.meta.service_model.service_name, operation, dict(given)))
        return call(client, operation, given)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", noted)


def record_services(monkeypatch: pytest.MonkeyPatch, services: set[str]) -> None:
    """Note every service that a client is made of, whoever makes it."""
    make = botocore.session.Session.create_client

    def noted(session: Any, service_name: str, *given: Any, **named: Any) -> Any:
        services.add(service_name)
        return make(session, service_name, *given, **named)

    monkeypatch.setattr(botocore.session.Session, "create_client", noted)
