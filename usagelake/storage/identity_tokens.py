"""Tokens by which a machine outside AWS says who it is: Google's metadata server, Azure's federated token file."""

from __future__ import annotations

import os
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from usagelake.errors import StorageDeniedError, StorageUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_AUDIENCE = "sts.amazonaws.com"
AZURE_FILE = "AZURE_FEDERATED_TOKEN_FILE"

_GOOGLE_PATH = "/computeMetadata/v1/instance/service-accounts/default/identity"


def google_token(audience: str = DEFAULT_AUDIENCE, *, timeout: float = 5.0) -> Callable[[], str]:
    """Make a source of identity tokens of this machine's or pod's Google service account.

    The server is `metadata.google.internal`, or what `GCE_METADATA_HOST` names, as for Google's own libraries
    (https://cloud.google.com/compute/docs/instances/verifying-instance-identity).

    Args:
        audience: Whom the token is for: what the role's trust policy asks for as `accounts.google.com:oaud`.
        timeout: Seconds that the server may be silent.

    Returns:
        A function that fetches a token. It raises StorageUnavailableError when the server does not answer, and
        StorageDeniedError when it answers that there is no such account.
    """

    def fetch() -> str:
        host = os.environ.get("GCE_METADATA_HOST") or "metadata.google.internal"
        url = f"http://{host}{_GOOGLE_PATH}?{urlencode({'audience': audience, 'format': 'full'})}"
        request = Request(url, headers={"Metadata-Flavor": "Google"})
        try:
            # The metadata server is never behind a proxy.
            with build_opener(ProxyHandler({})).open(request, timeout=timeout) as answer:
                token: str = answer.read().decode().strip()
        except HTTPError as error:
            with error:
                said = error.read(500).decode(errors="replace").strip()
            reason = f"Google's metadata server at {host} gives no identity token (HTTP {error.code}: {said})"
            if error.code >= 500 or error.code == 429:  # noqa: PLR2004
                raise StorageUnavailableError(f"{reason}; it may work when tried again") from error
            raise StorageDeniedError(
                f"{reason}; give this machine or pod a service account (GKE: Workload Identity)"
            ) from error
        except (OSError, HTTPException, UnicodeError) as error:
            raise StorageUnavailableError(
                f"Google's metadata server at {host} does not answer ({error}); is this machine one of Google Cloud's?"
            ) from error
        return token

    return fetch


def azure_token() -> Callable[[], str]:
    """Make a source of the token that Azure's workload identity keeps in a file and renews there.

    Returns:
        A function that reads the file that `AZURE_FEDERATED_TOKEN_FILE` names at that time. It raises
        StorageDeniedError when there is no such file or nothing in it.
    """

    def read() -> str:
        path = os.environ.get(AZURE_FILE, "")
        try:
            token = Path(path).read_text(encoding="ascii").strip() if path else ""
        except (OSError, UnicodeError) as error:
            raise StorageDeniedError(
                f"{path}: the federated token cannot be read ({error}); {AZURE_FILE} names its file"
            ) from error
        if not token:
            raise StorageDeniedError(
                f"{path or AZURE_FILE}: there is no federated token; label the pod azure.workload.identity/use=true"
            )
        return token

    return read
