"""The S3 server of the tests: what S3's clients ask of it works, and what it breaks is broken as told."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import boto3
import obstore
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from obstore.store import S3Store

from tests.fakes.s3_server import Denial, Fault, Faults, Outage, OutageKind, S3Server, S3ServerProcess, read_journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

BODY = b'{"id":"1"}\n' * 1000
ALWAYS = 1.0


def client(endpoint_url: str, **config: object) -> S3Client:
    """A boto3 client that tries once."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",  # noqa: S106 - no signature is checked
        config=Config(retries={"total_max_attempts": 1}, read_timeout=5, **config),  # type: ignore[arg-type]
    )


def obstore_store(endpoint_url: str, **config: object) -> S3Store:
    """An obstore store that tries once."""
    return S3Store(
        "landing",
        config={
            "endpoint": endpoint_url,
            "access_key_id": "any",
            "secret_access_key": "any",
            "region": "us-east-1",
            "allow_http": True,
            **config,
        },
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )


@pytest.fixture
def server() -> Iterator[S3Server]:
    with S3Server() as running:
        yield running


@pytest.fixture
def s3(server: S3Server) -> Iterator[S3Client]:
    with closing(client(server.endpoint_url)) as made:
        yield made


def put(s3: S3Client, key: str, body: bytes = BODY) -> None:
    s3.put_object(Bucket="landing", Key=key, Body=body, IfNoneMatch="*", Metadata={"events": "1000"})


def test_boto3_reads_back_what_it_put(s3: S3Client) -> None:
    """PUT, HEAD, GET: body, type, metadata and ETag."""
    s3.create_bucket(Bucket="landing")
    s3.put_object(
        Bucket="landing", Key="a b/ü+%.jsonl", Body=BODY, ContentType="application/x-ndjson", Metadata={"events": "7"}
    )
    head = s3.head_object(Bucket="landing", Key="a b/ü+%.jsonl")
    read = s3.get_object(Bucket="landing", Key="a b/ü+%.jsonl")
    assert read["Body"].read() == BODY
    assert head["ContentLength"] == len(BODY)
    assert head["ContentType"] == read["ContentType"] == "application/x-ndjson"
    assert head["Metadata"] == read["Metadata"] == {"events": "7"}
    assert head["ETag"] == f'"{hashlib.md5(BODY, usedforsecurity=False).hexdigest()}"'


def test_a_key_is_stored_once_under_a_condition(server: S3Server, s3: S3Client) -> None:
    """The second conditional put is answered 412 and changes nothing."""
    put(s3, "once", b"first")
    with pytest.raises(ClientError) as refused:
        put(s3, "once", b"second")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert server.objects["landing/once"].body == b"first"
    assert [(entry.status, entry.stored) for entry in server.requests] == [(200, True), (412, False)]


def test_of_racing_puts_one_stores(server: S3Server) -> None:
    """Eight threads, one key: one 200, seven 412."""
    outcomes: list[int] = []

    def race(number: int) -> None:
        with closing(client(server.endpoint_url)) as s3:
            try:
                put(s3, "raced", b"%d" % number)
            except ClientError as error:
                outcomes.append(error.response["ResponseMetadata"]["HTTPStatusCode"])
            else:
                outcomes.append(200)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [200] + [412] * 7
    assert sum(entry.stored for entry in server.requests) == 1


def test_a_listing_comes_in_pages(s3: S3Client) -> None:
    """Every key under the prefix once, in order, over several pages."""
    keys = [f"in/{number:02} &<é>.jsonl" for number in range(23)]
    for key in [*keys, "other/1"]:
        s3.put_object(Bucket="landing", Key=key, Body=b"x")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="landing", Prefix="in/", MaxKeys=5))
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == keys
    assert len(pages) == 5
    folders = s3.list_objects_v2(Bucket="landing", Delimiter="/")
    assert [folder["Prefix"] for folder in folders["CommonPrefixes"]] == ["in/", "other/"]


def test_obstore_is_served_too(server: S3Server) -> None:
    """Conditional put, attributes, get and list, over one kept connection."""
    store = obstore_store(server.endpoint_url)
    attributes = {"Content-Type": "application/x-ndjson", "events": "3"}
    obstore.put(store, "x/1.jsonl", BODY, mode="create", attributes=attributes, use_multipart=False)
    with pytest.raises(obstore.exceptions.AlreadyExistsError):
        obstore.put(store, "x/1.jsonl", b"other", mode="create", use_multipart=False)
    found = obstore.get(store, "x/1.jsonl")
    assert bytes(found.bytes()) == BODY
    assert found.attributes["events"] == "3"
    assert [entry["path"] for page in obstore.list(store, "x") for entry in page] == ["x/1.jsonl"]
    assert server.objects["landing/x/1.jsonl"].metadata == {"events": "3"}


def test_a_virtual_host_names_the_bucket(server: S3Server) -> None:
    """`landing.localhost` is the bucket `landing`."""
    host = f"landing.localhost:{server.port}"
    status, _ = raw(server, f"PUT /k HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n\r\nx".encode())
    assert status == 200
    assert list(server.objects) == ["landing/k"]


def raw(server: S3Server, request: bytes) -> tuple[int, bytes]:
    """Send bytes, read one answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connected:
        connected.sendall(request)
        return answered(connected)


def answered(connected: socket.socket) -> tuple[int, bytes]:
    """Read an answer: its status and its body as told."""
    with connected.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        length = 0
        while (line := stream.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return status, stream.read(length)


@pytest.mark.parametrize("framing", ["aws", "http", "both"])
def test_chunks_are_taken_off(server: S3Server, framing: str) -> None:
    """aws-chunked bodies with trailers, HTTP's chunks, and one within the other."""
    headers = "PUT /landing/c HTTP/1.1\r\nHost: x\r\n"
    body = b"5;chunk-signature=ab\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"
    if framing != "http":
        headers += "Content-Encoding: aws-chunked\r\nX-Amz-Decoded-Content-Length: 11\r\n"
    else:
        body = b"hello world"
    if framing == "aws":
        headers += f"Content-Length: {len(body)}\r\n\r\n"
    else:
        headers += "Transfer-Encoding: chunked\r\n\r\n"
        body = b"4\r\n" + body[:4] + b"\r\n%x\r\n" % len(body[4:]) + body[4:] + b"\r\n0\r\n\r\n"
    assert raw(server, headers.encode() + body)[0] == 200
    assert server.objects["landing/c"].body == b"hello world"


def test_it_says_continue_first(server: S3Server) -> None:
    """A client that expects 100 sends its body after it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connected:
        connected.sendall(b"PUT /landing/e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert connected.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connected.sendall(b"abc")
        assert answered(connected)[0] == 200


def test_a_body_that_ends_early_is_not_stored(server: S3Server) -> None:
    """A client that dies amid its body leaves no object."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connected:
        connected.sendall(b"PUT /landing/h HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
    assert raw(server, b"GET /landing/h HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 404
    assert not server.objects


def test_a_damaged_body_is_refused(server: S3Server) -> None:
    """A checksum that does not fit is answered 400 BadDigest."""
    head = "PUT /landing/d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\n"
    status, document = raw(server, head.encode() + b"abc")
    assert (status, b"BadDigest" in document) == (400, True)
    assert not server.objects


@pytest.mark.parametrize(
    ("fault", "status", "stored"),
    [
        (Fault.INTERNAL_ERROR, 500, False),
        (Fault.SLOW_DOWN, 503, False),
        (Fault.CONFLICT, 409, False),
        (Fault.REQUEST_TIMEOUT, 400, False),
        (Fault.RESET_BEFORE_BODY, None, False),
        (Fault.HALF_READ, None, False),
        (Fault.RESET_AFTER_BODY, None, False),
        (Fault.HANG, None, False),
        (Fault.ANSWER_LOST, None, True),
        (Fault.ANSWER_CUT, None, True),
        (Fault.ANSWER_DRIPS, 200, True),
        (Fault.LATENCY, 200, True),
    ],
)
def test_each_fault_breaks_what_it_says(fault: Fault, status: int | None, stored: bool) -> None:
    """What the client sees, what is stored, and what the journal tells."""
    with (
        S3Server(Faults(rates={fault: ALWAYS}, slowness=0.02)) as server,
        closing(client(server.endpoint_url)) as s3,
    ):
        seen: int | None = 200
        try:
            put(s3, "k")
        except ClientError as error:
            seen = error.response["ResponseMetadata"]["HTTPStatusCode"]
        except BotoCoreError:
            seen = None
        assert seen == status or fault is Fault.ANSWER_CUT
        assert bool(server.objects) == stored
        assert [(entry.fault, entry.stored) for entry in server.requests] == [(fault, stored)]
        server.faults = Faults()
        if not stored:
            put(s3, "k")
        else:
            with pytest.raises(ClientError, match="PreconditionFailed"):
                put(s3, "k")
        assert server.objects["landing/k"].body == BODY


@pytest.mark.parametrize("denial", list(Denial))
def test_a_denial_lasts_until_it_is_lifted(server: S3Server, s3: S3Client, denial: Denial) -> None:
    """Every request is refused with the code, and works afterwards."""
    server.faults = Faults(denial=denial)
    for _ in range(2):
        with pytest.raises(ClientError, match=denial):
            put(s3, "k")
    server.faults = Faults()
    put(s3, "k")


@pytest.mark.parametrize("kind", list(OutageKind))
def test_an_outage_ends(server: S3Server, s3: S3Client, kind: OutageKind) -> None:
    """Nothing works within the window, everything after it, on the same port."""
    put(s3, "before")
    server.faults = Faults(outages=(Outage(kind, 0.0, 0.5),))
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        with pytest.raises((ClientError, BotoCoreError)):
            put(s3, "within")
        time.sleep(0.05)
    deadline = time.monotonic() + 10
    while "landing/within" not in server.objects and time.monotonic() < deadline:
        try:
            put(s3, "within")
        except (ClientError, BotoCoreError):
            time.sleep(0.05)
    assert set(server.objects) == {"landing/before", "landing/within"}


def test_a_refused_connection_is_refused(server: S3Server) -> None:
    """Not accepted and reset: refused."""
    server.faults = Faults(outages=(Outage(OutageKind.REFUSED, 0.0, 60.0),))
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            time.sleep(0.01)  # it stopped listening while this one was in its queue
        assert time.monotonic() < deadline


def test_the_same_seed_gives_the_same_faults() -> None:
    """A run can be replayed."""

    def run(seed: int) -> list[str | None]:
        faults = Faults(rates={Fault.SLOW_DOWN: 0.3, Fault.INTERNAL_ERROR: 0.3})
        with S3Server(faults, seed=seed) as server, closing(client(server.endpoint_url)) as s3:
            for number in range(20):
                try:
                    put(s3, str(number), b"x")
                except ClientError:
                    continue
            return [entry.fault for entry in server.requests]

    first = run(1)
    assert first == run(1) != run(2)
    assert set(first) == {None, Fault.SLOW_DOWN, Fault.INTERNAL_ERROR}


def test_a_schedule_survives_the_command_line() -> None:
    """What is drawn is what the process gets."""
    for seed in range(200):
        drawn = Faults.drawn(random.Random(seed), outage_within=2.0)
        assert Faults.from_json(drawn.to_json()) == drawn


def test_the_journal_outlives_the_client(tmp_path: Path) -> None:
    """A server of its own process, a client that is killed amid a put, and what is read afterwards."""
    with S3ServerProcess(tmp_path) as server:
        program = (
            "import os, socket, sys\n"
            "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
            "s.sendall(b'PUT /b/whole HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 5\\r\\n\\r\\nwhole')\n"
            "s.recv(100)\n"
            "s.sendall(b'PUT /b/half HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 5\\r\\n\\r\\nha')\n"
            f"os.kill(os.getpid(), {int(signal.SIGKILL)})\n"
        )
        killed = subprocess.run([sys.executable, "-c", program, str(server.port)], check=False)
        assert killed.returncode == -signal.SIGKILL
        entries, stored = server.journal()
        assert [(entry.key, entry.stored) for entry in entries] == [("b/whole", True)]
        server.set_faults(Faults(denial=Denial.ACCESS_DENIED))
        with closing(client(server.endpoint_url)) as s3, pytest.raises(ClientError, match="AccessDenied"):
            put(s3, "denied")
    assert [(body.key, body.body) for body in stored] == [("b/whole", b"whole")]
    assert [entry.status for entry in read_journal(tmp_path)[0]] == [200, 403]


def test_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    """When standard input ends, so does the server."""
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "tests.fakes.s3_server", "--port-file", str(tmp_path / "port")]
    with subprocess.Popen(command, stdin=reader) as process:
        os.close(reader)
        os.close(writer)
        assert process.wait(30) == 0


def test_a_reset_client_does_not_stop_the_server(server: S3Server, s3: S3Client) -> None:
    """Garbage, and a connection that its client resets, are one connection's matter."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connected:
        connected.sendall(b"no http at all\r\n\r\n")
        assert connected.recv(100) == b""
    connected = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connected.sendall(b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
    connected.close()
    put(s3, "k")
    assert list(server.objects) == ["landing/k"]
