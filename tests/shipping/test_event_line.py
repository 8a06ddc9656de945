"""Which lines can be delivered, and why the others cannot."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.shipping.lines import event
from usagelake.domain.json_lines import MAX_LINE_BYTES
from usagelake.domain.landing import LandingKey, Source, is_landing_object, source_of
from usagelake.shipping import event_line
from usagelake.shipping.batch import object_key
from usagelake.shipping.drop_reason import DropReason
from usagelake.shipping.event_line import EventLine, read_event_line


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", DropReason.NOT_JSON),
        (b"nonsense", DropReason.NOT_JSON),
        (b'{"id":"a","event_type":"t"', DropReason.NOT_JSON),
        (b'{"id":"a","event_type":"t"}}', DropReason.NOT_JSON),
        (b'{"id":"a","event_type":"t","usage":NaN}', DropReason.NOT_JSON),
        (b'{"id":"a","event_type":"t\x00"}', DropReason.NOT_JSON),
        (b'{"id":"a","event_type":"t"}\x00', DropReason.NOT_JSON),
        (b'\xef\xbb\xbf{"id":"a","event_type":"t"}', DropReason.NOT_JSON),
        (b"[1]", DropReason.NOT_JSON),
        (b'"text"', DropReason.NOT_JSON),
        (b"#usagelake-journal {}", DropReason.NOT_JSON),
        (b'{"a":' * 100_000, DropReason.NOT_JSON),
        (b'{"id":"a",\n"event_type":"t"}', DropReason.NOT_ONE_LINE),
        (b'{"id":"a","event_type":"t"}\n', DropReason.NOT_ONE_LINE),
        (b'{"id":"\xff","event_type":"t"}', DropReason.NOT_UTF8),
        ('{"id":"\ud800","event_type":"t"}'.encode(errors="surrogatepass"), DropReason.NOT_UTF8),
        (b"{}", DropReason.ID_MISSING),
        (b'{"event_type":"t"}', DropReason.ID_MISSING),
        (b'{"id":"","event_type":"t"}', DropReason.ID_MISSING),
        (b'{"id":7,"event_type":"t"}', DropReason.ID_MISSING),
        (b'{"id":"a"}', DropReason.EVENT_TYPE_MISSING),
        (b'{"id":"a","event_type":""}', DropReason.EVENT_TYPE_MISSING),
        (b'{"id":"a","event_type":["t"]}', DropReason.EVENT_TYPE_MISSING),
        (b'{"id":"a","event_type":"../x"}', DropReason.EVENT_TYPE_UNSAFE),
        (b'{"id":"a","event_type":".."}', DropReason.EVENT_TYPE_UNSAFE),
        (b'{"id":"a","event_type":"a/b"}', DropReason.EVENT_TYPE_UNSAFE),
        (b'{"id":"a","event_type":"_hidden"}', DropReason.EVENT_TYPE_UNSAFE),
        (b'{"id":"a","event_type":"a\\u0000"}', DropReason.EVENT_TYPE_UNSAFE),
        (b'{"id":"a","event_type":"a\\ud800"}', DropReason.EVENT_TYPE_UNSAFE),
        (b'{"id":"a","event_type":"t\\n"}', DropReason.EVENT_TYPE_UNSAFE),
        (b'{"id":"a","event_type":"apigw_access"}', DropReason.EVENT_TYPE_UNSAFE),
        (b'{"id":"a","event_type":"' + b"x" * 1024 + b'"}', DropReason.EVENT_TYPE_UNSAFE),
    ],
)
def test_a_line_that_cannot_be_delivered_has_its_reason(line: bytes, reason: DropReason) -> None:
    """Each kind of bad input is told apart."""
    assert read_event_line(line) is reason


def test_a_line_is_too_long_by_its_own_bytes_only() -> None:
    """1 MiB can be read, one byte more cannot."""
    longest = event(1, padding=MAX_LINE_BYTES - len(event(1)))
    assert len(longest) == MAX_LINE_BYTES
    assert isinstance(read_event_line(longest), EventLine)
    assert read_event_line(longest + b" ") is DropReason.LINE_TOO_LONG


@pytest.mark.parametrize("blank", [b"", b" ", b"\t\r"])
def test_white_space_around_an_event_is_no_fault(blank: bytes) -> None:
    """What JSON allows around an object is delivered as it stands."""
    assert isinstance(read_event_line(blank + event(1) + blank), EventLine)


def test_what_cannot_be_billed_is_delivered_all_the_same() -> None:
    """A missing quantity or time is the reader's to judge, where quarantine shows it."""
    assert read_event_line(b'{"id":"a","event_type":"t"}') == EventLine("t", "")
    assert read_event_line(b'{"id":"a","event_type":"t","timestamp":7}') == EventLine("t", "")


@given(st.text(max_size=120) | st.from_regex(r"[A-Za-z0-9_.=-]{0,120}"))
def test_every_event_type_that_passes_makes_a_key_that_is_read_as_billing_events(event_type: str) -> None:
    """No event type leads out of its folder, hides its object, or passes for access logs."""
    line = json.dumps({"id": "a", "event_type": event_type}).encode()
    read = read_event_line(line)
    if isinstance(read, EventLine):
        key = object_key(read.event_type, 0, "x")
        parsed = LandingKey.parse(key)
        assert parsed is not None
        assert parsed.prefix == event_type
        assert is_landing_object(key)
        assert source_of(key) is Source.BILLING_EVENTS
        assert key.count("/") == 6


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
_almost = st.tuples(
    st.dictionaries(st.sampled_from(["id", "event_type", "timestamp", "x"]), _json | st.sampled_from(["t", "a"])),
    st.booleans(),
    st.integers(0, 200),
    st.sampled_from([b"", b"\x00", b"\xff", b"}", b",", b"\\ud800", b'"', b" ", b"1e999", b"\xed\xa0\x80"]),
)


@given(_almost)
@example(({"id": "a", "event_type": "t", "x": "\ud800"}, True, 0, b""))
def test_orjson_changes_no_answer(almost: tuple[dict[str, object], bool, int, bytes]) -> None:
    """With it and without it, and so in a replay by another process, a line has the same fate."""
    members, ascii_only, place, inserted = almost
    written = json.dumps(members, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    line = written[:place] + inserted + written[place:]
    assert event_line._loads is not None
    quick = read_event_line(line)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_line, "_loads", None)
        assert read_event_line(line) == quick


@given(st.binary(max_size=200))
def test_no_bytes_at_all_raise(line: bytes) -> None:
    """Whatever a caller logs has an answer."""
    assert isinstance(read_event_line(line), EventLine | DropReason)
