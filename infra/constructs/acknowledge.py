"""Findings of cdk-nag that stand: each with the reason, beside the construct that has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs import IConstruct


def acknowledge(scope: IConstruct, reason: str, *rules: str) -> None:
    """Let findings stand.

    Args:
        scope: The construct that has them, or one above.
        reason: Why, in a sentence.
        rules: The rules' ids, such as `AwsSolutions-APIG4`.
    """
    for rule in rules:
        cdk.Validations.of(scope).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))


def acknowledge_stars(scope: IConstruct, reason: str, resources: Iterable[str]) -> None:
    """Let resources stand that end with a star; cdk-nag has a finding of its own for each.

    Args:
        scope: The role or policy.
        reason: Why no narrower resource can stand there.
        resources: ARNs, of which those without a star are left out.
    """
    for resource in resources:
        if "*" in str(cdk.Stack.of(scope).resolve(resource)):
            written = _as_nag_writes(cdk.Stack.of(scope).resolve(resource))
            acknowledge(scope, reason, f"AwsSolutions-IAM5[Resource::{written}]")


def _as_nag_writes(value: object) -> str:
    """Write a template's value as cdk-nag does: `<Name>` for a reference, `<Name.Attribute>` for an attribute."""
    match value:
        case {"Fn::Join": [str(between), list(parts)]}:
            return between.join(_as_nag_writes(part) for part in parts)
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"<{name}.{attribute}>"
        case {"Ref": str(name)}:
            return f"<{name}>"
    return str(value)
