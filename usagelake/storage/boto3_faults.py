"""What the errors of boto3 and botocore mean to somebody who may try again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from usagelake.errors import StorageDeniedError, StorageError, StorageUnavailableError
from usagelake.storage.s3_faults import Answer, Fault, judge, subject, unavailable

if TYPE_CHECKING:
    from usagelake.storage.s3_faults import Doing
    from usagelake.storage.s3_place import S3Place

_Kinds = tuple[type[Exception], ...]

_NO_ANSWER: Final[_Kinds] = (
    sdk.HTTPClientError,  # timeouts, refusals, resets, closed connections
    sdk.ConnectionError,
    sdk.IncompleteReadError,
    sdk.FlexibleChecksumError,
    ResponseParserError,
    OSError,
)
_OF_ITS_KIND: Final[tuple[tuple[_Kinds, type[StorageError], str, bool], ...]] = (
    (
        (sdk.NoCredentialsError, sdk.PartialCredentialsError),
        StorageDeniedError,
        "give this process credentials: a role, a profile or AWS_ACCESS_KEY_ID",
        True,
    ),
    (
        (sdk.CredentialRetrievalError, sdk.MetadataRetrievalError, sdk.TokenRetrievalError, sdk.SSOError),
        StorageUnavailableError,
        "see whether its credentials can be renewed",
        True,
    ),
    ((sdk.ParamValidationError,), StorageError, "the store does not take this request", False),
    ((sdk.BotoCoreError, ValueError), StorageDeniedError, "correct the SDK's configuration", True),
)


def judge_boto3(place: S3Place, doing: Doing, key: str, error: Exception) -> Fault | None:
    """Tell what an error means; None when it is none of the SDK's.

    Args:
        place: What the client is opened for.
        doing: What was asked.
        key: The object, relative to the place; empty when the place itself is meant.
        error: What was raised.
    """
    if isinstance(error, StorageError):
        return None
    if isinstance(error, sdk.ClientError):
        return judge(place, doing, key, answer_of(error))
    where = f"{subject(place, key)}: cannot be {doing} ({error})"
    if isinstance(error, sdk.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return Fault(StorageDeniedError(f"{where}; have the store's certificate trusted, by AWS_CA_BUNDLE for one"))
    if isinstance(error, _NO_ANSWER):
        return Fault(unavailable(place, doing, key, str(error)))
    for kinds, kind, advice, of_credentials in _OF_ITS_KIND:
        if isinstance(error, kinds) or (kind is StorageUnavailableError and _is_still_expired(error)):
            return Fault(kind(f"{where}; {advice}"), of_credentials)
    return None


def _is_still_expired(error: Exception) -> bool:
    """Tell whether credentials were renewed with expired ones, for which botocore has no class."""
    return type(error) is RuntimeError and "expired" in str(error)


def answer_of(error: sdk.ClientError) -> Answer:
    """Read what S3, or STS on the way to it, said."""
    said: dict[str, Any] = dict(error.response.get("Error", {}))
    meta: dict[str, Any] = dict(error.response.get("ResponseMetadata", {}))
    status = int(meta.get("HTTPStatusCode", 0))
    code = str(said.get("Code", ""))
    return Answer(
        status=status,
        code="" if code == str(status) else code,
        message=str(said.get("Message", "")),
        region=str(meta.get("HTTPHeaders", {}).get("x-amz-bucket-region") or said.get("Region") or ""),
    )
