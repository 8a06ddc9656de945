"""Whatever lies in a landing: good lines are billed, the rest is kept and named, and nothing is lost."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.cli.landings import event, request
from tests.cli.main_job import USAGELAKE, Job, Outcome, files, invoke, read_json

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

NOT_JSON = "line is not valid JSON"
NOT_OBJECT = "line is not a JSON object"
NOT_UTF8 = "line is not valid UTF-8"
TOO_LONG = "line is longer than 1 MiB"
DAMAGED = "gzip data is damaged"
CONFLICT = "id was already taken with other content"
USAGE = "properties.usage is not an integer from 0 to 2^63 - 1"
INSTANT = "timestamp is not an RFC 3339 instant in UTC"

LARGE = 300_000
"""Of this size an object is read where it lies, and a smaller one is joined with others."""

MIB = 1024 * 1024


def _usage(literal: str) -> bytes:
    return event("x").replace('"usage": 5', f'"usage": {literal}').encode()


BAD: dict[str, tuple[bytes, str]] = {
    "broken": (event("x")[:-9].encode(), NOT_JSON),
    "list": (b'[{"id": "x"}]', NOT_OBJECT),
    "number": (b"42", NOT_OBJECT),
    "deep": (b"[" * 500 + b"]" * 500, NOT_OBJECT),
    "no-id": (event("x").replace('"id": "x", ', "").encode(), "id is missing"),
    "february-30": (event("x", "2025-02-30T00:00:00Z").encode(), INSTANT),
    "hour-25": (event("x", "2025-10-05T25:00:00Z").encode(), INSTANT),
    "negative": (_usage("-5"), USAGE),
    "fraction": (_usage("0.5"), USAGE),
    "two-to-63": (_usage(str(2**63)), USAGE),
    "ten-to-30": (_usage(str(10**30)), USAGE),
    "text-for-number": (_usage('"5"'), USAGE),
    "list-for-number": (_usage("[5]"), USAGE),
    "number-for-text": (event("x", id=5).encode(), "id is not a string"),
    "no-utf8": (event("x", product="\0").replace("\\u0000", "\0").encode().replace(b"\0", b"\xff"), NOT_UTF8),
    "cr-in-string": (event("x", product="a\rb").replace("\\r", "\r").encode(), NOT_JSON),
}
SHAPES = ("small", "large", "packed", "crlf", "last")


def _shaped(shape: str, name: str, line: bytes) -> tuple[str, bytes]:
    """Put a bad line between two good ones, each of a token, in an object that is read in one way or another."""
    before = event(f"{shape} {name} 1", usage=1, product="p" * LARGE if shape == "large" else "p").encode()
    after = event(f"{shape} {name} 2", usage=1).encode()
    key = f"data-api/{shape}/{name}.jsonl"
    match shape:
        case "packed":
            return key + ".gz", gzip.compress(b"\n".join((before, line, after)) + b"\n")
        case "crlf":
            return key, b"\r\n".join((before, line, after)) + b"\r\n"
        case "last":
            return key, b"\n".join((before, after, line))
        case _:
            return key, b"\n".join((before, line, after)) + b"\n"


class Billed(NamedTuple):
    """A job that was billed, and what it left."""

    job: Job
    result: Result
    outcome: Outcome

    def quarantined(self, key: str) -> list[tuple[str, str]]:
        """Give the text and the reason of an object's bad lines."""
        return _quarantined(self.outcome, key)


def _quarantined(outcome: Outcome, key: str) -> list[tuple[str, str]]:
    return [(row["line"], row["reason"]) for row in outcome.quarantine if row["object_key"] == key]


def _tokens(outcome: Outcome) -> int:
    return sum(row[5] for row in outcome.usage if row[0] == "internal_tokens")


def _adds_up(outcome: Outcome, *, events: int, duplicates: int = 0, quarantined: int = 0) -> bool:
    """Tell whether the counts are these, and every line is in one of them and in the files."""
    summary = outcome.summary
    counts = (summary["events"], summary["duplicates"], summary["quarantined"])
    assert counts == (events, duplicates, quarantined)
    assert summary["lines"] == events + duplicates + quarantined
    return sum(row["occurrences"] for row in outcome.quarantine) == quarantined


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Billed:
    """Every bad line in an object of every shape."""
    job = Job(tmp_path_factory.mktemp("shapes"))
    job.write_pricing()
    for shape in SHAPES:
        for name, (line, _) in BAD.items():
            job.put(*_shaped(shape, name, line))
    result = job.bill()
    assert result.exit_code == 0, result.stderr
    return Billed(job, result, job.outcome())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_kept(billed: Billed, name: str, shape: str) -> None:
    """Quarantine holds object, text and reason, however the object is read."""
    line, reason = BAD[name]
    key, _ = _shaped(shape, name, line)
    assert billed.quarantined(key) == [(line.decode(errors="replace"), reason)]


def test_neighbours_of_bad_lines_are_billed(billed: Billed) -> None:
    """Two tokens an object, at a tenth of a cent, and nothing from the bad lines."""
    objects = len(SHAPES) * len(BAD)
    assert _tokens(billed.outcome) == 2 * objects
    assert _adds_up(billed.outcome, events=2 * objects, quarantined=objects)
    assert billed.outcome.summary["total"] == {"USD": f"{2 * objects / 1000:.2f}"}


@pytest.mark.parametrize("reason", sorted({reason for _, reason in BAD.values()}))
def test_the_screen_names_object_and_reason(billed: Billed, reason: str) -> None:
    """One note a reason, with the first object that holds such a line."""
    faults = [(name, line) for name, (line, why) in BAD.items() if why == reason]
    first = min(_shaped(shape, name, line)[0] for shape in SHAPES for name, line in faults)
    lines = len(faults) * len(SHAPES)
    note = f"{lines} lines of billing_events in quarantine: {reason} (in {first}); see quarantine.ndjson"
    assert note in billed.result.stdout


def test_gzip_that_ends_early(job: Job) -> None:
    """What could be read is billed; the rest is one bad line; a whole object put in its place is taken."""
    lines = [event(f"e{number}", usage=1, product=os.urandom(3000).hex()) for number in range(100)]
    whole = gzip.compress("".join(line + "\n" for line in lines).encode())
    job.put("data-api/cut.jsonl.gz", whole[: len(whole) // 2])
    job.put("data-api/good.jsonl.gz", gzip.compress(event("good").encode()))
    result = job.bill()
    cut = job.outcome()
    taken = cut.summary["events"]
    assert 30 < taken < 70
    assert _adds_up(cut, events=taken, quarantined=1)
    assert cut.summary["unreadable_objects"] == 1
    assert _tokens(cut) == taken - 1 + 5
    ((text, reason),) = _quarantined(cut, "data-api/cut.jsonl.gz")
    assert reason == DAMAGED
    assert lines[taken - 1].startswith(text)
    assert f"1 line of billing_events in quarantine: {DAMAGED} (in data-api/cut.jsonl.gz)" in result.stdout
    job.put("data-api/cut.jsonl.gz", whole)
    assert _adds_up(job.billed(), events=101, duplicates=taken - 1, quarantined=1)


def test_no_gzip_under_gz(job: Job) -> None:
    """Each is one bad line, and the neighbour objects are billed."""
    wrong = {
        "plain": (event("x") + "\n").encode(),
        "start": b"\x1f\x8b",
        "noise": b"\x1f\x8b\x08" + b"\xff" * 40,
        "zip": b"PK\x03\x04" + bytes(500_000),
        "tail": gzip.compress(b"") + b"tail",
    }
    for name, data in wrong.items():
        job.put(f"data-api/{name}.jsonl.gz", data)
    job.put("data-api/a.jsonl", event("a"))
    job.put("data-api/z.jsonl.gz", gzip.compress(event("z").encode()))
    outcome = job.billed()
    assert _adds_up(outcome, events=2, quarantined=len(wrong))
    for name in wrong:
        assert [reason for _, reason in _quarantined(outcome, f"data-api/{name}.jsonl.gz")] == [DAMAGED]
    assert outcome.summary["unreadable_objects"] == len(wrong)


def test_an_empty_gz_and_empty_files(job: Job) -> None:
    """No byte is no line; a gzip of nothing neither."""
    job.put("data-api/empty.jsonl")
    job.put("data-api/blank.jsonl", b"\n\r\n \t\n")
    job.put("data-api/nothing.jsonl.gz", gzip.compress(b""))
    job.put("data-api/good.jsonl", event("good"))
    assert _adds_up(job.billed(), events=1)


def test_carriage_returns_that_are_white_space(job: Job) -> None:
    """Between tokens and before a line's end a CR is white space, in small objects and large ones."""
    for size in (0, LARGE):
        bare = event(f"bare {size}", usage=1, product="p" * size).replace(", ", ",\r").replace(": ", "\r:\r")
        crlf = event(f"crlf {size}", usage=4, product="p" * size)
        job.put(f"data-api/bare-{size}.jsonl", bare, event(f"bare {size} next", usage=2))
        job.put(f"data-api/crlf-{size}.jsonl", crlf + "\r", event(f"crlf {size} next", usage=8) + "\r")
    outcome = job.billed()
    assert _adds_up(outcome, events=8)
    assert _tokens(outcome) == 2 * (1 + 2 + 4 + 8)


def test_the_same_line_with_another_end_is_a_duplicate(job: Job) -> None:
    """CR LF, LF, white space around it and no end at all: one line."""
    line = event("same").encode()
    job.put("data-api/a.jsonl", line + b"\r\n")
    job.put("data-api/b.jsonl", line)
    job.put("data-api/c.jsonl", b" \t" + line + b"\n")
    job.put("data-api/d.jsonl.gz", gzip.compress(line))
    assert _adds_up(job.billed(), events=1, duplicates=3)


def test_an_id_with_two_contents(job: Job) -> None:
    """In one object, in two, in two runs: one is billed, the other is kept with its reason, and so it stays."""
    for folder, line in (("apigw_access", request), ("data-api", event)):
        job.put(f"{folder}/one.jsonl", line("one", product="a"), line("one", product="b"))
        job.put(f"{folder}/two-a.jsonl", line("two", product="a"))
        job.put(f"{folder}/two-b.jsonl", line("two", product="b"))
        job.put(f"{folder}/runs-b.jsonl", line("runs", product="b"))
    assert _adds_up(job.billed(), events=6, quarantined=4)
    for folder, line in (("apigw_access", request), ("data-api", event)):
        job.put(f"{folder}/runs-a.jsonl", line("runs", product="a"))
    result = job.bill()
    outcome = job.outcome()
    assert _adds_up(outcome, events=6, quarantined=6)
    for source, folder, line in (("api_requests", "apigw_access", request), ("billing_events", "data-api", event)):
        assert _quarantined(outcome, f"{folder}/one.jsonl") == [(line("one", product="b"), CONFLICT)]
        assert _quarantined(outcome, f"{folder}/two-b.jsonl") == [(line("two", product="b"), CONFLICT)]
        assert _quarantined(outcome, f"{folder}/runs-a.jsonl") == [(line("runs", product="a"), CONFLICT)]
        assert f"3 lines of {source} in quarantine: {CONFLICT} (in {folder}/one.jsonl)" in result.stdout
    assert job.billed() == outcome


def test_a_line_of_50_mb(job: Job) -> None:
    """It is one bad line, plain and in gzip; memory stays below 1 GB."""
    long = event("long", product="p" * 50 * MIB)
    lines = [event("before"), long, event("after")]
    job.put("data-api/plain.jsonl", *lines)
    packed = "".join(line.replace('"id": "', '"id": "packed ') + "\n" for line in lines).encode()
    job.put("data-api/packed.jsonl.gz", gzip.compress(packed, compresslevel=1))
    with (job.folder / "printed").open("wb") as printed:
        child = subprocess.Popen([*USAGELAKE, *job.arguments()], stdout=printed, stderr=printed)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    shown = (job.folder / "printed").read_text(encoding="utf-8")
    assert child.returncode == 0, shown
    assert used.ru_maxrss < MIB  # in KiB: 1 GiB
    outcome = job.outcome()
    assert _adds_up(outcome, events=4, quarantined=2)
    assert _tokens(outcome) == 4 * 5
    assert {row["reason"] for row in outcome.quarantine} == {TOO_LONG}
    assert _quarantined(outcome, "data-api/plain.jsonl") == [(long[:65_536], TOO_LONG)]
    assert f"2 lines of billing_events in quarantine: {TOO_LONG} (in data-api/packed.jsonl.gz)" in shown


def test_a_line_at_the_limit_of_length(job: Job) -> None:
    """1,048,576 bytes are a line, one more are too many; white space around it does not count."""
    own = len(event("x", product=""))
    job.put("data-api/a.jsonl", event("a", product="p" * (MIB - own)), event("b", product="p" * (MIB - own + 1)))
    job.put("data-api/c.jsonl", "  " + event("c", product="p" * (MIB - own)) + " \r")
    outcome = job.billed()
    assert _adds_up(outcome, events=2, quarantined=1)
    assert outcome.quarantine[0]["line"].startswith('{"id": "b"')


def test_an_object_that_cannot_be_opened(job: Job) -> None:
    """It is named, the others are billed, and it is taken once it can be opened."""
    link = job.landing / "data-api/lost.jsonl"
    job.put("data-api/good.jsonl", event("good"))
    link.symlink_to(job.folder / "elsewhere.jsonl")
    result = job.bill()
    outcome = job.outcome()
    assert result.exit_code == 0
    assert _adds_up(outcome, events=1)
    assert (outcome.summary["objects"], outcome.summary["unreadable_objects"]) == (1, 1)
    assert f"{link}: cannot be opened (No such file or directory): not read" in result.stdout
    assert "it is tried again by the next run" in result.stdout
    (job.folder / "elsewhere.jsonl").write_text(event("lost"), encoding="utf-8")
    mended = job.billed()
    assert _adds_up(mended, events=2)
    assert (mended.summary["objects"], mended.summary["unreadable_objects"]) == (2, 0)


def test_an_empty_landing(job: Job) -> None:
    """There is an invoice of nothing for each customer, and a word about it."""
    result = job.bill()
    outcome = job.outcome()
    assert result.exit_code == 0
    assert sorted(outcome.invoices) == ["cust-1.json", "cust-2.json"]
    assert {json.loads(invoice)["total"] for invoice in outcome.invoices.values()} == {"0.00"}
    assert _adds_up(outcome, events=0)
    assert (outcome.summary["objects"], outcome.summary["total"]) == (0, {"USD": "0.00"})
    assert (outcome.usage, outcome.quarantine) == ([], [])
    assert "the landing holds no object: every invoice rests on no usage" in result.stdout
    assert "every line is in quarantine" not in result.stdout


def test_a_landing_of_other_files(job: Job) -> None:
    """They are counted and one is named."""
    job.put("data-api/a.json", event("a"))
    job.put("data-api/_tmp/b.jsonl", event("b"))
    result = job.bill()
    assert result.exit_code == 0
    assert "2 files of the landing are not .jsonl or .jsonl.gz and were not read (such as data-api/_tmp/b.jsonl)" in (
        result.stdout
    )


ODD_NAMES = (
    "with space",
    "it's",
    'say "hi"',
    "ключ 鍵 é 🗝",
    "e\N{COMBINING ACUTE ACCENT}",
    "a*b?c[d]{e,f}",
    "**",
    "two\nlines",
    "tab\tCR\rEND",
    "back\\slash",
    "100%25 #$;&|",
    "[bold]red[/bold]",
    "-rf",
    "~",
    "year=2025",
    "usage=x",
    "s3:",
    "x" * 240,
)


def test_odd_file_names(job: Job) -> None:
    """Each is read once, as the one file that it names, and stands in quarantine under its name."""
    keys = [f"{size}/{name}" for size in ("small", "large") for name in ODD_NAMES]
    keys = [f"{key}{ending}" for key in keys for ending in (".jsonl", "/in.jsonl")]
    for number, key in enumerate(keys):
        product = "p" * LARGE if key.startswith("large") else "p"
        job.put(key, event(f"e{number}", usage=1, product=product), f"bad {number}")
    outcome = job.billed()
    assert _adds_up(outcome, events=len(keys), quarantined=len(keys))
    assert _tokens(outcome) == len(keys)
    for number, key in enumerate(keys):
        assert _quarantined(outcome, key) == [(f"bad {number}", NOT_JSON)]
    taken = {row["object_key"] for row in job.ask("SELECT object_key FROM ingested_objects")}
    assert taken == set(keys)


def test_odd_folders(tmp_path: Path) -> None:
    """The folders of landing, prices, results and lake may be named as one likes; a lake may not lie below a ?."""
    folder = tmp_path / "it's 100% [my] *folder* {é}\n鍵"
    job = Job(folder)
    job.write_pricing()
    job.put("data-api/large.jsonl", event("large", product="p" * LARGE))
    job.put("data-api/small.jsonl", event("small"), "x")
    assert _adds_up(job.billed(), events=2, quarantined=1)
    assert job.ask("SELECT count(*) AS events FROM billing_events") == [{"events": 2}]
    refused = job.bill(lake=tmp_path / "what?")
    assert refused.exit_code == 2
    assert "DuckDB cannot keep a lake below a ? in a path; choose another folder" in refused.stderr
    assert not (tmp_path / "what?").exists()


def test_a_file_name_that_is_not_utf8(job: Job) -> None:
    """It is named as far as it can be, and the others are billed."""
    job.put("data-api/good.jsonl", event("good"))
    name = os.fsencode(job.landing) + b"/data-api/\xff.jsonl"
    with open(name, "wb") as file:  # noqa: PTH123 - the name is bytes
        file.write(event("odd").encode())
    result = job.bill()
    assert result.exit_code == 0
    assert "data-api/\N{REPLACEMENT CHARACTER}.jsonl: its name is not UTF-8; rename the file" in result.stdout
    outcome = job.outcome()
    assert _adds_up(outcome, events=1)
    assert outcome.summary["unreadable_objects"] == 1


def test_a_landing_named_too_deep(job: Job) -> None:
    """Below `apigw_access` its lines look like bad events; a note says what to name."""
    job.put("apigw_access/2025/10/05/12/00/a.jsonl", request("a"), request("b"))
    result = invoke(*(argument.replace("/landing", "/landing/apigw_access") for argument in job.arguments()))
    assert result.exit_code == 0
    assert (
        "every line is in quarantine: access logs are known by a folder apigw_access in their keys, so --landing "
        "must name the folder above it"
    ) in result.stdout
    assert _adds_up(job.outcome(), events=0, quarantined=2)


def test_scripts_learn_of_bad_lines_from_the_summary(job: Job) -> None:
    """With `--json` the summary is all that is printed; quietly nothing is."""
    job.put("data-api/a.jsonl", "{", event("good"))
    result = job.bill("--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == read_json(job.out / "summary.json")
    assert json.loads(result.stdout)["quarantined"] == 1
    quiet = job.bill("--quiet")
    assert (quiet.exit_code, quiet.stdout, quiet.stderr) == (0, "", "")
    assert not [name for name in files(job.out) if "coming" in name or "going" in name]
