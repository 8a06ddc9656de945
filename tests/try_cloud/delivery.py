"""From the access log to the landing, link by link; what the emulator does not carry is done by hand and named."""

from __future__ import annotations

import gzip
import json
import re
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    import boto3

    from tests.try_cloud.links import Links

WAIT_S = 5.0
_KEY = re.compile(r"apigw_access/\d{4}/\d\d/\d\d/\d\d/\d\d/[^/]+\.jsonl")


def deliver(
    session: boto3.Session, lines: list[str], *, at: datetime, log_group: str, stream: str, landing: str, links: Links
) -> None:
    """Bring access-log lines into the landing.

    Args:
        session: Clients of the emulator.
        lines: The lines.
        at: When they are logged.
        log_group: The deployed log group.
        stream: The deployed Firehose stream.
        landing: The landing bucket.
        links: Gets the links.
    """
    logs = session.client("logs")
    if logs.describe_log_streams(logGroupName=log_group)["logStreams"]:
        links.works("API Gateway → CloudWatch Logs", "the stage logs")
    else:
        links.not_carried("API Gateway → CloudWatch Logs", "no line is logged; they are put there by hand")
        _log(logs, log_group, lines, at)
    if _landed(session, landing):
        links.works("CloudWatch Logs → Firehose", "lines landed by the subscription")
        return
    (each,) = logs.describe_subscription_filters(logGroupName=log_group)["subscriptionFilters"]
    links.not_carried(
        "CloudWatch Logs → Firehose",
        f"subscription {each['filterName']} stands and hands over nothing; lines are put into the stream by hand",
    )
    _try_unpacking(session, lines[0], log_group=log_group, stream=stream, landing=landing, links=links)
    _put(session, stream, [f"{line}\n".encode() for line in lines])
    keys = _landed(session, landing)
    strange = [key for key in keys if _KEY.fullmatch(key) is None]
    if keys and not strange:
        links.works("Firehose → landing", f"{len(keys)} objects such as {keys[0]}")
    else:
        links.failed("Firehose → landing", f"{len(keys)} objects, among them {strange[:3]}")


def _log(logs: Any, log_group: str, lines: list[str], at: datetime) -> None:
    logs.create_log_stream(logGroupName=log_group, logStreamName="try")
    stamp = round(at.timestamp() * 1000)
    events = [{"timestamp": stamp, "message": line} for line in lines]
    logs.put_log_events(logGroupName=log_group, logStreamName="try", logEvents=events)


def _try_unpacking(
    session: boto3.Session, line: str, *, log_group: str, stream: str, landing: str, links: Links
) -> None:
    """Put what CloudWatch Logs would hand over, and see whether a line lands; it is taken away again."""
    envelope = {
        "messageType": "DATA_MESSAGE",
        "owner": "000000000000",
        "logGroup": log_group,
        "logStream": "try",
        "subscriptionFilters": ["try"],
        "logEvents": [{"id": "1", "timestamp": 0, "message": line}],
    }
    _put(session, stream, [gzip.compress(json.dumps(envelope).encode())])
    client = session.client("s3")
    bodies = {}
    for key in _landed(session, landing):
        bodies[key] = client.get_object(Bucket=landing, Key=key)["Body"].read()
        client.delete_object(Bucket=landing, Key=key)
    if [*bodies.values()] == [f"{line}\n".encode()]:
        links.works("Firehose unpacks what CloudWatch Logs packs", "one line, one line feed")
    else:
        seen = "the envelope, still packed" if any(each[:2] == b"\x1f\x8b" for each in bodies.values()) else bodies
        links.not_carried("Firehose unpacks what CloudWatch Logs packs", f"landed: {seen}")


def _put(session: boto3.Session, stream: str, records: list[bytes]) -> None:
    client = session.client("firehose")
    for record in records:
        client.put_record(DeliveryStreamName=stream, Record={"Data": record})


def _landed(session: boto3.Session, landing: str) -> list[str]:
    """Wait until objects lie there and no more come."""
    client = session.client("s3")
    deadline = time.monotonic() + WAIT_S
    before: list[str] = []
    while True:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=landing, Prefix="apigw_access/")
        now = [each["Key"] for page in pages for each in page.get("Contents", [])]
        if (now and now == before) or time.monotonic() > deadline:
            return now
        before = now
        time.sleep(0.5)
