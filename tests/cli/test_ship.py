"""`usagelake ship` as a user runs it: lines come in on a stream, objects are in the landing, and the counts agree."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.main_job import USAGELAKE, Job, invoke
from tests.cli.shipping import NOWHERE, billing_lines, counts, landed, shipped, shipping, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's: its path may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="usagelake") as folder:
        yield Path(folder)


@pytest.mark.parametrize("spool", [(), ("--spool", "spool"), ("--spool", "spool", "--spool-strength", "every-event")])
def test_what_comes_in_is_billed(tmp_path: Path, spool: tuple[str, ...]) -> None:
    """Each line lands once and verbatim, under the contract's keys, and `bill` counts the same events."""
    job = Job(tmp_path)
    job.write_pricing()
    lines = billing_lines(1_000)
    done = shipped("--to", job.landing, "--json", *spool, text="\n".join(lines), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert landed(job.landing) == Counter(lines)
    told = counts(done.stdout)
    assert (told["offered"], told["delivered"], told["dropped"]) == (1_000, 1_000, {})
    objects = [path.relative_to(job.landing) for path in job.landing.rglob("*") if path.is_file()]
    assert told["batches"] == len(objects) == 21
    assert {key.parts[0] for key in objects} == {
        f"internal_model_{kind}" for kind in ("total_tokens", "egress_bytes", "ingress_bytes")
    }
    summary = job.billed().summary
    assert (summary["objects"], summary["lines"], summary["events"]) == (21, 1_000, 1_000)
    usage = job.ask("SELECT sum(quantity) AS quantity, sum(events) AS events FROM usage_hourly")
    assert usage == [{"quantity": sum(range(1_000)), "events": 1_000}]


def test_a_line_is_delivered_while_the_stream_goes_on(tmp_path: Path) -> None:
    """Not when a buffer of the pipe is full: after --max-age at the latest."""
    (line,) = billing_lines(1)
    with shipping("--to", tmp_path / "landing", "--max-age", "0.2", stdin=subprocess.PIPE) as ship:
        assert ship.process.stdin is not None
        ship.process.stdin.write(line + "\n")
        ship.process.stdin.flush()
        wait_until(lambda: landed(tmp_path / "landing"))
        assert ship.process.poll() is None


def test_mixed_event_types_under_a_prefix(tmp_path: Path) -> None:
    lines = billing_lines(90)
    done = shipped("--to", tmp_path / "landing", "--prefix", "data-api", "--max-events", 60, text="\n".join(lines))
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "landing").iterdir()] == ["data-api"]
    assert len(list((tmp_path / "landing").rglob("*.jsonl"))) == 2
    assert landed(tmp_path / "landing") == Counter(lines)
    assert "delivered" in done.stdout


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("source", ["stdin", "socket"])
def test_a_signal_loses_nothing(short_folder: Path, sent: signal.Signals, source: str) -> None:
    """What was written before it is delivered, although the objects were not full."""
    landing, lines = short_folder / "landing", billing_lines(700)
    reader, writer = os.pipe()
    arguments = ("--socket", short_folder / "s") if source == "socket" else ()
    with shipping("--to", landing, "--json", "--max-age", "3600", *arguments, stdin=reader) as ship:
        os.close(reader)
        text = "".join(f"{line}\n" for line in lines).encode()
        if source == "socket":
            wait_until((short_folder / "s").is_socket)
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(short_folder / "s"))
                client.sendall(text)
        else:
            os.write(writer, text[: len(text) // 2])
            wait_until(lambda: landed(landing))
            os.write(writer, text[len(text) // 2 :])
        code, printed, said = ship.end(send=sent)
    os.close(writer)
    assert (code, said) == (0, "")
    assert counts(printed)["delivered"] == 700
    assert landed(landing) == Counter(lines)
    assert not (short_folder / "s").exists()


def test_clients_of_a_socket(short_folder: Path) -> None:
    """Several at once; one that breaks off in the middle of a line is told of, and the line is kept."""
    landing, spool = short_folder / "landing", short_folder / "spool"
    lines = billing_lines(400)
    arguments = ("--to", landing, "--socket", short_folder / "s", "--socket-mode", "660", "--spool", spool)
    with shipping(*arguments, "--quiet") as ship:
        wait_until((short_folder / "s").is_socket)
        clients = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for number, client in enumerate(clients):
            client.connect(str(short_folder / "s"))
            client.sendall("".join(f"{line}\n" for line in lines[number::4]).encode())
        clients[0].sendall(b'{"id": "cut o')
        for client in clients:
            client.close()
        assert (short_folder / "s").stat().st_mode & 0o777 == 0o660
        code, printed, said = ship.end()
    assert (code, printed) == (0, "")
    assert "lines that cannot be delivered: 1 (not_json 1)" in said
    assert '{\\"id\\": \\"cut o' in (spool / "rejected.jsonl").read_text()
    assert landed(landing) == Counter(lines)


def test_bad_lines_without_a_spool(tmp_path: Path) -> None:
    """The good ones land; the exit code says that something was refused and not kept."""
    lines = billing_lines(10)
    bad = ["no JSON", '{"event_type": "x"}', '{"id": "a", "event_type": "../x"}', "\x00", "", "[1]"]
    done = shipped("--to", tmp_path / "landing", "--json", text="\n".join([*lines[:5], *bad, *lines[5:]]))
    assert done.returncode == 1
    assert counts(done.stdout)["dropped"] == {"event_type_unsafe": 1, "id_missing": 1, "not_json": 3}
    assert "lines that cannot be delivered: 5 " in done.stderr
    assert "use --spool" in done.stderr
    assert landed(tmp_path / "landing") == Counter(lines)


def test_an_outage_with_a_spool(tmp_path: Path) -> None:
    """Nothing is lost: the events wait on the disk, and the next run delivers them under any destination."""
    lines = billing_lines(500)
    spool = ("--spool", tmp_path / "spool", "--spool-strength", "every-event")
    done = shipped(*NOWHERE, *spool, "--json", "--shutdown-deadline", "0.5", text="\n".join(lines))
    assert done.returncode == 0, done.stderr
    assert counts(done.stdout)["spooled"] == 500
    assert f"events left in {tmp_path / 'spool'}: 500; the next run with this spool delivers them" in done.stderr
    done = shipped("--to", tmp_path / "landing", *spool, "--json")
    assert done.returncode == 0, done.stderr
    told = counts(done.stdout)
    assert (told["offered"], told["recovered"], told["delivered"], told["spooled"]) == (0, 500, 500, 0)
    assert landed(tmp_path / "landing") == Counter(lines)


def test_an_outage_without_a_spool(tmp_path: Path) -> None:
    """It waits, and what a signal leaves is lost, counted, and named."""
    with (tmp_path / "events").open("w+") as events:
        events.write("\n".join(billing_lines(500)))
        events.seek(0)
        with shipping(*NOWHERE, "--json", "--shutdown-deadline", "0.5", stdin=events) as ship:
            assert ship.wait_for_word()
            time.sleep(0.5)
            assert ship.process.poll() is None
            code, printed, said = ship.end()
    assert code == 1
    told = counts(printed)
    assert told["failed"] + sum(told["dropped"].values()) == 500
    assert "events lost: 500" in said


def test_an_outage_with_a_full_buffer(tmp_path: Path) -> None:
    """Reading waits, memory is bounded, and a signal ends it all the same: what was taken is counted as lost."""
    with (tmp_path / "events").open("w+") as events:
        events.write("\n".join(billing_lines(20_000)))
        events.seek(0)
        bounds = ("--buffer-events", "1000", "--shutdown-deadline", "0.5")
        with shipping(*NOWHERE, *bounds, "--json", stdin=events) as ship:
            assert ship.wait_for_word()
            code, printed, said = ship.end()
    assert code == 1
    assert counts(printed)["offered"] < 20_000
    assert "events lost: " in said


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """Although delivery would have gone on; what is spooled stays there."""
    lines = billing_lines(500)
    spool = ("--spool", tmp_path / "spool", "--spool-strength", "every-event")
    with shipping(*NOWHERE, *spool, "--shutdown-deadline", "3600", stdin=subprocess.PIPE) as ship:
        assert ship.process.stdin is not None
        ship.process.stdin.write("".join(f"{line}\n" for line in lines))
        ship.process.stdin.flush()
        wait_until(lambda: sum(path.stat().st_size for path in (tmp_path / "spool").rglob("*.*")) > 50_000)
        ship.process.terminate()
        time.sleep(0.5)
        ship.process.terminate()
        ship.process.wait(10)
    assert ship.process.returncode == -signal.SIGTERM
    done = shipped("--to", tmp_path / "landing", *spool)
    assert done.returncode == 0, done.stderr
    assert landed(tmp_path / "landing") == Counter(lines)


def test_several_sources_at_once(short_folder: Path) -> None:
    """The end of standard input ends nothing while there are others."""
    landing, lines = short_folder / "landing", billing_lines(30)
    (short_folder / "log").write_text("".join(f"{line}\n" for line in lines[:10]))
    arguments = ("--to", landing, "--stdin", "--socket", short_folder / "s", "--follow", short_folder / "log")
    spool = ("--spool", short_folder / "spool", "--max-age", "0.5")
    with shipping(*arguments, *spool, stdin=subprocess.PIPE) as ship:
        assert ship.process.stdin is not None
        ship.process.stdin.write("\n".join(lines[10:20]))
        ship.process.stdin.close()
        ship.process.stdin = None
        wait_until((short_folder / "s").is_socket)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(short_folder / "s"))
            client.sendall("\n".join(lines[20:]).encode())
        wait_until(lambda: landed(landing).keys() >= set(lines))
        assert ship.end()[0] == 0
    assert landed(landing) == Counter(lines)


def test_standard_input_that_is_closed(tmp_path: Path) -> None:
    """As with `<&-`: it is said, and nothing is written."""
    code = "import os, sys; os.close(0); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    command = [sys.executable, "-c", code, *USAGELAKE[1:], "ship", "--to", str(tmp_path / "landing")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "standard input is closed" in done.stderr
    assert not (tmp_path / "landing").exists()


def test_a_source_that_cannot_be_read(tmp_path: Path) -> None:
    """It is named, and the exit code says so."""
    unreadable = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)
    with shipping("--to", tmp_path / "landing", stdin=unreadable) as ship:
        os.close(unreadable)
        code, _, said = ship.end(send=None)
    assert code == 1
    assert "standard input: cannot be read any more (Bad file descriptor)" in said


def test_metrics_for_cloudwatch(tmp_path: Path) -> None:
    """On standard output, which is theirs alone."""
    done = shipped("--to", tmp_path / "landing", "--metrics", "emf", text="\n".join(billing_lines(10)))
    assert done.returncode == 0, done.stderr
    assert all('"CloudWatchMetrics"' in line for line in done.stdout.splitlines())
    assert '"delivered":10' in done.stdout
    assert "offered" in done.stderr


def test_metrics_for_prometheus(tmp_path: Path) -> None:
    done = shipped("--to", tmp_path / "landing", "--metrics", tmp_path / "x.prom", text="\n".join(billing_lines(10)))
    assert done.returncode == 0, done.stderr
    assert "usagelake_shipping_delivered_total 10" in (tmp_path / "x.prom").read_text()


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--to", "landing", "--follow", "x"], "--follow needs --spool"),
        (["--to", "landing", "--follow", "x.gz", "--spool", "s"], "compressed files are not followed"),
        (["--to", "landing", "--follow", "", "--spool", "s"], "name a file of lines"),
        (["--to", "landing", "--spool", "file"], "file is a file; name a folder"),
        (["--to", "landing", "--metrics", "x"], "write emf, or a file that ends in .prom"),
        (["--to", "landing", "--metrics", "emf", "--json"], "both write on standard output"),
        (["--to", "landing", "--socket", "file"], "which is no socket"),
        (["--to", "landing", "--socket", "s", "--socket-mode", "9"], "are no permissions"),
        (["--to", "landing", "--max-events", "0", "--uploads", "0"], "uploads"),
        (["--to", "landing", "--prefix", "../x"], "prefix"),
        (["--to", "gs://bucket"], "gs://"),
        (["--to", ""], "to is empty"),
        (["--to", "file"], "file"),
        ([], "--to"),
    ],
)
def test_bad_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], fault: str) -> None:
    """Exit code 2, with what is wrong, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("precious")
    result = invoke("ship", *arguments)
    assert result.exit_code == 2
    assert fault in result.stderr
    assert Path("file").read_text() == "precious"
    assert not list(Path().rglob("*.jsonl"))
