"""The tolerant path and the reference, written apart from one contract, read every lake alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings

from tests.reference.events import Bad, Event, Request, event_of, request_of
from tests.reference.lines import lines_of
from tests.strategies import LakeSpec, lake
from usagelake.domain.access_log import ApiRequest, parse_access_log_line
from usagelake.domain.billing_event import BillingEvent, parse_billing_event
from usagelake.domain.json_lines import read_object
from usagelake.domain.landing import Source, source_of
from usagelake.domain.quarantine import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator


@settings(max_examples=150, deadline=None)
@given(lake(conflicts="any_day"))
def test_every_line_of_every_lake(spec: LakeSpec) -> None:
    """Same lines, same reasons, same events, whatever stands in the objects."""
    for key, content in spec.objects.items():
        chunks = [content[start : start + 10_007] for start in range(0, len(content), 10_007)]
        gzipped = key.endswith(".gz")
        is_access_log = source_of(key) is Source.API_REQUESTS
        ours = [
            (line.text, line.reason or _ours(line.text, is_access_log=is_access_log))
            for line in read_object(chunks, gzipped=gzipped)
        ]
        theirs = [
            (line.text, line.reason or _theirs(line.text, is_access_log=is_access_log))
            for line in lines_of(content, gzipped=gzipped)
        ]
        assert ours == theirs


def _ours(text: str, *, is_access_log: bool) -> str | tuple[object, ...]:
    row = parse_access_log_line(text) if is_access_log else parse_billing_event(text)
    return row.reason if isinstance(row, Rejected) else tuple(_fields(row))


def _fields(row: ApiRequest | BillingEvent) -> Iterator[object]:
    if isinstance(row, ApiRequest):
        yield from (row.request_id, row.event_time, row.api_key_id, row.status, row.waf_response_code)
        yield from (
            row.response_bytes,
            row.request_bytes,
            row.content_hash,
            row.api_id,
            row.stage,
            row.method,
        )
        yield from (row.resource_path, row.response_latency_ms, row.integration_latency_ms, row.error_type)
    else:
        yield from (row.event_id, row.event_time, row.event_type, row.resource_id, row.model, row.quantity)
        yield from (row.content_hash, row.product, row.resource_type, row.region, row.provider)


def _theirs(text: str, *, is_access_log: bool) -> str | tuple[object, ...]:
    try:
        row: Request | Event = request_of(text) if is_access_log else event_of(text)
    except Bad as bad:
        return str(bad)
    if isinstance(row, Request):
        known = (row.id, row.time, row.api_key_id, row.status, row.waf, row.response_bytes, row.request_bytes)
    else:
        known = (row.id, row.time, row.event_type, row.resource_id, row.model, row.quantity)
    return (*known, row.content_hash, *row.others)
