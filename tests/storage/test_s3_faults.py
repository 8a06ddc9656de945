"""What a put, a read and a listing of S3 raise, by what S3 answered: alike by both clients."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.storage.clients import CLIENTS
from tests.storage.stub import CREATED, Reply, Stub, refusal
from usagelake.errors import (
    StorageConflictError,
    StorageDeniedError,
    StorageError,
    StorageUnavailableError,
)
from usagelake.storage import PutOutcome, Storage
from usagelake.storage.s3_boto3 import S3ByBoto3
from usagelake.storage.s3_place import S3Place

LISTING = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult><Name>usage</Name><IsTruncated>false</IsTruncated></ListBucketResult>"""


def _put(store: Storage) -> PutOutcome:
    return store.put_if_absent(
        "a b/é.jsonl", b"{}\n", content_type="application/x-ndjson", metadata={"event-count": "1"}
    )


def _read(store: Storage) -> bytes:
    return b"".join(store.read("a.jsonl"))


def _list(store: Storage) -> list[Any]:
    return list(store.list())


def _metadata(store: Storage) -> Any:
    return store.metadata("a.jsonl")


ACTIONS: dict[str, Callable[[Storage], Any]] = {
    "written": _put,
    "read": _read,
    "listed": _list,
}


def _fault(store: Storage, doing: str) -> StorageError:
    with pytest.raises(StorageError) as caught:
        ACTIONS[doing](store)
    return caught.value


def test_a_put_is_one_request_as_the_contract_has_it(stubbed: Storage, stub: Stub) -> None:
    """Its key below the prefix, its body, type and metadata, and If-None-Match."""
    assert _put(stubbed) is PutOutcome.CREATED
    (request,) = stub.requests
    assert (request.method, request.path) == ("PUT", "/usage/pre/a%20b/%C3%A9.jsonl")
    assert request.body == b"{}\n"
    wanted = {"If-None-Match": "*", "Content-Type": "application/x-ndjson", "x-amz-meta-event-count": "1"}
    assert {name: request.headers[name] for name in wanted} == wanted


def test_a_key_that_is_taken_exists(stubbed: Storage, stub: Stub) -> None:
    stub.answers(refusal(412, "PreconditionFailed"))
    assert _put(stubbed) is PutOutcome.EXISTS
    assert len(stub.requests) == 1


def test_a_conflict_decides_nothing(stubbed: Storage, stub: Stub) -> None:
    """Obstore takes a 409 for an object that exists, which would lose the batch."""
    stub.answers(refusal(409, "ConditionalRequestConflict"))
    error = _fault(stubbed, "written")
    assert type(error) is StorageConflictError
    assert "s3://usage/pre/a b/é.jsonl: cannot be written (ConditionalRequestConflict: told so)" in str(error)


LATER = [
    (503, "SlowDown"),
    (503, "ServiceUnavailable"),
    (500, "InternalError"),
    (502, ""),
    (504, ""),
    (429, "TooManyRequests"),
    (400, "ThrottlingException"),
    (400, "RequestTimeout"),
    (403, "RequestTimeTooSkewed"),
    (403, "RequestExpired"),
    (400, "IncompleteBody"),
    (400, "ExpiredToken"),
    (403, "ExpiredTokenException"),
    (400, "TokenRefreshRequired"),
]
DENIED = [
    (403, "AccessDenied", "allow these credentials s3:"),
    (403, "AllAccessDisabled", "the account, or the bucket's policy"),
    (404, "NoSuchBucket", "make the bucket, or correct its name"),
    (401, "", "allow these credentials s3:"),
    (400, "KMS.DisabledException", "allow these credentials s3:"),
    (501, "NotImplemented", "this store knows no If-None-Match"),
    (403, "InvalidAccessKeyId", "check which credentials this process finds"),
    (403, "SignatureDoesNotMatch", "check which credentials this process finds"),
    (400, "InvalidToken", "check which credentials this process finds"),
]


@pytest.mark.parametrize("doing", ACTIONS)
def test_what_passes_may_be_tried_again(stubbed: Storage, stub: Stub, doing: str) -> None:
    """And is not tried again here: one request, one answer."""
    for asked, (status, code) in enumerate(LATER, start=1):
        stub.answers(refusal(status, code) if code else Reply(status))
        error = _fault(stubbed, doing)
        assert type(error) is StorageUnavailableError, code
        assert f"cannot be {doing} ({code or f'HTTP {status}'}" in str(error)
        assert len(stub.requests) == asked, code


@pytest.mark.parametrize("doing", ACTIONS)
def test_what_somebody_must_change_is_denied(stubbed: Storage, stub: Stub, doing: str) -> None:
    """With what to do about it."""
    for status, code, advice in DENIED:
        stub.answers(refusal(status, code) if code else Reply(status))
        error = _fault(stubbed, doing)
        assert type(error) is StorageDeniedError, code
        assert "s3://usage/pre" in str(error)
        assert f"cannot be {doing} ({code or f'HTTP {status}'}" in str(error)
        assert advice in str(error)


@pytest.mark.parametrize("doing", ACTIONS)
@pytest.mark.parametrize(
    "reply",
    [
        refusal(301, "PermanentRedirect", Region="eu-west-1"),
        refusal(400, "AuthorizationHeaderMalformed", Region="eu-west-1"),
        Reply(301),
    ],
)
def test_a_wrong_region_is_denied_with_what_to_set(stubbed: Storage, stub: Stub, doing: str, reply: Reply) -> None:
    stub.answers(reply)
    error = _fault(stubbed, doing)
    assert type(error) is StorageDeniedError
    region = ", eu-west-1" if b"AuthorizationHeaderMalformed" in reply.body else ""
    assert f"set AWS_REGION to the bucket's region{region}" in str(error)
    assert len(stub.requests) == 1


def test_an_object_that_is_refused_for_itself(stubbed: Storage, stub: Stub) -> None:
    """Neither to be tried again nor anybody's to allow."""
    for status, code in [(400, "KeyTooLongError"), (400, "InvalidRequest"), (400, "MetadataTooLarge"), (413, "")]:
        stub.answers(refusal(status, code) if code else Reply(status))
        error = _fault(stubbed, "written")
        assert type(error) is StorageError, code
        assert code in str(error)


def test_a_missing_object_is_no_missing_bucket(stubbed: Storage, stub: Stub) -> None:
    stub.answers(refusal(404, "NoSuchKey"))
    error = _fault(stubbed, "read")
    assert type(error) is StorageError
    assert "there is no such object" in str(error)


@pytest.mark.parametrize(("status", "kind"), [(403, StorageDeniedError), (404, StorageError)])
def test_a_head_without_a_body_is_judged_by_its_status(
    stubbed: Storage, stub: Stub, status: int, kind: type[StorageError]
) -> None:
    stub.answers(Reply(status))
    with pytest.raises(StorageError, match=f"cannot be read \\(HTTP {status}") as caught:
        _metadata(stubbed)
    assert type(caught.value) is kind


@pytest.mark.parametrize("doing", ACTIONS)
def test_an_answer_that_does_not_come_is_unavailable(stubbed: Storage, stub: Stub, doing: str) -> None:
    """The object may be there all the same, so the next put of the same key is told that it exists."""
    for asked, reply in enumerate([Reply(reset=True), Reply(close=True)], start=1):
        stub.answers(reply)
        error = _fault(stubbed, doing)
        assert type(error) is StorageUnavailableError
        assert f"see whether S3 can be reached at {stub.url}" in str(error)
        assert len(stub.requests) == asked
    stub.answers(refusal(412, "PreconditionFailed"))
    assert _put(stubbed) is PutOutcome.EXISTS


@pytest.mark.parametrize("doing", ACTIONS)
def test_silence_ends_with_the_timeout(client: str, stub: Stub, doing: str) -> None:
    """And is then a failure that may be tried again."""
    stub.answers(Reply(hang=True))
    store = CLIENTS[client](S3Place(bucket="usage", prefix="pre", endpoint_url=stub.url, read_timeout=0.2))
    error = _fault(store, doing)
    assert type(error) is StorageUnavailableError
    assert "timeout" in str(error).lower().replace("timed out", "timeout")


def test_a_body_that_ends_early_is_unavailable(stubbed: Storage, stub: Stub) -> None:
    """Half an object is never taken for a whole one."""
    stub.answers(Reply(200, b"{}\n" * 100, {"ETag": '"1"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}, cut=True))
    assert type(_fault(stubbed, "read")) is StorageUnavailableError


def test_a_listing_that_is_garbled_is_unavailable(stubbed: Storage, stub: Stub) -> None:
    stub.answers(Reply(200, LISTING[:-40]))
    assert type(_fault(stubbed, "listed")) is StorageUnavailableError


def test_a_place_that_nobody_listens_at_is_unavailable(client: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        error = _fault(CLIENTS[client](S3Place(bucket="usage", endpoint_url=url)), "written")
    assert type(error) is StorageUnavailableError


def test_no_credentials_are_denied_until_there_are_some(
    stubbed: Storage, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process need not be started again."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    error = _fault(stubbed, "written")
    assert type(error) is StorageDeniedError
    assert "give this process credentials" in str(error)
    assert stub.requests == []
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "later")
    assert _put(stubbed) is PutOutcome.CREATED


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidAccessKeyId"])
def test_other_credentials_are_looked_for_after_bad_ones(
    stubbed: Storage, stub: Stub, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    stub.answers(refusal(400, code), CREATED)
    _fault(stubbed, "written")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "rotated")
    assert _put(stubbed) is PutOutcome.CREATED
    before, after = [request.headers["Authorization"] for request in stub.requests]
    assert "Credential=test-key/" in before
    assert "Credential=rotated/" in after


def test_a_connection_that_was_closed_while_idle_is_no_fault(stubbed: Storage, stub: Stub) -> None:
    """S3 closes them after some seconds, and nothing here tries again."""
    stub.answers(replace(CREATED, idle=True))
    for _ in range(3):
        assert _put(stubbed) is PutOutcome.CREATED
        time.sleep(0.1)
    assert len({request.peer for request in stub.requests}) == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [("AWS_ENDPOINT_URL_S3", "nonsense"), ("AWS_DEFAULT_REGION", "eu west 1"), ("AWS_PROFILE", "nobody")],
)
def test_a_configuration_that_cannot_be_is_denied(
    client: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Until it is corrected; obstore alone would panic over the first two."""
    monkeypatch.setenv(name, value)
    error = _fault(CLIENTS[client](S3Place(bucket="usage")), "written")
    assert type(error) is StorageDeniedError
    assert "s3://usage/a b" in str(error)
    assert value in str(error)
    assert "correct the SDK's configuration" in str(error)


def test_a_listing_walks_all_pages(stubbed: Storage, stub: Stub) -> None:
    """Keys that no folder could hold are listed too; the prefix's own marker is not."""

    def page(keys: list[str], following: str | None) -> Reply:
        rows = "".join(
            f"<Contents><Key>pre/{key}</Key><ETag>&quot;e&quot;</ETag><Size>1</Size>"
            "<LastModified>2024-01-01T00:00:00.000Z</LastModified></Contents>"
            for key in keys
        )
        more = f"<NextContinuationToken>{following}</NextContinuationToken>" if following else ""
        cut = "true" if following else "false"
        text = f"<ListBucketResult><Name>usage</Name><IsTruncated>{cut}</IsTruncated>{more}{rows}</ListBucketResult>"
        return Reply(200, text.encode())

    stub.answers(page(["", "a", "b/"], "t1"), page(["c//d", "../e"], "t2"), page(["é &amp; f"], None))
    assert [info.key for info in stubbed.list()] == ["a", "b/", "c//d", "../e", "é & f"]
    assert ["continuation-token" in request.path for request in stub.requests] == [False, True, True]


def test_a_region_is_not_needed(stubbed: Storage, stub: Stub) -> None:
    _put(stubbed)
    assert "/us-east-1/s3/" in stub.requests[-1].headers["Authorization"]


def test_the_environment_may_name_region_and_endpoint(client: str, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a given endpoint goes before the environment's."""
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", stub.url)
    _put(CLIENTS[client](S3Place(bucket="usage.dots")))
    assert "/eu-north-1/s3/" in stub.requests[-1].headers["Authorization"]
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    assert _put(CLIENTS[client](S3Place(bucket="usage", endpoint_url=stub.url))) is PutOutcome.CREATED


def test_boto3_goes_to_the_region_where_a_bucket_of_aws_lies(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has set no region still bills from the bucket; and nobody asks for ever where it lies."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stub.url)
    moved = replace(refusal(301, "PermanentRedirect"), headers={"x-amz-bucket-region": "eu-west-1"})
    stub.answers(moved, CREATED)
    store = S3ByBoto3(S3Place(bucket="usage"))
    assert _put(store) is PutOutcome.CREATED
    assert ["/eu-west-1/s3/" in request.headers["Authorization"] for request in stub.requests] == [False, True]
    stub.answers(Reply(301))
    assert type(_fault(S3ByBoto3(S3Place(bucket="usage")), "read")) is StorageDeniedError


def test_opening_asks_nothing(stubbed: Storage, stub: Stub) -> None:
    """A place is only spoken to when it is used."""
    assert stubbed.location == "s3://usage/pre"
    assert stubbed.path("a") is None
    assert stub.requests == []
