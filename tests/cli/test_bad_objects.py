"""Objects that cannot be read whole, objects with odd names, and folders that hold none."""

from __future__ import annotations

import gzip
import os
import resource
import sys
from pathlib import Path

import pytest

from tests.cli.landings import event, request
from tests.cli.main_job import USAGELAKE, Job, invoke
from usagelake.engines.staging.objects import JOIN_BELOW_BYTES
from usagelake.errors import StorageError
from usagelake.storage import LocalFolder

DAMAGED = "gzip data is damaged"
TOO_LONG = "line is longer than 1 MiB"
MEBIBYTE = 1_048_576

LARGE = [event(f"e{number}") for number in range(2 * JOIN_BELOW_BYTES // len(event("e")))]
"""Lines of an object that the engine reads where it lies."""


def _counts(job: Job) -> tuple[int, int, int]:
    summary = job.billed().summary
    assert summary["lines"] == summary["events"] + summary["duplicates"] + summary["quarantined"]
    return summary["events"], summary["quarantined"], summary["unreadable_objects"]


def _reasons(job: Job) -> dict[str, str]:
    return {row["object_key"]: row["reason"] for row in job.outcome().quarantine}


def test_truncated_gzip(job: Job) -> None:
    """The lines that could be read are kept, the rest is one bad line; the other objects proceed."""
    lines = [event(f"e{number}", product=os.urandom(16).hex()) for number in range(2000)]
    whole = gzip.compress("\n".join(lines).encode())
    job.put("data-api/cut.jsonl.gz", whole[: len(whole) // 2])
    job.put("data-api/ok.jsonl.gz", gzip.compress(event("ok").encode()))
    events, quarantined, unreadable = _counts(job)
    assert 500 < events < 1500
    assert (quarantined, unreadable) == (1, 1)
    assert _reasons(job) == {"data-api/cut.jsonl.gz": DAMAGED}
    assert "data-api/cut.jsonl.gz" in job.bill().stdout


@pytest.mark.parametrize(
    ("content", "events"),
    [
        (event("x").encode(), 0),
        (b"", 0),
        (b"\x1f", 0),
        (gzip.compress(event("x").encode())[:-1], 0),
        (gzip.compress(event("x").encode() + b"\n")[:-8] + bytes(8), 1),
        (gzip.compress(event("x").encode() + b"\n") + b"tail", 1),
    ],
    ids=["no gzip", "empty", "one byte", "one byte short", "another checksum", "something behind"],
)
def test_damaged_gzip(job: Job, content: bytes, events: int) -> None:
    """The damage is one bad line."""
    job.put("data-api/bad.jsonl.gz", content)
    job.put("data-api/ok.jsonl", event("ok"))
    assert _counts(job) == (events + 1, 1, 1)
    assert _reasons(job) == {"data-api/bad.jsonl.gz": DAMAGED}


def test_gzip_of_many_members(job: Job) -> None:
    """Firehose joins members; so may anybody, with padding too."""
    members = [gzip.compress(event(f"e{number}").encode() + b"\n") for number in range(3)]
    job.put("data-api/a.jsonl.gz", *members, bytes(512))
    assert _counts(job) == (3, 0, 0)


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
def test_every_layout_of_lines(job: Job, name: str, *, large: bool) -> None:
    """CR LF, a byte order mark, blank lines, no last line feed: in objects that are joined, read in place, inflated."""
    lines = LARGE if large else LARGE[:3]
    pack = gzip.compress if name.endswith(".gz") else bytes
    text = "\n".join(lines).encode()
    job.put(f"lf/{name}", pack(text))
    expected = job.billed()
    assert expected.summary["events"] == len(lines)
    variants = {
        "crlf": text.replace(b"\n", b"\r\n") + b"\r\n",
        "mark": b"\xef\xbb\xbf" + text,
        "blank": b"\n \r\n" + text.replace(b"\n", b"\n\t\n") + b"\n\n",
        "bare-cr": text.replace(b"{", b"{\r"),
    }
    for kind, content in variants.items():
        job.put(f"{kind}/{name}", pack(content))
    outcome = job.billed()
    same = 3 * len(lines) if name else 0
    assert outcome.usage == expected.usage
    assert (outcome.summary["duplicates"], outcome.summary["quarantined"]) == (same, len(lines))
    assert _reasons(job) == {f"bare-cr/{name}": "id was already taken with other content"}


@pytest.mark.parametrize("length", [MEBIBYTE, MEBIBYTE + 1])
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "[a].jsonl"])
def test_the_longest_line(job: Job, length: int, name: str) -> None:
    """A line of 1 MiB is a line; one byte more is not, and its object's other lines are kept."""
    line = event("long", pad="x" * 100).replace("x" * 100, "x" * (length - len(event("long", pad=""))))
    assert len(line) == length
    pack = gzip.compress if name.endswith(".gz") else bytes
    job.put(f"data-api/{name}", pack(f"{event('a')}\n{line}\n{event('b')}".encode()))
    assert _counts(job) == ((3, 0, 0) if length == MEBIBYTE else (2, 1, 1))
    assert list(_reasons(job).values()) == [TOO_LONG] * (length > MEBIBYTE)


def test_the_longest_line_in_its_longest_spelling(job: Job) -> None:
    """Control characters take six times their room where an odd line is kept for the engine."""
    job.put("data-api/a.jsonl", "\x02\r" + "\x02" * (MEBIBYTE - 2), event("ok"))
    assert _counts(job) == (1, 1, 0)
    ((kept, reason),) = [(row["line"], row["reason"]) for row in job.outcome().quarantine]
    assert reason == "line is not valid JSON"
    assert kept == "\x02\r" + "\x02" * (65_536 - 2)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_line_of_fifty_megabytes(job: Job, *, packed: bool) -> None:
    """It is one bad line of which the beginning is kept; memory stays within bounds."""
    name = "a.jsonl.gz" if packed else "a.jsonl"
    path = job.landing / "data-api" / name
    path.parent.mkdir()
    with gzip.open(path, "wb", compresslevel=1) if packed else path.open("wb") as file:
        file.write(event("a").encode() + b"\n")
        for _ in range(50):
            file.write(b"x" * MEBIBYTE)
        file.write(b"\n" + event("b").encode() + b"\n")
    pid = os.posix_spawn(sys.executable, [*USAGELAKE, *job.arguments("--quiet")], os.environ)
    _, status, usage = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert usage.ru_maxrss < 1024 * 1024  # KiB
    outcome = job.outcome()
    assert (outcome.summary["events"], outcome.summary["quarantined"]) == (2, 1)
    assert [(row["line"], row["reason"]) for row in outcome.quarantine] == [("x" * 65_536, TOO_LONG)]


NAMES = [
    "with space",
    "it's",
    'say "so"',
    "ünï-日本",
    "[a]",
    "*",
    "what?",
    "{a,b}",
    "line\nfeed",
    "carriage\rreturn",
    "tab\t",
    "\x01",
    "back\\slash",
    "per%20cent",
    "#tag?query=1",
    "-dash",
    "~",
    "s3:",
    "line=5",
    "filename=x",
    "'; DROP TABLE quarantine; --",
    "[bold]",
    "a" * 240,
]


def test_odd_names(job: Job) -> None:
    """A key is bytes: nothing in it means anything, in small objects and in large ones that are read in place."""
    for place, name in enumerate(NAMES):
        job.put(f"data-api/{name}/{name}.jsonl", event(f"small {place}"), "{")
        job.put(
            f"data-api/{name}/{name[:200]}-large.jsonl",
            *(line.replace('"id": "', f'"id": "{place}-') for line in LARGE),
        )
    outcome = job.billed()
    assert outcome.summary["events"] == len(NAMES) * (1 + len(LARGE))
    assert {row["object_key"] for row in outcome.quarantine} == {f"data-api/{name}/{name}.jsonl" for name in NAMES}
    kept = {row["object_key"]: row["lines"] for row in job.ask("SELECT object_key, lines FROM ingested_objects")}
    assert kept == {
        **{f"data-api/{name}/{name}.jsonl": 2 for name in NAMES},
        **{f"data-api/{name}/{name[:200]}-large.jsonl": len(LARGE) for name in NAMES},
    }
    assert job.billed() == outcome
    assert job.run_share() == {"new_objects": 0, "new_events": 0}


@pytest.mark.parametrize("name", ["with space", "it's", "[a]*", "line\nfeed", "md:x", "~lake", "number=9", "日本"])
def test_odd_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A landing, a lake and results in folders with odd names, given as relative paths."""
    monkeypatch.chdir(tmp_path)
    job = Job(Path(name))
    job.write_pricing()
    job.put("data-api/a.jsonl", *LARGE)
    job.put("data-api/b.jsonl", event("b"))
    lake, out = Path(name) / "lake", Path(name) / "out"
    assert job.billed(lake=lake, out=out).summary["lines"] == len(LARGE) + 1
    assert job.ask("SELECT DISTINCT object_key FROM billing_events ORDER BY object_key") == [
        {"object_key": "data-api/a.jsonl"},
        {"object_key": "data-api/b.jsonl"},
    ]


def test_the_folder_where_one_stands(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The landing may be named by a dot."""
    job.put("data-api/a.jsonl", *LARGE)
    monkeypatch.chdir(job.landing)
    pricing, out, lake = job.pricing, job.out, job.lake
    result = invoke("bill", "--landing=.", "--pricing", pricing, "--period=2025-10", "--out", out, "--lake", lake)
    assert result.exit_code == 0, result.stderr
    assert job.ask("SELECT object_key, lines FROM ingested_objects") == [
        {"object_key": "data-api/a.jsonl", "lines": len(LARGE)}
    ]


def test_a_lake_that_the_engine_cannot_name(job: Job) -> None:
    """DuckDB takes a question mark in a path for the start of a query."""
    result = job.bill(lake=job.folder / "lake?")
    assert result.exit_code == 2
    assert "lake?: DuckDB cannot keep a lake below a ? in a path; choose another folder" in result.stderr
    assert not job.out.exists()


def test_objects_that_cannot_be_opened(job: Job) -> None:
    """A link to nothing, a name that is no text: named, counted, tried again; the others proceed."""
    job.put("data-api/ok.jsonl", event("ok"))
    link = job.landing / "data-api" / "link.jsonl"
    link.symlink_to(job.folder / "later.jsonl")
    odd = os.fsencode(job.landing / "data-api") + b"/\xff.jsonl"
    os.close(os.open(odd, os.O_CREAT))
    os.mkfifo(job.landing / "data-api" / "pipe.jsonl")
    (job.landing / "data-api" / "folder.jsonl").mkdir()
    result = job.bill()
    assert result.exit_code == 0
    assert f"{link}: cannot be opened (No such file or directory): not read; it is tried again" in result.stdout
    assert "/\N{REPLACEMENT CHARACTER}.jsonl: its name is not UTF-8; rename the file: not read" in result.stdout
    assert job.outcome().summary["unreadable_objects"] == 2
    assert job.run_share() == {"new_objects": 1, "new_events": 1}

    (job.folder / "later.jsonl").write_text(event("late"))
    Path(os.fsdecode(odd)).unlink()
    assert job.billed().summary["unreadable_objects"] == 0
    assert job.run_share() == {"new_objects": 1, "new_events": 1}


def test_an_object_that_breaks_while_it_is_read(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read of it is not taken; the next run reads it whole."""
    job.put("data-api/a.jsonl", event("a"))
    job.put("data-api/b.jsonl", event("b\r").replace("\\r", "\r"), *LARGE)
    job.put("data-api/c.jsonl", event("c"))
    calls = []
    read = LocalFolder.read

    def broken(self: LocalFolder, key: str) -> object:
        calls.append(key)
        for chunk in read(self, key):
            yield chunk[:5000]
            if key.endswith("b.jsonl") and calls.count(key) == 2:
                raise StorageError(f"{key}: cannot be read (Input/output error)")

    with monkeypatch.context() as patch:
        patch.setattr(LocalFolder, "read", broken)
        result = job.bill()
    assert result.exit_code == 0
    assert calls.count("data-api/b.jsonl") == 2
    assert "data-api/b.jsonl: cannot be read (Input/output error): not read; it is tried again" in result.stdout
    summary = job.outcome().summary
    assert (summary["objects"], summary["lines"], summary["unreadable_objects"]) == (2, 2, 1)
    assert job.billed().summary["lines"] == 3 + len(LARGE)


def test_a_folder_that_cannot_be_listed(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not knowing what there is, the run fails, and says where."""
    job.put("data-api/a.jsonl", event("a"))
    scandir = os.scandir

    def refused(path: Path | int) -> object:
        if isinstance(path, Path) and path.name == "data-api":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refused)
        result = job.bill()
    assert result.exit_code == 1
    assert f"{job.landing / 'data-api'}: cannot be listed (Permission denied)" in result.stderr
    assert not job.out.exists()
    assert job.billed().summary["events"] == 1


def test_a_file_that_goes_while_the_folder_is_listed(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer renames its `.part` file at the wrong moment: no reason to fail."""
    job.put("data-api/a.jsonl", event("a"))
    part = job.put("data-api/.b.jsonl.part", event("b"))
    scandir = os.scandir

    class Slow:
        def __init__(self, path: Path) -> None:
            self._entries = scandir(path)

        def __enter__(self) -> list[os.DirEntry[str]]:
            found = list(self._entries)
            part.unlink(missing_ok=True)
            return found

        def __exit__(self, *_: object) -> None:
            self._entries.close()

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", Slow)
        assert job.billed().summary["events"] == 1


def test_an_empty_landing(job: Job) -> None:
    """It is a month without usage, and says so."""
    result = job.bill()
    assert result.exit_code == 0
    assert "the landing holds no object: every invoice rests on no usage" in result.stdout
    outcome = job.outcome()
    assert sorted(outcome.invoices) == ["cust-1.json", "cust-2.json"]
    assert outcome.usage == []
    assert outcome.quarantine == []
    assert {name: outcome.summary[name] for name in ("objects", "lines", "events", "total")} == {
        "objects": 0,
        "lines": 0,
        "events": 0,
        "total": {"USD": "0.00"},
    }


def test_objects_without_a_line(job: Job) -> None:
    """They are taken, and hold nothing."""
    for number, content in enumerate([b"", b"\n", b"\r\n \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"]):
        job.put(f"data-api/{number}.jsonl", content)
        job.put(f"data-api/{number}.jsonl.gz", gzip.compress(content))
    assert _counts(job) == (0, 0, 0)
    assert job.outcome().summary["objects"] == 10
    assert job.billed().summary["objects"] == 10
    assert job.run_share() == {"new_objects": 0, "new_events": 0}


def test_files_that_are_no_landing_objects(job: Job) -> None:
    """They are not read, and one of them is named."""
    for key in ("notes.txt", "data-api/a.json", "data-api/_tmp/a.jsonl", ".hidden.jsonl"):
        job.put(key, event(key))
    result = job.bill()
    assert (
        "4 files of the landing are not .jsonl or .jsonl.gz and were not read (such as .hidden.jsonl)" in result.stdout
    )
    assert job.outcome().summary["objects"] == 0


def test_results_and_lake_within_the_landing(job: Job) -> None:
    """Nothing that a run writes is taken for a landing object by the next one."""
    job.put("data-api/a.jsonl", event("a"), request("no request"))
    lake, out = job.landing / "lake", job.landing / "out"
    first = job.billed(lake=lake, out=out)
    assert job.billed(lake=lake, out=out) == first


def test_memory_is_counted_in_kibibytes() -> None:
    """What the test of the long line relies on."""
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 10_000
