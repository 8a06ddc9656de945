"""Objects: when they are sealed, their keys and their bytes."""

from __future__ import annotations

import gzip
import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.simulation.contract_reader import content_of, instant, objects
from usagelake.errors import StorageError
from usagelake.simulation.account import SourceAccount
from usagelake.simulation.landing_writer import ObjectBuffer, Sealing, firehose_key, stored_gzip
from usagelake.simulation.options import SimulationOptions, epoch_ms
from usagelake.simulation.simulate import simulate

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = SimulationOptions(api_requests=3000, billing_events=5000, noise=0.05, malformed=0.02)
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-%s[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
MINUTE = r"\d{4}/\d\d/\d\d/\d\d/\d\d"
FIREHOSE = re.compile(rf"apigw_access/{MINUTE}/usage-prod-1-[\d-]{{19}}-{UUID % 4}\.jsonl(\.gz)?")
CONTRACT = re.compile(rf"((?:in|ex)ternal_[a-z]+_[a-z_]+)/({MINUTE})/{UUID % 7}\.jsonl(\.gz)?")
UPSTREAM = re.compile(rf"data-api/{MINUTE}/{UUID % 7}\.jsonl(\.gz)?")
START = epoch_ms(datetime(2025, 10, 1, tzinfo=UTC))
PLAIN = Sealing(object_bytes=2_000_000, object_events=None, age_ms=None, noise=0, compressed=0)


def buffer(landing: Path, sealing: Sealing) -> ObjectBuffer:
    return ObjectBuffer(landing, firehose_key, sealing, random.Random(1), SourceAccount(subject_type="api_key"))


def contents(landing: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(landing.rglob("*.jsonl"))]


def test_contract_layout(tmp_path: Path) -> None:
    """Keys are those of the object contract, and one object holds one event type."""
    simulate(replace(OPTIONS, malformed=0), tmp_path)
    for key, texts in objects(tmp_path):
        if not FIREHOSE.fullmatch(key):
            event_type = CONTRACT.fullmatch(key)[1]
            assert all(f'"event_type":"{event_type}"' in text for text in texts)


def test_upstream_layout(tmp_path: Path) -> None:
    """All event types lie under one prefix, mixed."""
    simulate(replace(OPTIONS, layout="upstream", malformed=0, object_age_s=86_400), tmp_path)
    mixed = [texts for key, texts in objects(tmp_path) if UPSTREAM.fullmatch(key)]
    others = [key for key, _ in objects(tmp_path) if not UPSTREAM.fullmatch(key)]
    assert all(FIREHOSE.fullmatch(key) for key in others)
    assert any(len({re.search(r'"event_type":"(\w+)"', text)[1] for text in texts}) > 5 for texts in mixed)


@pytest.mark.parametrize("most", [4096, 65_536])
def test_no_object_is_larger_than_asked(tmp_path: Path, most: int) -> None:
    """With noise and all, no object exceeds the limit before compression; most come close to it."""
    simulate(replace(OPTIONS, object_bytes=most, object_age_s=None, compressed=0.5), tmp_path)
    sizes = sorted(len(content_of(path)) for path in tmp_path.rglob("*") if path.is_file())
    assert sizes[-1] <= most
    assert sizes[-1] > 0.8 * most


def test_no_object_has_more_lines_than_asked(tmp_path: Path) -> None:
    simulate(replace(OPTIONS, object_events=50, object_age_s=None), tmp_path)
    counts = [len(texts) for key, texts in objects(tmp_path) if not key.startswith("apigw_access")]
    assert max(counts) == 50


def test_no_object_is_older_than_asked(tmp_path: Path) -> None:
    """Events of one object lie within its age, if none is late."""
    simulate(replace(OPTIONS.clean(), object_age_s=600), tmp_path)
    for key, texts in objects(tmp_path):
        if CONTRACT.fullmatch(key):
            times = [instant(re.search(r'"timestamp":"([^"]+)"', text)[1]) for text in texts]
            assert max(times) - min(times) < timedelta(seconds=602)


def test_path_minute_is_the_oldest_arrival(tmp_path: Path) -> None:
    """The key's time is the arrival of the first line, whatever arrives in the same object later."""
    sealing = replace(PLAIN, age_ms=3_600_000)
    lines = buffer(tmp_path, sealing)
    lines.extend([START + 59_999, START + 60_000, START + 3_599_999], ["{}"] * 3)
    lines.extend([START + 3_659_998, START + 3_659_999, START + 3_660_500], ["[]"] * 3)
    lines.close()
    keys = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.jsonl"))
    assert keys[0].startswith("apigw_access/2025/10/01/00/00/usage-prod-1-2025-10-01-00-00-59-")
    assert keys[1].startswith("apigw_access/2025/10/01/01/00/usage-prod-1-2025-10-01-01-00-59-")
    assert contents(tmp_path) == [b"{}\n{}\n{}\n[]\n", b"[]\n[]\n"]


def test_clean_events_happen_just_before_their_path_or_after_it(tmp_path: Path) -> None:
    """On clean traffic the oldest event of an object lies in, or a second before, its path's minute."""
    simulate(OPTIONS.clean(), tmp_path)
    for key, texts in objects(tmp_path):
        if match := CONTRACT.fullmatch(key):
            minute = datetime.strptime(match[2], "%Y/%m/%d/%H/%M").replace(tzinfo=UTC)
            oldest = min(instant(re.search(r'"timestamp":"([^"]+)"', text)[1]) for text in texts)
            assert timedelta(seconds=-2) < oldest - minute < timedelta(seconds=60)


def test_a_full_buffer_is_sealed_before_the_line_that_does_not_fit(tmp_path: Path) -> None:
    lines = buffer(tmp_path, replace(PLAIN, object_bytes=10))
    lines.extend([START, START + 1, START + 2], ["aaaa", "bbbb", "cccc"])
    lines.extend([START + 3], ["dddddddddddddd"])
    lines.close()
    assert sorted(contents(tmp_path)) == [b"aaaa\nbbbb\n", b"cccc\n", b"dddddddddddddd\n"]


@pytest.mark.parametrize("size", [0, 1, 65_534, 65_535, 65_536, 200_000])
def test_stored_gzip_is_read_by_gzip(size: int) -> None:
    content = random.Random(size).randbytes(size)
    assert gzip.decompress(stored_gzip(content)) == content


def test_an_object_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "apigw_access").write_text("in the way")
    lines = buffer(tmp_path, PLAIN)
    lines.extend([START], ["{}"])
    with pytest.raises(StorageError, match=r"cannot write .*apigw_access"):
        lines.close()
