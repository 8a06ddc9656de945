"""The places that users name, opened: folders of this machine, and S3."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from usagelake.errors import ConfigurationError
from usagelake.storage.local import LocalFolder
from usagelake.storage.s3_place import S3Place

if TYPE_CHECKING:
    from usagelake.storage.protocol import Storage
    from usagelake.storage.web_identity import RoleCredentials

Client = Literal["boto3", "obstore"]
Credentials = Literal["default", "google", "azure"]

_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
_AZURE_FILE: Final = "AZURE_FEDERATED_TOKEN_FILE"
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+")
_EXTRA: Final = {"boto3": "s3", "obstore": "ship"}


def open_location(  # noqa: PLR0913 (one for each thing that a user may say of a place)
    location: str,
    *,
    create: bool = False,
    endpoint_url: str | None = None,
    client: Client = "boto3",
    credentials: Credentials = "default",
    role_arn: str | None = None,
    audience: str | None = None,
    uploads: int = 4,
    connect_timeout: float = 5.0,
    read_timeout: float = 15.0,
) -> Storage:
    """Open a place, without asking it anything yet.

    Args:
        location: `s3://bucket`, `s3://bucket/prefix`, `file:///folder`, or a folder.
        create: Make the folder when there is none. A bucket is never made.
        endpoint_url: Of an S3 store that is not AWS's own.
        client: What speaks to S3.
        credentials: `default` is the AWS SDK's own chain; `google` and `azure` take `role_arn` by web identity.
        role_arn: The role to take; `AWS_ROLE_ARN` when it is not given.
        audience: Whom Google's token is for; `sts.amazonaws.com` when it is not given.
        uploads: How many threads put at once.
        connect_timeout: Seconds that a connection may take to come about.
        read_timeout: Seconds that the store may be silent.

    Raises:
        ConfigurationError: Something given is wrong, or a library is missing; every fault is named.

    Example:
        >>> open_location("s3://serverless-usage-prod/data-api").location
        's3://serverless-usage-prod/data-api'
    """
    scheme, separator, rest = location.partition("://")
    if not separator or scheme == "file":
        of_s3 = {"endpoint_url": endpoint_url, "role_arn": role_arn, "audience": audience}
        given = [name for name, value in of_s3.items() if value is not None]
        return _open_folder(location, rest if separator else location, create=create, given=given)
    if scheme != "s3":
        raise ConfigurationError(f"{location}: {scheme}:// is unknown; name a folder or s3://bucket/prefix")
    bucket, _, prefix = rest.rstrip("/").partition("/")
    role = role_arn or os.environ.get("AWS_ROLE_ARN", "")
    faults = [
        *_place_faults(location, bucket, prefix, endpoint_url),
        *_credential_faults(credentials, role, role_arn, audience),
        *_figure_faults(uploads, connect_timeout, read_timeout),
    ]
    if client not in _EXTRA:
        faults.append(f"client {client!r} is unknown; choose boto3 or obstore")
    if faults:
        raise ConfigurationError(faults)
    return _open_s3(
        client,
        S3Place(
            bucket=bucket,
            prefix=prefix,
            endpoint_url=endpoint_url,
            credentials=_role_credentials(credentials, role, audience, connect_timeout, read_timeout),
            connections=uploads,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
        ),
    )


def _open_folder(location: str, path: str, *, create: bool, given: list[str]) -> LocalFolder:
    if not path:
        raise ConfigurationError(f"{location or 'the location'} is empty; name a folder or s3://bucket/prefix")
    if given:
        raise ConfigurationError(
            [f"{location}: {name} is for s3://bucket/prefix alone; leave it out" for name in given]
        )
    folder = Path(path)
    try:
        if create:
            folder.mkdir(parents=True, exist_ok=True)
        if folder.is_dir():
            return LocalFolder(folder)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{folder}: the folder cannot be opened ({error}); name another") from error
    raise ConfigurationError(f"{folder}: there is no such folder; name the folder that holds the objects")


def _place_faults(location: str, bucket: str, prefix: str, endpoint_url: str | None) -> list[str]:
    faults = []
    if not _BUCKET.fullmatch(bucket):
        faults.append(f"{location}: {bucket!r} is no bucket's name; write s3://bucket/prefix")
    if prefix and {"", ".", ".."} & {*prefix.split("/")}:
        faults.append(f"{location}: no part of the prefix may be empty, '.' or '..'; write s3://bucket/prefix")
    if endpoint_url is not None and not _is_address(endpoint_url):
        faults.append(f"endpoint_url {endpoint_url!r} is no address; give one such as https://minio.example.com:9000")
    return faults


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _credential_faults(credentials: str, role: str, role_arn: str | None, audience: str | None) -> list[str]:
    if credentials == "default":
        given = [name for name, value in (("role_arn", role_arn), ("audience", audience)) if value is not None]
        return [f"{name} needs credentials 'google' or 'azure'; choose one, or leave it out" for name in given]
    if credentials not in {"google", "azure"}:
        return [f"credentials {credentials!r} are unknown; choose default, google or azure"]
    faults = []
    if not _ROLE.fullmatch(role):
        faults.append(f"role_arn {role!r} is no role; give one such as arn:aws:iam::123456789012:role/shipper")
    if credentials == "azure" and audience is not None:
        faults.append("audience is decided by Azure's token; leave it out")
    if credentials == "azure" and not os.environ.get(_AZURE_FILE):
        faults.append(f"{_AZURE_FILE} is not set; label the pod azure.workload.identity/use=true, or set it")
    return faults


def _figure_faults(uploads: int, connect_timeout: float, read_timeout: float) -> list[str]:
    faults = [] if uploads >= 1 else [f"uploads is {uploads}; give 1 or more"]
    for name, seconds in (("connect_timeout", connect_timeout), ("read_timeout", read_timeout)):
        if not 0 < seconds <= 3600:  # noqa: PLR2004 (NaN is refused, too)
            faults.append(f"{name} is {seconds}; give seconds, more than 0 and at most 3600")
    return faults


def _role_credentials(
    credentials: Credentials, role: str, audience: str | None, connect_timeout: float, read_timeout: float
) -> RoleCredentials | None:
    """Make what takes the role; its modules, which know HTTP, are imported by those who need them alone."""
    if credentials == "default":
        return None
    from usagelake.storage.identity_tokens import DEFAULT_AUDIENCE, azure_token, google_token  # noqa: PLC0415
    from usagelake.storage.web_identity import RoleCredentials  # noqa: PLC0415

    token = (
        azure_token() if credentials == "azure" else google_token(audience or DEFAULT_AUDIENCE, timeout=connect_timeout)
    )
    session_name = os.environ.get("AWS_ROLE_SESSION_NAME") or "usagelake"
    return RoleCredentials(role, token, session_name=session_name, timeout=read_timeout)


def _open_s3(client: Client, place: S3Place) -> Storage:
    """Import what speaks to S3, which is not installed with the package unless it is asked for."""
    try:
        if client == "obstore":
            from usagelake.storage.s3_obstore import S3ByObstore  # noqa: PLC0415

            return S3ByObstore(place)
        from usagelake.storage.s3_boto3 import S3ByBoto3  # noqa: PLC0415

        return S3ByBoto3(place)
    except ImportError as error:
        raise ConfigurationError(
            f"{place.location}: {error.name or error} is not installed; "
            f'install it by: pip install "usagelake[{_EXTRA[client]}]"'
        ) from error
