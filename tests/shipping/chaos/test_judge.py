"""The judge of the chaos tests finds what must never be."""

from __future__ import annotations

import json

import pytest

from tests.shipping.chaos.events import EVENT_TYPES, event_id, event_line
from tests.shipping.chaos.judge import judge

IDS = [event_id("one", number) for number in range(40)]
OF_TYPE = [name for name in IDS if json.loads(event_line(name))["event_type"] == EVENT_TYPES[0]]
KEY = EVENT_TYPES[0] + "/2026/01/01/00/00/01a2003c-6de1-7ad6-b70a-9d25ed0d26{:02}.jsonl"
BODY = b"".join(event_line(name) + b"\n" for name in OF_TYPE)
GOOD = (KEY.format(10), BODY)


def test_what_is_right_passes() -> None:
    """One object; the events of the other types are lost."""
    found = judge([GOOD])
    assert found.wrong == []
    assert found.ids == set(OF_TYPE)
    assert set(found.lost(IDS)) == set(IDS) - set(OF_TYPE)


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ([GOOD, (KEY.format(11), BODY)], ": in "),
        ([GOOD, GOOD], "stored 2 times"),
        ([(GOOD[0], BODY.replace(b"nvidia", b"Nvidia", 1))], "not as it was emitted"),
        ([(GOOD[0], BODY[:-1])], "does not end"),
        ([(GOOD[0], b"")], "does not end"),
        ([(GOOD[0], BODY * 10)], "events in an object"),
        ([(GOOD[0].replace("-7ad6-", "-4ad6-"), BODY)], "no key of the contract"),
        ([(GOOD[0].replace(EVENT_TYPES[0], EVENT_TYPES[1]), BODY)], "is of type"),
        ([(GOOD[0], BODY[: len(BODY) // 2] + b"\n")], "is no JSON"),
    ],
)
def test_what_is_wrong_is_told(stored: list[tuple[str, bytes]], told: str) -> None:
    """An id under two keys, an object stored twice, a changed line, a key or an object out of contract."""
    assert any(told in fault for fault in judge(stored).wrong)
