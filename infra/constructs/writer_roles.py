"""Roles for producers of billing events, wherever they run: new objects under their prefixes, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.settings import Producer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.constructs.usage_lake import UsageLake
    from infra.settings import Writer

GOOGLE = "accounts.google.com"
"""The one issuer that AWS knows by itself."""


class WriterRoles(Construct):
    """One role per writer, and one OIDC provider per issuer.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        name: `usage-<env>`: a role is `<name>-writer-<writer>`.
        lake: What they write to.
        writers: Who.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, lake: UsageLake, writers: Iterable[Writer]
    ) -> None:
        super().__init__(scope, construct_id)
        everybody = tuple(writers)
        self._providers = {issuer: self._provider(issuer, everybody) for issuer in _issuers(everybody)}
        self.roles: dict[str, iam.Role] = {}
        for writer in everybody:
            role = iam.Role(
                self,
                f"Writer-{writer.name}",
                role_name=f"{name}-writer-{writer.name}",
                description=f"{writer.name} ({writer.producer}) puts billing events",
                assumed_by=self._principal(writer),
                max_session_duration=cdk.Duration.hours(1),
            )
            lake.grant_write_once(role, prefixes=writer.prefixes)
            cdk.CfnOutput(self, f"Role-{writer.name}", value=role.role_arn, description=f"The role of {writer.name}")
            self.roles[writer.name] = role

    def _provider(self, issuer: str, writers: tuple[Writer, ...]) -> iam.CfnOIDCProvider:
        audiences = sorted({writer.audience for writer in writers if writer.issuer == issuer})
        return iam.CfnOIDCProvider(self, f"Issuer-{issuer}", url=f"https://{issuer}", client_id_list=audiences)

    def _principal(self, writer: Writer) -> iam.IPrincipal:
        """Whom the role trusts: always one subject and one audience."""
        if writer.producer is Producer.ACCOUNT:
            return iam.ArnPrincipal(writer.subject)
        if writer.producer is Producer.GOOGLE:
            return iam.WebIdentityPrincipal(
                GOOGLE,
                {
                    "StringEquals": {
                        f"{GOOGLE}:aud": writer.authorized_party or writer.subject,
                        f"{GOOGLE}:oaud": writer.audience,
                        f"{GOOGLE}:sub": writer.subject,
                    }
                },
            )
        return iam.WebIdentityPrincipal(
            self._providers[writer.issuer].attr_arn,
            {"StringEquals": {f"{writer.issuer}:aud": writer.audience, f"{writer.issuer}:sub": writer.subject}},
        )


def _issuers(writers: Iterable[Writer]) -> list[str]:
    return sorted({writer.issuer for writer in writers if writer.producer in (Producer.EKS, Producer.AZURE)})
