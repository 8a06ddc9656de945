"""The synthesized templates, and what their references come to."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACCOUNT = "123456789012"
REGION = "eu-west-1"

_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::URLSuffix": "amazonaws.com",
}
_NAMES = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
    "AWS::Athena::WorkGroup": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::SQS::Queue": "QueueName",
}
_ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    "AWS::IAM::OIDCProvider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{{name}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{name}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}:*",
    "AWS::KinesisFirehose::DeliveryStream": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{{name}}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}",
}


@dataclass(frozen=True)
class Resource:
    """One resource of one stack.

    Attributes:
        stack: The stack's name.
        logical_id: Its id there.
        type: `AWS::S3::Bucket` and the like.
        properties: Its properties, with every reference replaced by what it comes to.
        body: All of it, as it stands in the template.
    """

    stack: str
    logical_id: str
    type: str
    properties: dict[str, Any]
    body: dict[str, Any]


class Assembly:
    """All templates of one synthesis.

    Args:
        folder: The cloud assembly.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.templates: dict[str, dict[str, Any]] = {
            path.name.removesuffix(".template.json"): json.loads(path.read_text())
            for path in sorted(folder.glob("*.template.json"))
        }

    @cached_property
    def report(self) -> dict[str, Any]:
        """What the validation plugins found."""
        found: dict[str, Any] = json.loads((self.folder / "validation-report.json").read_text())
        return found

    @cached_property
    def canary_report(self) -> dict[str, Any]:
        """What they found in a stack that breaks rules: that they look."""
        found: dict[str, Any] = json.loads((self.folder / "canary" / "validation-report.json").read_text())
        return found

    @cached_property
    def acknowledged(self) -> list[tuple[str, str, str]]:
        """Every acknowledgment: construct, rule, reason."""
        found = []
        for path in sorted(self.folder.glob("*.metadata.json")):
            for construct, entries in json.loads(path.read_text()).items():
                for entry in entries:
                    if entry["type"] == "aws:cdk:acknowledged-rules":
                        found.extend((construct, rule, reason) for rule, reason in entry["data"].items())
        return found

    @cached_property
    def excepted(self) -> list[tuple[str, str, str]]:
        """Every exception from a check of checkov: resource, check, reason."""
        return [
            (f"{stack}/{name}", each["id"], each["comment"])
            for stack, template in self.templates.items()
            for name, body in template.get("Resources", {}).items()
            for each in body.get("Metadata", {}).get("checkov", {}).get("skip", [])
        ]

    @cached_property
    def _resources(self) -> tuple[Resource, ...]:
        return tuple(
            Resource(stack, logical_id, body["Type"], self.resolve(stack, body.get("Properties", {})), body)
            for stack, template in self.templates.items()
            for logical_id, body in template.get("Resources", {}).items()
        )

    def resources(self, kind: str | None = None, stack: str = "") -> Iterator[Resource]:
        """The resources of a type, of all stacks whose names begin with `stack`."""
        for resource in self._resources:
            if (kind is None or resource.type == kind) and resource.stack.startswith(stack):
                yield resource

    def one(self, kind: str, stack: str, **properties: object) -> Resource:
        """The one resource of a type that has some properties."""
        found = [
            resource
            for resource in self.resources(kind, stack)
            if all(resource.properties.get(name) == value for name, value in properties.items())
        ]
        assert len(found) == 1, f"{len(found)} {kind} with {properties} in {stack}"
        return found[0]

    def resolve(self, stack: str, value: Any) -> Any:
        """Replace every reference of a value by what it comes to in one account and region."""
        match value:
            case list():
                found: Any = [self.resolve(stack, part) for part in value]
            case {"Ref": str(name), **rest} if not rest:
                found = self._reference(stack, name)
            case {"Fn::GetAtt": [name, attribute]}:
                found = self._attribute(stack, name, attribute)
            case {"Fn::Join": [between, parts]}:
                found = between.join(str(self.resolve(stack, part)) for part in parts)
            case {"Fn::Select": [int(number), {"Fn::Split": [between, text]}]}:
                found = str(self.resolve(stack, text)).split(between)[number]
            case {"Fn::Sub": str(text)}:
                found = re.sub(r"\$\{([A-Za-z:]+)\}", lambda name: self._reference(stack, name[1]), text)
            case {"Fn::ImportValue": name}:
                found = self._export(name)
            case dict():
                unknown = [name for name in value if name.startswith("Fn::")]
                assert not unknown, f"{stack}: {unknown} is not known here"
                found = {name: self.resolve(stack, part) for name, part in value.items()}
            case _:
                found = value
        return found

    def _reference(self, stack: str, name: str) -> str:
        if name in _PSEUDO:
            return _PSEUDO[name]
        body = self.templates[stack].get("Resources", {}).get(name)
        if body is None:
            return f"<{name}>"
        if body["Type"] == "AWS::SNS::Topic":
            return self._attribute(stack, name, "Arn")
        given = body.get("Properties", {}).get(_NAMES.get(body["Type"], ""))
        return name if given is None else str(self.resolve(stack, given))

    def _attribute(self, stack: str, name: str, attribute: str) -> str:
        body = self.templates[stack]["Resources"][name]
        pattern = _ARNS.get(body["Type"]) if attribute == "Arn" else None
        return f"<{name}.{attribute}>" if pattern is None else pattern.format(name=self._reference_name(stack, name))

    def _reference_name(self, stack: str, name: str) -> str:
        given = (
            self.templates[stack]["Resources"][name]
            .get("Properties", {})
            .get(_NAMES.get(self.templates[stack]["Resources"][name]["Type"], ""))
        )
        return name if given is None else str(self.resolve(stack, given))

    def _export(self, name: str) -> str:
        for stack, template in self.templates.items():
            for output in template.get("Outputs", {}).values():
                if output.get("Export", {}).get("Name") == name:
                    return str(self.resolve(stack, output["Value"]))
        raise AssertionError(f"nothing exports {name}")
