"""A small judge of IAM policies: the rules of "Policy evaluation logic" that these templates use, and no others."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.infra.assembly import Assembly, Resource

Statement = dict[str, Any]


def listed(value: Any) -> list[Any]:
    """What may stand alone or in a list, as a list."""
    return value if isinstance(value, list) else [value]


def statements(document: Mapping[str, Any]) -> list[Statement]:
    return listed(document["Statement"])


def policies_of(assembly: Assembly, role: Resource) -> list[Statement]:
    """Every statement that a role has."""
    own = role.properties.get("RoleName", role.logical_id)
    found = [each for policy in role.properties.get("Policies", []) for each in statements(policy["PolicyDocument"])]
    for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):  # the CDK moves what is too long into the latter
        for policy in assembly.resources(kind, role.stack):
            if own in policy.properties.get("Roles", []):
                found.extend(statements(policy.properties["PolicyDocument"]))
    return found


def bucket_statements(assembly: Assembly, bucket: str) -> list[Statement]:
    """Every statement of a bucket's policy."""
    return [
        each
        for policy in assembly.resources("AWS::S3::BucketPolicy")
        if policy.properties["Bucket"] == bucket
        for each in statements(policy.properties["PolicyDocument"])
    ]


def every_document(assembly: Assembly) -> Iterator[tuple[Resource, str, Mapping[str, Any]]]:
    """Every policy document of every template, wherever it stands: resource, property, document."""
    for resource in assembly.resources():
        yield from ((resource, where, document) for where, document in _documents(resource.properties))


def _documents(value: Any, where: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, dict):
        if "Statement" in value:
            yield where, value
        for name, part in value.items():
            yield from _documents(part, f"{where}/{name}")
    elif isinstance(value, list):
        for part in value:
            yield from _documents(part, where)


def allows(policy: Iterable[Statement], action: str, resource: str, context: Mapping[str, Any] | None = None) -> bool:
    """Judge a request: an explicit Deny wins, and what nobody allows is denied.

    Args:
        policy: Statements of the caller's policies and of the resource's; principals are not looked at.
        action: Such as `s3:PutObject`.
        resource: An ARN.
        context: The request's keys; one that is not there is null.
    """
    met = [each for each in policy if _applies(each, action, resource, context or {})]
    effects = {each["Effect"] for each in met}
    return "Allow" in effects and "Deny" not in effects


def trusts(document: Mapping[str, Any], action: str, principal: Mapping[str, str], context: Mapping[str, Any]) -> bool:
    """Judge whether a role lets a principal take it."""
    for each in statements(document):
        known = all(value in listed(each["Principal"].get(kind, [])) for kind, value in principal.items())
        if (
            each["Effect"] == "Allow"
            and known
            and action in listed(each["Action"])
            and _holds(each.get("Condition", {}), context)
        ):
            return True
    return False


def _applies(statement: Statement, action: str, resource: str, context: Mapping[str, Any]) -> bool:
    return (
        any(_like(action.lower(), pattern.lower()) for pattern in listed(statement["Action"]))
        and any(_like(resource, pattern) for pattern in listed(statement["Resource"]))
        and _holds(statement.get("Condition", {}), context)
    )


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, Any]) -> bool:
    return all(
        _compare(operator, wanted, context.get(key))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _compare(operator: str, wanted: Any, given: Any) -> bool:
    if operator == "Null":
        return (given is None) == (str(wanted).lower() == "true")
    if given is None:
        return False
    match operator:
        case "StringEquals":
            return str(given) in listed(wanted)
        case "StringLike" | "ArnLike" | "ArnEquals":  # the two for ARNs are the same
            return any(_like(str(given), pattern) for pattern in listed(wanted))
        case "Bool":
            return str(given).lower() == str(wanted).lower()
        case "NumericLessThan":
            return float(given) < float(wanted)
    raise AssertionError(f"condition {operator} is not known here")


def _like(text: str, pattern: str) -> bool:
    """IAM's wildcards are `*` and `?`; brackets are themselves."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))
