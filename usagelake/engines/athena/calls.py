"""Calls of Athena and Glue: tried again while that may help, and their errors in the project's words."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import boto3
from botocore import exceptions as sdk
from botocore.config import Config

from usagelake.engines.athena.pace import CALL_ATTEMPTS, Pace, pauses
from usagelake.errors import ConfigurationError, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_athena.client import AthenaClient
    from mypy_boto3_glue.client import GlueClient

    from usagelake.engines.athena.config import AthenaConfig

_Result = TypeVar("_Result")

_THROTTLED: Final = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "ConcurrentModificationException",
    }
)
_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN: Final = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
    }
)
_DENIED: Final = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_SERVER_FAULT: Final = 500
_NO_ANSWER: Final = (sdk.HTTPClientError, sdk.ConnectionError, sdk.IncompleteReadError)
_NO_CREDENTIALS: Final = (
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.CredentialRetrievalError,
    sdk.TokenRetrievalError,
    sdk.SSOError,
)
_RENEW = (
    "renew them (aws sso login, or the role's own way) and run again; what is done is kept, and the rest is made up"
)


@dataclass(frozen=True, slots=True)
class Clients:
    """What speaks to AWS.

    Attributes:
        session: Its configuration and credentials.
        athena: Athena's client.
        glue: Glue's client.
        pace: How calls are tried again.
    """

    session: boto3.session.Session
    athena: AthenaClient
    glue: GlueClient
    pace: Pace

    def call(self, what: str, function: Callable[[], _Result]) -> _Result:
        """Make a call, again while it is throttled or not answered.

        Args:
            what: What is done, for messages.
            function: Makes the call.

        Raises:
            EngineError: AWS cannot be reached, refuses, or keeps on throttling.
            ConfigurationError: There are no credentials, or no region.
            botocore.exceptions.ClientError: Anything else that AWS answers.
        """
        with aws_errors(what):
            for _, pause in zip(range(CALL_ATTEMPTS - 1), pauses(), strict=False):
                try:
                    return function()
                except (sdk.ClientError, *_NO_ANSWER) as error:
                    if not may_pass(error):
                        raise
                self.pace.sleep(pause)
            return function()


def open_clients(region: str | None, pace: Pace) -> Clients:
    """Make clients by the SDK's own configuration; nothing is asked yet.

    Raises:
        ConfigurationError: It names no region, or is wrong.
    """
    once = Config(retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=5.0, read_timeout=60.0)
    with aws_errors("opening Athena"):
        session = boto3.session.Session(region_name=region)
        return Clients(
            session=session,
            athena=session.client("athena", config=once),
            glue=session.client("glue", config=once),
            pace=pace,
        )


def clients_of(config: AthenaConfig, pace: Pace) -> Clients:
    """Make the clients of a lake; see `open_clients`."""
    return open_clients(config.region, pace)


def code_of(error: sdk.ClientError) -> str:
    """Tell AWS's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: sdk.ClientError) -> str:
    """Tell what AWS says of an error."""
    said: dict[str, Any] = dict(error.response.get("Error", {}))
    return str(said.get("Message") or error)


def may_pass(error: BaseException) -> bool:
    """Tell whether the same call may work a little later."""
    if isinstance(error, sdk.ClientError):
        meta: dict[str, Any] = dict(error.response.get("ResponseMetadata", {}))
        return code_of(error) in _THROTTLED or int(meta.get("HTTPStatusCode", 0)) >= _SERVER_FAULT
    return isinstance(error, _NO_ANSWER)


@contextmanager
def aws_errors(what: str) -> Iterator[None]:
    """Turn the SDK's errors into the project's, but for answers that only the caller understands.

    Args:
        what: What was done, for the message.

    Raises:
        EngineError: AWS cannot be reached, refuses, or keeps on throttling.
        ConfigurationError: There are no credentials, or no region.
        botocore.exceptions.ClientError: Anything else that AWS answers.
    """
    try:
        yield
    except (sdk.ClientError, sdk.BotoCoreError) as error:
        known = judged(what, error)
        if known is None:
            raise
        raise known from error


def judged(what: str, error: BaseException) -> EngineError | ConfigurationError | None:
    """Say an error of the SDK in the project's words; None for an answer that only the caller understands.

    Args:
        what: What was done, for the message.
        error: What was raised.
    """
    if isinstance(error, sdk.ClientError):
        return _of_answer(what, error)
    if isinstance(error, _NO_CREDENTIALS):
        return ConfigurationError(
            f"{what}: AWS credentials cannot be had ({error}); give this process a role, a profile "
            "or AWS_ACCESS_KEY_ID, or renew them"
        )
    if isinstance(error, sdk.NoRegionError):
        return ConfigurationError(f"{what}: no AWS region is named; set AWS_REGION, or region in the profile")
    if isinstance(error, _NO_ANSWER):
        return EngineError(
            f"{what}: AWS cannot be reached ({error}); see whether network and endpoint are right, and run again"
        )
    if isinstance(error, sdk.BotoCoreError):
        return ConfigurationError(f"{what}: the AWS SDK cannot work so: {error}")
    return None


def _of_answer(what: str, error: sdk.ClientError) -> EngineError | None:
    code, message = code_of(error), message_of(error)
    if code in _EXPIRED or (code in _UNKNOWN and "expired" in message.lower()):
        return EngineError(f"{what}: the AWS credentials have expired; {_RENEW}")
    if code in _UNKNOWN:
        return EngineError(f"{what}: AWS does not know these credentials ({code}: {message}); {_RENEW}")
    if code in _DENIED:
        return EngineError(f"{what}: AWS denies it: {message}; grant it to this role, or take another")
    if may_pass(error):
        return EngineError(f"{what}: AWS cannot serve now, tried {CALL_ATTEMPTS} times ({code}: {message}); run again")
    return None
