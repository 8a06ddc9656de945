"""A role's credentials by web identity: for machines outside AWS, which then need no AWS key.

A token that says who the machine is (`usagelake.storage.identity_tokens`) is exchanged for an hour's credentials
by AssumeRoleWithWebIdentity, which is not signed
(https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from threading import Lock
from typing import TYPE_CHECKING, Final
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from usagelake.errors import StorageDeniedError, StorageError, StorageUnavailableError
from usagelake.storage.per_process import PerProcess
from usagelake.storage.xml_fields import xml_field

if TYPE_CHECKING:
    from collections.abc import Callable

REFRESH_BEFORE: Final = timedelta(minutes=5)
ASK_AGAIN_AFTER: Final = timedelta(seconds=15)
"""How long credentials that are still good are used without asking again, after asking has failed."""

_VERSION: Final = "2011-06-15"
_LATER: Final = frozenset({"ExpiredTokenException", "IDPCommunicationError", "IDPCommunicationErrorException"})


@dataclass(frozen=True, slots=True)
class TemporaryCredentials:
    """What STS gave: three strings to sign with, and until when."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"TemporaryCredentials({self.access_key_id!r}, expires_at={self.expires_at.isoformat()!r})"


class RoleCredentials:
    """Credentials of a role, kept until five minutes before they expire; any thread of any process may ask.

    While they cannot be renewed, those that are still good are given.

    Args:
        role_arn: The role, such as `arn:aws:iam::123456789012:role/shipper`.
        token: Gives an identity token, which is fetched for each exchange.
        session_name: What CloudTrail shows.
        timeout: Seconds that STS may be silent.
        clock: Tells the time.
    """

    def __init__(
        self,
        role_arn: str,
        token: Callable[[], str],
        *,
        session_name: str = "usagelake",
        timeout: float = 15.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._role_arn = role_arn
        self._token = token
        self._session_name = session_name
        self._timeout = timeout
        self._clock = clock
        self._held = PerProcess(_Held)

    def current(self) -> TemporaryCredentials:
        """Return credentials that are good.

        Raises:
            StorageUnavailableError: There are none now: STS or the token's giver does not answer, or the token
                has expired and will be renewed.
            StorageDeniedError: There will be none until somebody changes the role's trust policy or the token.
        """
        held = self._held.get()
        with held.lock:
            now = self._clock()
            if held.credentials is None or now >= held.renew_at:
                try:
                    held.credentials = self._exchange(self._token())
                except StorageError:
                    if held.credentials is None or now >= held.credentials.expires_at:
                        raise
                    held.renew_at = now + ASK_AGAIN_AFTER
                else:
                    held.renew_at = held.credentials.expires_at - REFRESH_BEFORE
            return held.credentials

    def _exchange(self, token: str) -> TemporaryCredentials:
        endpoint = sts_endpoint()
        form = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": _VERSION,
            "RoleArn": self._role_arn,
            "RoleSessionName": self._session_name,
            "WebIdentityToken": token,
        }
        request = Request(endpoint, data=urlencode(form).encode())  # noqa: S310 (http or https: see sts_endpoint)
        try:
            with urlopen(request, timeout=self._timeout) as answer:  # noqa: S310
                document = answer.read().decode()
        except HTTPError as error:
            with error:
                raise self._refused(error.code, error.read().decode(errors="replace")) from error
        except (OSError, HTTPException, UnicodeError) as error:
            raise StorageUnavailableError(
                f"{self._role_arn}: {endpoint} does not answer ({error}); see whether STS can be reached"
            ) from error
        return self._read(document)

    def _read(self, document: str) -> TemporaryCredentials:
        key, secret, session_token, expiration = (
            xml_field(document, name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
        )
        try:
            expires_at = datetime.fromisoformat(expiration)
        except ValueError:
            expires_at = datetime.min  # noqa: DTZ901 (it has no zone, and is refused below)
        if not (key and secret and session_token) or expires_at.tzinfo is None:
            raise StorageUnavailableError(f"{self._role_arn}: STS gave an answer without credentials; try again")
        return TemporaryCredentials(key, secret, session_token, expires_at)

    def _refused(self, status: int, document: str) -> StorageError:
        code, message = xml_field(document, "Code") or f"HTTP {status}", xml_field(document, "Message")
        reason = f"{self._role_arn}: the role cannot be assumed ({code}: {message})"
        if status >= 500 or status == 429 or code in _LATER or code.startswith("Throttl"):  # noqa: PLR2004
            return StorageUnavailableError(f"{reason}; it may work when tried again")
        return StorageDeniedError(
            f"{reason}; check the role's name, and that its trust policy names the token's issuer, audience and subject"
        )


class _Held:
    def __init__(self) -> None:
        self.lock = Lock()
        self.credentials: TemporaryCredentials | None = None
        self.renew_at = datetime.max.replace(tzinfo=UTC)


def sts_endpoint() -> str:
    """Tell where STS is asked: `AWS_ENDPOINT_URL_STS`, else the region's endpoint, else the global one.

    Raises:
        StorageDeniedError: The variable holds no http or https address.
    """
    given = os.environ.get("AWS_ENDPOINT_URL_STS")
    if given:
        if urlsplit(given).scheme not in {"http", "https"}:
            raise StorageDeniedError(f"AWS_ENDPOINT_URL_STS is {given!r}; give an address that starts with https://")
        return given
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        return "https://sts.amazonaws.com"
    return f"https://sts.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
