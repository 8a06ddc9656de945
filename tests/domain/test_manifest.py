"""What an object says of itself is what it holds, and is read back as it was written."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.domain.manifest import EVENTS, FIRST, LAST, SHA256, Manifest

SOUND = {EVENTS: "2", FIRST: "2025-10-05T12:00:00Z", LAST: "2025-10-05T12:00:00.5Z", SHA256: "0" * 64}
UNREADABLE = (
    "",
    "yesterday",
    "2025-10-05",
    "2025-10-05T12:00:00",
    "2025-10-05T12:00:00+00:00",
    "2025-02-29T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "9999-99-01T00:00:00Z",
    "2025-10-05T24:00:00Z",
    "2025-10-05T12:60:00Z",
    "2025-10-05T12:00:60Z",
    "2025-10-05T12:00:00.Z",
    "2025-10-05T12:00:00.1234567890Z",
    "2025-10-05T12:00:00Z\n",
    "\u0662\u0660\u0662\u0665-10-05T12:00:00Z",
    "a\u00e9\ud800",
)
SECONDS = (
    "0001-01-01T00:00:00",
    "2024-02-29T23:59:59",
    "2025-10-05T11:59:59",
    "2025-10-05T12:00:00",
    "2025-10-05T12:00:01",
    "9999-12-31T23:59:59",
)


@st.composite
def timestamps(draw: st.DrawFn) -> str:
    """Instants close to each other, and to the ends of time, with any number of digits."""
    second = draw(st.sampled_from(SECONDS))
    digits = draw(st.text("0159", max_size=9))
    return f"{second}.{digits}Z" if digits else f"{second}Z"


def _instant(text: str) -> tuple[datetime, Fraction]:
    """Read an instant to the last digit, with other means than the code has."""
    match = re.fullmatch(r"(.{19})(?:\.(\d+))?Z", text)
    assert match is not None
    fraction = Fraction(int(match[2]), 10 ** len(match[2])) if match[2] else Fraction(0)
    return datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S"), fraction  # noqa: DTZ007


@settings(deadline=None)
@given(st.lists(timestamps() | st.sampled_from(UNREADABLE)), st.lists(st.binary().filter(lambda b: b"\n" not in b)))
def test_a_manifest_tells_what_the_object_holds(texts: list[str], lines: list[bytes]) -> None:
    """Every line counts; first and last are instants, as written; what is no instant is passed over."""
    body = b"".join(line + b"\n" for line in lines)
    told = Manifest.of(body, texts)
    readable = [text for text in texts if text not in UNREADABLE]
    assert told.events == len(lines)
    assert told.sha256 == hashlib.sha256(body).hexdigest()
    if not readable:
        assert told.first is told.last is None
        return
    assert told.first in readable
    assert told.last in readable
    assert _instant(told.first) == min(map(_instant, readable))
    assert _instant(told.last) == max(map(_instant, readable))


@settings(deadline=None)
@given(st.lists(timestamps() | st.sampled_from(UNREADABLE)), st.binary())
def test_metadata_is_read_back(texts: list[str], body: bytes) -> None:
    """Also when a store has changed the case of the names; names and values are what S3 takes."""
    told = Manifest.of(body, texts)
    metadata = told.metadata()
    assert Manifest.parse(metadata) == told
    assert Manifest.parse({name.title(): value for name, value in metadata.items()} | {"other": "1"}) == told
    for name, value in metadata.items():
        assert re.fullmatch(r"[a-z0-9-]+", name)
        assert re.fullmatch(r"[!-~]+", value)


def test_what_is_none_is_left_out() -> None:
    """An object without readable times has neither member."""
    assert Manifest.of(b"{}\n", [""]).metadata().keys() == {EVENTS, SHA256}


@pytest.mark.parametrize(
    "change",
    [
        *({name: None} for name in SOUND),
        *({EVENTS: value} for value in ("", "-1", "1.0", "01", " 1", "1e3", "9" * 30, "\u0661")),
        *({SHA256: value} for value in ("", "0" * 63, "0" * 65, "g" * 64, "A" * 64)),
        *({name: value} for name in (FIRST, LAST) for value in UNREADABLE),
    ],
)
def test_an_unsound_manifest_is_refused(change: dict[str, str | None]) -> None:
    """A ValueError, never a half-read manifest."""
    assert Manifest.parse(SOUND).events == 2
    with pytest.raises(ValueError, match="usagelake-"):
        Manifest.parse({name: value for name, value in (SOUND | change).items() if value is not None})


def test_an_object_of_another_writer_has_no_manifest() -> None:
    """Whatever else it carries."""
    with pytest.raises(ValueError, match=EVENTS):
        Manifest.parse({"content": "x"})
