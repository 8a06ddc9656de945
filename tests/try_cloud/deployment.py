"""The stacks of dev on the emulator, by the official command of the CDK."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tests.try_cloud.command import ROOT, CommandError, run
from tests.try_cloud.loopback import ACCOUNT, REGION
from tests.try_cloud.templates import Refusal, leave_out, resources_of, templates_of

if TYPE_CHECKING:
    from pathlib import Path

    import boto3

    from tests.try_cloud.links import Links

CDK = ("npx", "--yes", "aws-cdk@2.1148.1")
ROUNDS = 8
"""How often what the emulator refuses is left out before it is given up."""

_STAGED = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
_NO_TYPE = "Unrecognized resource types"
_NO_PROPERTY = re.compile(r"(\w+::\w+::\w+) Properties\.(\w+)\b.*not supported")


class RefusedError(RuntimeError):
    """The emulator refuses again and again."""


def deploy(folder: Path, backend_url: str, session: boto3.Session, links: Links) -> None:
    """Synthesize, bootstrap and deploy; what the emulator does not know is left out and named.

    Args:
        folder: Where the cloud assembly goes; on return its templates are those that were deployed.
        backend_url: What the API stands in front of.
        session: Clients of the emulator.
        links: Gets the links.

    Raises:
        CommandError: The emulator refused something that it does not call unsupported.
        RefusedError: There is no end of what it does not support.
    """
    run([sys.executable, "-m", "tests.try_cloud.synthesize", str(folder), backend_url], cwd=ROOT)
    wanted = len(resources_of(folder))
    _cdk(folder, "bootstrap", f"aws://{ACCOUNT}/{REGION}")
    links.works("cdk bootstrap", f"aws://{ACCOUNT}/{REGION}")
    for refusal in _unknown_types(folder, session):
        _leave_out(folder, refusal, links)
    for _ in range(ROUNDS):
        found = _deploy_once(folder, session)
        if found is None:
            stacks, left = len(templates_of(folder)), len(resources_of(folder))
            links.works("cdk deploy", f"{stacks} stacks, {left} of {wanted} resources")
            return
        _leave_out(folder, found, links)
    raise RefusedError(f"the emulator refuses more after {ROUNDS} rounds")


def _unknown_types(folder: Path, session: boto3.Session) -> list[Refusal]:
    """Ask for every type of resource whether the emulator knows it."""
    kinds = sorted({body["Type"] for body in resources_of(folder).values()})
    probe = {"Resources": {f"R{number}": {"Type": kind} for number, kind in enumerate(kinds)}}
    try:
        session.client("cloudformation").validate_template(TemplateBody=json.dumps(probe))
    except ClientError as error:
        said = error.response["Error"]["Message"]
        if _NO_TYPE not in said:
            raise
        return [Refusal(reason=_NO_TYPE, type=kind) for kind in kinds if re.search(rf"\b{kind}\b", said)]
    return []


def _deploy_once(folder: Path, session: boto3.Session) -> Refusal | None:
    """Deploy what does not stand yet.

    Returns:
        None when all stands; otherwise what the emulator does not support.

    Raises:
        CommandError: Something failed that the emulator does not call unsupported.
    """
    _forget_staged(session)
    try:
        _cdk(folder, "deploy", "--app", str(folder), "--all", "--require-approval", "never", "--concurrency", "1")
    except CommandError:
        for resource, reason in _failures(folder, session):
            if found := _NO_PROPERTY.search(reason):
                return Refusal(reason=reason, type=found[1], property=found[2])
            if "not supported" in reason:
                return Refusal(reason=reason, resource=resource)
        raise
    return None


def _leave_out(folder: Path, refusal: Refusal, links: Links) -> None:
    """Leave resources out of the templates, and say which and why."""
    gone = [each for path in templates_of(folder).values() for each in leave_out(path, refusal)]
    for kind, count in Counter(each.type for each in gone if not each.named).items():
        links.not_carried(f"CloudFormation: {kind}", f"{count} left out: {refusal.reason}")
    for each in gone:
        if each.named:
            links.not_carried(f"CloudFormation: {each.type}", f"{each.resource} left out, since it names {each.named}")


def _failures(folder: Path, session: boto3.Session) -> list[tuple[str, str]]:
    """What could not be made: id and reason."""
    pages = session.client("cloudformation").get_paginator("describe_stack_events")
    there = resources_of(folder)
    found = []
    for stack in templates_of(folder):
        try:
            events = [each for page in pages.paginate(StackName=stack) for each in page["StackEvents"]]
        except ClientError:
            continue  # not deployed yet
        found.extend(
            (each["LogicalResourceId"], each.get("ResourceStatusReason", ""))
            for each in events
            if each["ResourceStatus"] == "CREATE_FAILED" and (stack, each["LogicalResourceId"]) in there
        )
    return found


def _forget_staged(session: boto3.Session) -> None:
    """Have changed templates uploaded again: the command goes by the digests that they were synthesized with."""
    client = session.client("s3")
    for each in client.list_objects_v2(Bucket=_STAGED).get("Contents", []):
        if each["Key"].endswith(".json"):
            client.delete_object(Bucket=_STAGED, Key=each["Key"])


def _cdk(folder: Path, *arguments: str) -> None:
    """Run the command where no cdk.json is: it would synthesize again."""
    run([*CDK, *arguments, "--ci", "--no-notices", "--progress", "events"], cwd=folder.parent)
