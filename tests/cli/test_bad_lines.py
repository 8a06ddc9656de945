"""Every bad line goes to quarantine with its object, its text and its reason; its neighbours are billed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.cli.landings import NOON, event, request
from tests.cli.main_job import Job, Outcome

if TYPE_CHECKING:
    from click.testing import Result

USAGE = "properties.usage is not an integer from 0 to 2^63 - 1"
INSTANT = "timestamp is not an RFC 3339 instant in UTC"
MILLISECONDS = "requestTimeEpoch is not a time in milliseconds"
BYTES = "responseLength is not a number of bytes"
NOT_JSON = "line is not valid JSON"
NOT_OBJECT = "line is not a JSON object"
NOT_UTF8 = "line is not valid UTF-8"


def _usage(literal: str) -> str:
    return event("x").replace('"usage": 5', f'"usage": {literal}')


def _without(line: str, member: str) -> str:
    document = json.loads(line)
    holder = document["properties"] if member in document.get("properties", {}) else document
    del holder[member]
    return json.dumps(document)


EVENTS: dict[str, tuple[str | bytes, str]] = {
    "cut short": (event("x")[:-2], NOT_JSON),
    "words": ("out of memory", NOT_JSON),
    "trailing comma": (event("x")[:-1] + ",}", NOT_JSON),
    "comment": (event("x") + " // why", NOT_JSON),
    "single quotes": (event("x").replace('"', "'"), NOT_JSON),
    "a list": ("[1, 2]", NOT_OBJECT),
    "a text": ('"text"', NOT_OBJECT),
    "null": ("null", NOT_OBJECT),
    "no id": (_without(event("x"), "id"), "id is missing"),
    "an empty id": (event(""), "id is missing"),
    "a number for an id": (event("x", id=7), "id is not a string"),
    "no time": (_without(event("x"), "timestamp"), "timestamp is missing"),
    "a number for a time": (event("x", timestamp=1), "timestamp is not a string"),
    "no such day": (event("x", "2025-02-30T00:00:00Z"), INSTANT),
    "no such hour": (event("x", "2025-10-05T24:00:00Z"), INSTANT),
    "a leap second": (event("x", "2016-12-31T23:59:60Z"), INSTANT),
    "local time": (event("x", "2025-10-05T12:00:00+02:00"), INSTANT),
    "no zone": (event("x", "2025-10-05T12:00:00"), INSTANT),
    "year zero": (event("x", "0000-01-01T00:00:00Z"), INSTANT),
    "ten digits of a second": (event("x", "2025-10-05T12:00:00.0123456789Z"), INSTANT),
    "no event type": (_without(event("x"), "event_type"), "event_type is missing"),
    "a list for an event type": (event("x", event_type=[]), "event_type is not a string"),
    "no resource": (_without(event("x"), "resource_id"), "properties.resource_id is missing"),
    "a number for a resource": (event("x", resource_id=1), "properties.resource_id is not a string"),
    "no properties": (_without(event("x"), "properties"), "properties.resource_id is missing"),
    "properties are a text": (event("x", properties="{}"), "properties.resource_id is missing"),
    "no usage": (_without(event("x"), "usage"), "properties.usage is missing"),
    "null usage": (_usage("null"), "properties.usage is missing"),
    "negative": (_usage("-1"), USAGE),
    "minus nothing": (_usage("-0"), USAGE),
    "a fraction": (_usage("1.5"), USAGE),
    "a whole fraction": (_usage("1.0"), USAGE),
    "an exponent": (_usage("1e3"), USAGE),
    "two to the 63rd": (_usage(str(2**63)), USAGE),
    "two to the 64th": (_usage(str(2**64)), USAGE),
    "ten to the 30th": (_usage(str(10**30)), USAGE),
    "ten to the 400th": (_usage(str(10**400)), USAGE),
    "a text for usage": (_usage('"5"'), USAGE),
    "true": (_usage("true"), USAGE),
    "an object": (_usage("{}"), USAGE),
    "leading zeros": (_usage("007"), NOT_JSON),
    "a number for a model": (event("x", model=1), "properties.model is not a string"),
    "a byte that is no UTF-8": (b'{"id":"\xff"}\n', NOT_UTF8),
    "Latin-1": (event("x", product="é").encode("latin-1") + b"\n", NOT_UTF8),
    "a surrogate in UTF-8": (b'{"id":"\xed\xa0\x80"}\n', NOT_UTF8),
    "an overlong slash": (b'{"id":"\xc0\xaf"}\n', NOT_UTF8),
    "a cut character": (b'{"id":"\xe2\x82\n', NOT_UTF8),
    "a lone surrogate escaped": (event("x", product="?").replace("?", "\\ud800"), NOT_JSON),
    "a bare CR within a string": (event("x\ry").replace("\\r", "\r"), NOT_JSON),
    "a tab within a string": (event("x\ty").replace("\\t", "\t"), NOT_JSON),
    "NUL": (event("x") + "\0", NOT_JSON),
    "the engine's own separator": (event("x") + "\x01" + event("y"), NOT_JSON),
    "a form feed, which JSON does not call white space": ("\x0c" + event("x"), NOT_JSON),
    "a no-break space alone": ("\N{NO-BREAK SPACE}", NOT_JSON),
    "a line separator alone": ("\N{LINE SEPARATOR}", NOT_JSON),
    "a byte order mark within": ("\N{ZERO WIDTH NO-BREAK SPACE}" + event("x"), NOT_JSON),
}
REQUESTS: dict[str, tuple[str | bytes, str]] = {
    "no id": (_without(request("x"), "extendedRequestId"), "extendedRequestId is missing"),
    "a dash for an id": (request("-"), "extendedRequestId is missing"),
    "a number for an id": (request("x", extendedRequestId=7), "extendedRequestId is not a string"),
    "no time": (request("x", requestTimeEpoch="-"), "requestTimeEpoch is missing"),
    "a negative time": (request("x", requestTimeEpoch="-1"), MILLISECONDS),
    "a fraction of a millisecond": (request("x", requestTimeEpoch="1759665600000.5"), MILLISECONDS),
    "after the year 9999": (request("x", requestTimeEpoch="253402300800000"), MILLISECONDS),
    "sixteen digits": (request("x", requestTimeEpoch="1759665600000000"), MILLISECONDS),
    "a date": (request("x", requestTimeEpoch=NOON), MILLISECONDS),
    "true for a time": (request("x", requestTimeEpoch=True), MILLISECONDS),
    "an object for a key": (request("x", apiKeyId={}), "apiKeyId is not a string"),
    "no such status": (request("x", status="999"), "status is not an HTTP status"),
    "a word for a status": (request("x", status="OK"), "status is not an HTTP status"),
    "a list for a status": (request("x", status=[]), "status is not an HTTP status"),
    "negative bytes": (request("x", responseLength="-1"), BYTES),
    "a fraction of a byte": (request("x", responseLength=1.5), BYTES),
    "two to the 63rd bytes": (request("x", responseLength=str(2**63)), BYTES),
    "ten to the 30th bytes in": (request("x", requestLength="1" + "0" * 30), "requestLength is not a number of bytes"),
}
GOOD_EVENTS: dict[str, str | bytes] = {
    "zero": event("zero", usage=0),
    "the biggest": event("biggest", usage=2**63 - 1, resource_id="db-big"),
    "the first instant": event("first", "0001-01-01T00:00:00Z"),
    "the last hour": event("last", "9999-12-31T23:59:59Z"),
    "nine digits of a second": event("nano", "2025-10-05T12:00:00.123456789Z"),
    "a leap day": event("leap", "2024-02-29T12:00:00Z"),
    "no model": _without(event("plain"), "model"),
    "an escaped name": event("escaped").replace('"id"', '"\\u0069d"'),
    "NUL escaped": event("nul\0"),
    "a bare CR between tokens": event("cr").replace(", ", ",\r"),
    "CR LF": event("crlf").encode() + b"\r\n",
    "white space around": f"\t  {event('spaces')} \t\r",
    "joined": event("one") + event("two") + " \r\t" + event("three"),
    "braces in a string": event("}{"),
}
GOOD_REQUESTS: dict[str, str | bytes] = {
    "numbers": request("numbers", status=200, responseLength=5, requestTimeEpoch=1759665600000),
    "dashes": request("dashes", responseLength="-", requestLength="-", apiKeyId="-", status="-", responseLatency="-"),
    "odd latency": request("latency", responseLatency="fast"),
    "a number for a key": request("key", apiKeyId=12345),
}


class Billed(NamedTuple):
    """A job that was billed."""

    job: Job
    result: Result
    outcome: Outcome


def _key(name: str) -> str:
    return name.replace(" ", "_")


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Billed:
    """One landing with all of it, an object a case, each between two good lines."""
    job = Job(tmp_path_factory.mktemp("bad"))
    job.write_pricing()
    for name, (line, _) in EVENTS.items():
        job.put(f"data-api/bad/{_key(name)}.jsonl", event(f"before {name}"), line, event(f"after {name}"))
    for name, (line, _) in REQUESTS.items():
        job.put(f"apigw_access/bad/{_key(name)}.jsonl", request(f"before {name}"), line, request(f"after {name}"))
    for name, line in GOOD_EVENTS.items():
        job.put(f"data-api/good/{_key(name)}.jsonl", line)
    for name, line in GOOD_REQUESTS.items():
        job.put(f"apigw_access/good/{_key(name)}.jsonl", line)
    result = job.bill()
    assert result.exit_code == 0, result.stderr
    return Billed(job, result, job.outcome())


@pytest.mark.parametrize("name", EVENTS)
def test_a_bad_event(billed: Billed, name: str) -> None:
    """It stands in quarantine once, with what was wrong, and in the notes with its object."""
    _stands_in_quarantine(billed, "billing_events", f"data-api/bad/{_key(name)}.jsonl", *EVENTS[name])


@pytest.mark.parametrize("name", REQUESTS)
def test_a_bad_request(billed: Billed, name: str) -> None:
    """It stands in quarantine once, with what was wrong."""
    _stands_in_quarantine(billed, "api_requests", f"apigw_access/bad/{_key(name)}.jsonl", *REQUESTS[name])


def _stands_in_quarantine(billed: Billed, source: str, key: str, line: str | bytes, reason: str) -> None:
    found = [row for row in billed.outcome.quarantine if row["object_key"] == key]
    text = line.removesuffix(b"\n").decode(errors="replace") if isinstance(line, bytes) else line
    assert found == [{"source": source, "object_key": key, "line": text, "occurrences": 1, "reason": reason}]
    assert f"of {source} in quarantine: {reason} (in " in billed.result.stdout


@pytest.mark.parametrize("name", [*GOOD_EVENTS])
def test_an_odd_event_that_is_good(billed: Billed, name: str) -> None:
    """Odd is not bad."""
    key = f"data-api/good/{_key(name)}.jsonl"
    assert not [row for row in billed.outcome.quarantine if row["object_key"] == key]


@pytest.mark.parametrize("name", [*GOOD_REQUESTS])
def test_an_odd_request_that_is_good(billed: Billed, name: str) -> None:
    """Odd is not bad."""
    key = f"apigw_access/good/{_key(name)}.jsonl"
    assert not [row for row in billed.outcome.quarantine if row["object_key"] == key]


def test_nothing_is_lost(billed: Billed) -> None:
    """Every line is an event or stands in quarantine."""
    summary = billed.outcome.summary
    events = 2 * len(EVENTS) + len(GOOD_EVENTS) + 2
    requests = 2 * len(REQUESTS) + len(GOOD_REQUESTS)
    assert summary["quarantined"] == len(EVENTS) + len(REQUESTS)
    assert summary["events"] == events + requests
    assert summary["lines"] == summary["events"] + summary["quarantined"]
    assert summary["duplicates"] == 0
    assert summary["objects"] == len(EVENTS) + len(REQUESTS) + len(GOOD_EVENTS) + len(GOOD_REQUESTS)
    assert summary["unreadable_objects"] == sum(reason == NOT_UTF8 for _, reason in EVENTS.values())


def test_what_was_good_is_billed(billed: Billed) -> None:
    """The neighbours' usage: two events of five tokens for each bad event, two requests for each bad request."""
    used = {(row[0], row[2]): row[5] for row in billed.outcome.usage if row[0] in ("internal_tokens", "api_requests")}
    in_october = len(GOOD_EVENTS) - len({"zero", "the biggest", "the first instant", "the last hour", "a leap day"}) + 2
    totals = {subject: sum(row[5] for row in billed.outcome.usage if (row[0], row[2]) == subject) for subject in used}
    assert totals["internal_tokens", "db-1"] == 5 * (2 * len(EVENTS) + in_october)
    assert totals["internal_tokens", "db-big"] == 2**63 - 1
    assert totals["api_requests", "key-1"] == 2 * len(REQUESTS) + len({"numbers", "odd latency"})
    assert totals["api_requests", "12345"] == 1


def test_the_lake_goes_on(billed: Billed) -> None:
    """A second run finds nothing new and counts the same."""
    assert billed.job.billed() == billed.outcome
    assert billed.job.run_share() == {"new_objects": 0, "new_events": 0}


def test_notes_name_an_object_and_what_to_do(job: Job) -> None:
    """One note a reason, however many lines there are."""
    job.put("data-api/a.jsonl", "{", "}", event("good"))
    job.put("data-api/b.jsonl", "x")
    shown = job.bill().stdout
    assert (
        "3 lines of billing_events in quarantine: line is not valid JSON (in data-api/a.jsonl); see quarantine.ndjson"
    ) in shown


def test_an_id_with_two_contents_in_one_object(job: Job) -> None:
    """The smaller line stays; the other one is a conflict, however often it comes."""
    lines = [event("x", usage=number) for number in (3, 1, 2, 1, 3)]
    job.put("data-api/a.jsonl", *lines)
    outcome = job.billed()
    assert outcome.summary["events"] == 1
    assert outcome.summary["duplicates"] == 1
    assert [(row["line"], row["occurrences"], row["reason"]) for row in outcome.quarantine] == [
        (event("x", usage=2), 1, "id was already taken with other content"),
        (event("x", usage=3), 2, "id was already taken with other content"),
    ]
    assert job.ask("SELECT quantity FROM billing_events") == [{"quantity": 1}]


def test_an_id_with_two_contents_in_two_objects(job: Job) -> None:
    """Of one run the smaller key stays, whichever came first."""
    job.put("data-api/2025/10/05/12/01/a.jsonl", event("x", usage=1))
    job.put("data-api/2025/10/05/12/00/b.jsonl", event("x", usage=2))
    job.put("apigw_access/2025/10/05/12/01/a.jsonl", request("x", responseLength="1"))
    job.put("apigw_access/2025/10/05/12/00/b.jsonl", request("x", responseLength="2"))
    outcome = job.billed()
    assert (outcome.summary["events"], outcome.summary["duplicates"], outcome.summary["quarantined"]) == (2, 0, 2)
    assert job.ask("SELECT quantity FROM billing_events") == [{"quantity": 2}]
    assert job.ask("SELECT response_bytes FROM api_requests") == [{"response_bytes": 2}]
    assert [row["object_key"] for row in outcome.quarantine] == [
        "apigw_access/2025/10/05/12/01/a.jsonl",
        "data-api/2025/10/05/12/01/a.jsonl",
    ]


def test_an_id_with_two_contents_in_two_runs(job: Job) -> None:
    """What is committed stays, although the later key is smaller; usage does not change."""
    job.put("data-api/b.jsonl", event("x", usage=2))
    first = job.billed()
    job.put("data-api/a.jsonl", event("x", usage=1), event("x", "2025-10-06T12:00:00Z", usage=2))
    second = job.billed()
    assert second.usage == first.usage
    assert second.summary["quarantined"] == 2
    assert job.run_share() == {"new_objects": 1, "new_events": 0}
    assert {row["reason"] for row in second.quarantine} == {"id was already taken with other content"}
    assert job.billed() == second
