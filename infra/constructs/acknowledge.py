"""Findings of cdk-nag and checkov that stand: each with the reason, beside the construct that has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs import IConstruct


def acknowledge(scope: IConstruct, reason: str, *rules: str) -> None:
    """Let findings stand.

    Args:
        scope: The construct that has them, or for cdk-nag one above.
        reason: Why, in a sentence.
        rules: The rules' ids: `AwsSolutions-APIG4` is cdk-nag's, `CKV_AWS_73` checkov's.
    """
    for rule in rules:
        if rule.startswith("CKV"):
            _tell_checkov(scope, rule, reason)
        else:
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


def _tell_checkov(scope: IConstruct, rule: str, reason: str) -> None:
    """Write the exception where checkov reads it: into the metadata of that one resource of the template."""
    resource = scope if cdk.CfnResource.is_cfn_resource(scope) else scope.node.default_child
    stands = resource.get_metadata("checkov") or {"skip": []}
    resource.add_metadata("checkov", {"skip": [*stands["skip"], {"id": rule, "comment": reason}]})


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
