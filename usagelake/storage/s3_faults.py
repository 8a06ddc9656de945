"""What S3's answers mean to somebody who may try again.

The codes are those of "Error responses" in the Amazon S3 API reference and of "Common error types" in AWS STS's.
An answer that nobody knows is taken for one that somebody must look at: it is told, and what was to be written
is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal

from usagelake.errors import StorageConflictError, StorageDeniedError, StorageError, StorageUnavailableError

if TYPE_CHECKING:
    from usagelake.storage.s3_place import S3Place

Doing = Literal["listed", "read", "written"]

_PERMISSION: Final[dict[Doing, str]] = {
    "listed": "s3:ListBucket",
    "read": "s3:GetObject",
    "written": "s3:PutObject",
}
_AGAIN: Final = "it may work when tried again"
_BUCKET: Final = "make the bucket, or correct its name"
_REGION: Final = "set AWS_REGION to the bucket's region"
_EXPIRED: Final = "the credentials have run out; it will work again when new ones are there"
_WRONG: Final = "check which credentials this process finds, and correct them"
_OF_CREDENTIALS: Final = frozenset({_EXPIRED, _WRONG})

_LATER: Final = {
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"), _EXPIRED),
    **dict.fromkeys(("RequestExpired", "RequestTimeTooSkewed"), "check this machine's clock"),
    **dict.fromkeys(
        (
            "SlowDown",
            "RequestTimeout",
            "RequestThrottled",
            "TooManyRequests",
            "TooManyRequestsException",
            "BandwidthLimitExceeded",
            "InternalError",
            "ServiceUnavailable",
            "OperationAborted",
            "IncompleteBody",
            "BadDigest",
            "XAmzContentSHA256Mismatch",
            "TemporaryRedirect",
            "IDPCommunicationError",
        ),
        _AGAIN,
    ),
}
_DENIED: Final = {
    **dict.fromkeys(("NoSuchBucket", "InvalidBucketName"), _BUCKET),
    **dict.fromkeys(
        ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"), _REGION
    ),
    **dict.fromkeys(
        (
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "InvalidToken",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "AuthFailure",
            "MissingAuthenticationToken",
            "InvalidIdentityToken",
        ),
        _WRONG,
    ),
    **dict.fromkeys(
        ("NotSignedUp", "AccountProblem", "AllAccessDisabled", "InvalidPayer", "MethodNotAllowed"),
        "the account, or the bucket's policy, must allow it",
    ),
    "NotImplemented": "this store knows no If-None-Match, and without it nothing is delivered just once",
}
_CODES: Final[dict[str, tuple[type[StorageError], str]]] = {
    **{code: (StorageUnavailableError, advice) for code, advice in _LATER.items()},
    **{code: (StorageDeniedError, advice) for code, advice in _DENIED.items()},
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What S3 said when it did not say yes.

    Attributes:
        status: The HTTP status; 0 when it is not known.
        code: S3's code, such as `SlowDown`; empty when there was none.
        message: S3's message.
        region: Where the bucket lies, when S3 said so.
    """

    status: int
    code: str = ""
    message: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure, judged.

    Attributes:
        error: What to raise.
        of_credentials: Whether other credentials could help: a client that holds them had better be opened anew.
    """

    error: StorageError
    of_credentials: bool = False


def judge(place: S3Place, doing: Doing, key: str, answer: Answer) -> Fault:
    """Tell what an answer means.

    Args:
        place: Whom it came from.
        doing: What was asked.
        key: The object, relative to the place; empty when the place itself is meant.
        answer: What was said.
    """
    kind, advice = _meaning(doing, answer)
    region = f", {answer.region}" if advice == _REGION and answer.region else ""
    error = kind(f"{subject(place, key)}: cannot be {doing} ({_said(answer)}); {advice}{region}")
    return Fault(error, of_credentials=advice in _OF_CREDENTIALS)


def _meaning(doing: Doing, answer: Answer) -> tuple[type[StorageError], str]:
    """Tell an answer's error and what to do about it: by its code, and by its status when the code says nothing."""
    code = answer.code
    if answer.status == HTTPStatus.CONFLICT and code in {"", "ConditionalRequestConflict"}:
        return StorageConflictError, _AGAIN
    if code in _CODES:
        return _CODES[code]
    if code.startswith("Throttl"):
        return StorageUnavailableError, _AGAIN
    if code.startswith(("AccessDenied", "KMS.")):
        return StorageDeniedError, f"allow these credentials {_PERMISSION[doing]} there"
    return _meaning_of_status(doing, answer.status)


def _meaning_of_status(doing: Doing, status: int) -> tuple[type[StorageError], str]:
    if status in {301, 302, 308}:
        return StorageDeniedError, _REGION
    if status in {401, 403, 405, 501}:
        return StorageDeniedError, f"allow these credentials {_PERMISSION[doing]} there"
    if status in {408, 429} or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return StorageUnavailableError, _AGAIN
    if status == HTTPStatus.NOT_FOUND:
        return (StorageError, "there is no such object") if doing == "read" else (StorageDeniedError, _BUCKET)
    if status >= HTTPStatus.BAD_REQUEST:
        return StorageError, "the store does not take this request"
    return StorageDeniedError, "check the endpoint"


def unavailable(place: S3Place, doing: Doing, key: str, reason: str) -> StorageUnavailableError:
    """Give the error of a request that got no answer: an object may have been written all the same."""
    endpoint = "" if place.endpoint_url is None else f" at {place.endpoint_url}"
    return StorageUnavailableError(
        f"{subject(place, key)}: cannot be {doing} ({reason}); see whether S3 can be reached{endpoint}"
    )


def subject(place: S3Place, key: str) -> str:
    """Name an object, or the place itself, as a user would write it."""
    return f"s3://{place.bucket}/{place.within(key)}" if key else place.location


def _said(answer: Answer) -> str:
    """Put what S3 said into a few words."""
    code = answer.code or f"HTTP {answer.status}"
    return f"{code}: {answer.message[:500]}" if answer.message and answer.message != code else code
