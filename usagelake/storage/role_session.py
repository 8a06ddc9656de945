"""A boto3 session whose only credentials are those of a role taken by web identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.credentials import CredentialProvider, CredentialResolver, DeferredRefreshableCredentials

if TYPE_CHECKING:
    from usagelake.storage.web_identity import RoleCredentials


class _RoleProvider(CredentialProvider):
    METHOD = "usagelake-web-identity"

    def __init__(self, credentials: RoleCredentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(refresh_using=self._fetch, method=self.METHOD)

    def _fetch(self) -> dict[str, str]:
        current = self._credentials.current()
        return {
            "access_key": current.access_key_id,
            "secret_key": current.secret_access_key,
            "token": current.session_token,
            "expiry_time": current.expires_at.isoformat(),
        }


def role_session(credentials: RoleCredentials) -> boto3.session.Session:
    """Make a session that asks for a role's credentials when it first signs, and again before they expire."""
    session = botocore.session.get_session()
    session.register_component("credential_provider", CredentialResolver([_RoleProvider(credentials)]))
    return boto3.session.Session(botocore_session=session)
