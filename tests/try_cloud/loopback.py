"""Surroundings in which nothing can reach AWS, whatever credentials lie about."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = "000000000000"
REGION = "eu-west-1"
_FOREIGN = ("AWS_", "AMAZON_", "CDK_")


class NotLoopbackError(ValueError):
    """An endpoint that is not this machine's own."""


def loopback_surroundings(endpoint: str, given: Mapping[str, str]) -> dict[str, str]:
    """Make an environment whose every AWS client asks the emulator, with credentials that are none.

    Args:
        endpoint: The emulator's address.
        given: The environment there is; its credentials, profiles, endpoints and CDK settings are left out.

    Raises:
        NotLoopbackError: The endpoint is no loopback address, written as one: a name can lead anywhere.
    """
    _refuse_others(endpoint)
    kept = {name: value for name, value in given.items() if not name.upper().startswith(_FOREIGN)}
    return kept | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ENDPOINT_URL_STS": endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,  # the emulator takes a key of twelve digits for the account
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def _refuse_others(endpoint: str) -> None:
    parts = urlsplit(endpoint)
    try:
        own = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        own = False
    if parts.scheme != "http" or not own:
        raise NotLoopbackError(f"{endpoint}: nothing but http://127.0.0.1:<port> is tried")
