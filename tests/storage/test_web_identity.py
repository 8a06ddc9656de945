"""Credentials without an AWS key: a token of Google's or Azure's, exchanged for a role's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.storage.clients import CLIENTS
from tests.storage.stub import CREATED, XML, Reply, Stub, refusal
from tests.storage.test_forks import in_a_forked_child
from usagelake.errors import StorageDeniedError, StorageUnavailableError
from usagelake.storage import PutOutcome, Storage, open_location
from usagelake.storage.identity_tokens import azure_token, google_token
from usagelake.storage.s3_place import S3Place
from usagelake.storage.web_identity import RoleCredentials, sts_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

ROLE = "arn:aws:iam::123456789012:role/shipper"
NOON = datetime(2025, 10, 5, 12, tzinfo=UTC)


def granted(key: str = "ASIAROLE", expires_at: datetime = NOON + timedelta(hours=1)) -> Reply:
    """Give STS's answer that grants credentials."""
    return Reply(
        200,
        f"""{XML}<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult><Credentials>
    <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s/e+c=</SecretAccessKey>
    <SessionToken>tok&amp;en</SessionToken><Expiration>{expires_at:%Y-%m-%dT%H:%M:%SZ}</Expiration>
  </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>""".encode(),
    )


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Run a server that stands for STS."""
    with Stub(granted()) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", running.url)
        yield running


def _role(clock: Clock | None = None) -> RoleCredentials:
    return RoleCredentials(ROLE, lambda: "a.token", session_name="pod-7", clock=clock or Clock())


def test_a_token_is_exchanged_by_an_unsigned_post(sts: Stub) -> None:
    current = _role().current()
    assert (current.access_key_id, current.secret_access_key, current.session_token) == ("ASIAROLE", "s/e+c=", "tok&en")
    assert current.expires_at == NOON + timedelta(hours=1)
    (request,) = sts.requests
    assert (request.method, request.headers["Authorization"]) == ("POST", None)
    assert parse_qs(request.body.decode()) == {
        "Action": ["AssumeRoleWithWebIdentity"],
        "Version": ["2011-06-15"],
        "RoleArn": [ROLE],
        "RoleSessionName": ["pod-7"],
        "WebIdentityToken": ["a.token"],
    }


@pytest.mark.usefixtures("sts")
def test_secrets_are_not_shown() -> None:
    """What is logged by accident is a key's id and no more."""
    shown = repr(_role().current())
    assert "ASIAROLE" in shown
    assert "s/e+c=" not in shown
    assert "tok&en" not in shown


def test_credentials_are_kept_until_five_minutes_before_they_expire(sts: Stub) -> None:
    clock = Clock()
    role = _role(clock)
    sts.answers(granted("first"), granted("second", NOON + timedelta(hours=2)))
    assert role.current().access_key_id == "first"
    clock.now = NOON + timedelta(minutes=54, seconds=59)
    assert role.current().access_key_id == "first"
    clock.now = NOON + timedelta(minutes=55)
    assert role.current().access_key_id == "second"
    assert len(sts.requests) == 2


def test_while_they_cannot_be_renewed_good_credentials_are_used(sts: Stub) -> None:
    """STS is then asked every quarter of a minute, not at each put; and when they have run out, it is an error."""
    clock = Clock()
    role = _role(clock)
    sts.answers(granted("first"), Reply(503))
    role.current()
    for seconds, asked in [(0, 2), (14, 2), (15, 3)]:
        clock.now = NOON + timedelta(minutes=55, seconds=seconds)
        assert role.current().access_key_id == "first"
        assert len(sts.requests) == asked
    clock.now = NOON + timedelta(hours=1)
    with pytest.raises(StorageUnavailableError, match="HTTP 503"):
        role.current()
    sts.answers(granted("second", NOON + timedelta(hours=2)))
    assert role.current().access_key_id == "second"


def test_many_threads_cause_one_exchange(sts: Stub) -> None:
    role = _role()
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: role.current().access_key_id, range(50)))
    assert found == {"ASIAROLE"}
    assert len(sts.requests) == 1


def test_a_forked_child_asks_for_itself(sts: Stub) -> None:
    role = _role()
    role.current()
    assert in_a_forked_child(lambda: role.current().access_key_id == "ASIAROLE")
    assert len(sts.requests) == 2


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidIdentityToken", "ValidationError", "IDPRejectedClaim"])
def test_a_role_that_sts_does_not_give_is_denied(sts: Stub, code: str) -> None:
    sts.answers(refusal(403, code))
    with pytest.raises(StorageDeniedError, match=f"{ROLE}: the role cannot be assumed .{code}: told so.; check the"):
        _role().current()


@pytest.mark.parametrize(
    "reply",
    [
        refusal(400, "ExpiredTokenException"),
        refusal(400, "IDPCommunicationError"),
        refusal(400, "Throttling"),
        Reply(500),
        Reply(reset=True),
        Reply(200, b"no credentials"),
        Reply(200, b"\xff"),
    ],
)
def test_what_passes_at_sts_may_be_tried_again(sts: Stub, reply: Reply) -> None:
    """Also a token that has expired: whoever gives tokens gives a new one."""
    sts.answers(reply)
    with pytest.raises(StorageUnavailableError, match=ROLE):
        _role().current()


def test_a_silent_sts_is_unavailable(sts: Stub) -> None:
    sts.answers(Reply(hang=True))
    role = RoleCredentials(ROLE, lambda: "a.token", timeout=0.2)
    with pytest.raises(StorageUnavailableError, match="does not answer"):
        role.current()


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({}, "https://sts.amazonaws.com"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "https://sts.eu-west-1.amazonaws.com"),
        ({"AWS_REGION": "cn-north-1", "AWS_DEFAULT_REGION": "x"}, "https://sts.cn-north-1.amazonaws.com.cn"),
        ({"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"}, "http://127.0.0.1:1"),
    ],
)
def test_sts_is_asked_in_the_region(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], endpoint: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert sts_endpoint() == endpoint


def test_an_sts_that_is_no_address_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not read as a file, which urllib would do."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "file:///etc/passwd")
    with pytest.raises(StorageDeniedError, match="AWS_ENDPOINT_URL_STS"):
        _role().current()


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Run a server that stands for Google's metadata server."""
    with Stub(Reply(200, b"goo.gle.token\n")) as running:
        monkeypatch.setenv("GCE_METADATA_HOST", running.url.removeprefix("http://"))
        yield running


def test_google_s_metadata_server_gives_a_token_for_the_audience(google: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked as it wants to be asked, and through no proxy."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY")
    assert google_token("my audience&co")() == "goo.gle.token"
    (request,) = google.requests
    assert request.headers["Metadata-Flavor"] == "Google"
    url = urlsplit(request.path)
    assert url.path == "/computeMetadata/v1/instance/service-accounts/default/identity"
    assert parse_qs(url.query) == {"audience": ["my audience&co"], "format": ["full"]}


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(404, b"no account"), StorageDeniedError),
        (Reply(403), StorageDeniedError),
        (Reply(503), StorageUnavailableError),
        (Reply(429), StorageUnavailableError),
        (Reply(close=True), StorageUnavailableError),
        (Reply(hang=True), StorageUnavailableError),
    ],
)
def test_a_metadata_server_s_fault_is_judged(google: Stub, reply: Reply, kind: type[Exception]) -> None:
    google.answers(reply)
    with pytest.raises(kind, match="Google's metadata server at 127"):
        google_token(timeout=0.3)()


def test_azure_s_token_is_read_anew_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Azure renews the file every hour."""
    file = tmp_path / "token"
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(file))
    token = azure_token()
    for content in ("first", "second\n"):
        file.write_text(content)
        assert token() == content.strip()
    for spoil in (lambda: file.write_text(" "), lambda: file.write_bytes(b"\xff"), file.unlink):
        spoil()
        with pytest.raises(StorageDeniedError, match="federated token"):
            token()


def _shipped(store: Storage, key: str) -> PutOutcome:
    return store.put_if_absent(key, b"", content_type="text/plain", metadata={})


@pytest.mark.parametrize("kind", ["google", "azure"])
def test_a_put_is_signed_with_the_role_s_credentials(
    client: str,
    kind: str,
    stub: Stub,
    sts: Stub,
    google: Stub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And not with a key that lies about; one exchange serves many puts."""
    (tmp_path / "token").write_text("az.ure.token")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    sts.answers(granted(expires_at=datetime.now(UTC) + timedelta(hours=1)))
    store = open_location(
        "s3://usage/pre",
        endpoint_url=stub.url,
        client=client,  # type: ignore[arg-type]
        credentials=kind,  # type: ignore[arg-type]
        role_arn=ROLE,
        audience="aud" if kind == "google" else None,
    )
    assert sts.requests == []
    for key in "abc":
        _shipped(store, key)
    assert len(sts.requests) == 1
    asked = parse_qs(sts.requests[0].body.decode())
    assert asked["WebIdentityToken"] == [{"google": "goo.gle.token", "azure": "az.ure.token"}[kind]]
    for request in stub.requests:
        assert "Credential=ASIAROLE/" in request.headers["Authorization"]
        assert request.headers["X-Amz-Security-Token"] == "tok&en"
    assert len(google.requests) == (1 if kind == "google" else 0)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(403, "AccessDenied"), StorageDeniedError),
        (Reply(503), StorageUnavailableError),
        (granted(expires_at=NOON), StorageUnavailableError),
    ],
)
def test_a_role_s_fault_is_a_put_s(client: str, stub: Stub, sts: Stub, reply: Reply, kind: type[Exception]) -> None:
    """Told as what it is, credentials that have run out already among them, and gone when it has passed."""
    sts.answers(reply)
    role = RoleCredentials(ROLE, lambda: "a.token")
    store = CLIENTS[client](S3Place(bucket="usage", endpoint_url=stub.url, credentials=role))
    with pytest.raises(kind):
        _shipped(store, "a")
    assert stub.requests == []
    sts.answers(granted(expires_at=datetime.now(UTC) + timedelta(hours=1)))
    stub.answers(CREATED)
    assert _shipped(store, "a") is PutOutcome.CREATED
