"""Producers put new objects under their own prefixes, and can do nothing else."""

from __future__ import annotations

import pytest

from infra.settings import Writer
from tests.infra.assembly import ACCOUNT, Assembly, Resource
from tests.infra.environments import AZURE_ISSUER, EKS_ISSUER, FULL, WRITERS
from tests.infra.policies import Statement, allows, bucket_statements, policies_of, trusts

NEW = {"s3:if-none-match": "*", "aws:SecureTransport": "true", "s3:TlsVersion": 1.3}
BUCKET = f"arn:aws:s3:::{FULL.landing_bucket}"
KEY = "2026/11/21/10/31/0190b2a0-0000-7000-8000-000000000001.jsonl"

writer = pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)


def role_of(assembly: Assembly, name: str) -> Resource:
    return assembly.one("AWS::IAM::Role", "usage-full-ingestion", RoleName=f"usage-full-writer-{name}")


def request_policy(assembly: Assembly, name: str) -> list[Statement]:
    return [*policies_of(assembly, role_of(assembly, name)), *bucket_statements(assembly, FULL.landing_bucket)]


@writer
def test_a_writer_puts_new_objects_under_each_of_its_prefixes(assembly: Assembly, writer: Writer) -> None:
    policy = request_policy(assembly, writer.name)
    for prefix in writer.prefixes:
        assert allows(policy, "s3:PutObject", f"{BUCKET}/{prefix}/{KEY}", NEW)


@writer
def test_a_writer_overwrites_nothing_since_a_put_without_the_condition_is_denied(
    assembly: Assembly, writer: Writer
) -> None:
    policy = request_policy(assembly, writer.name)
    without = {name: value for name, value in NEW.items() if name != "s3:if-none-match"}
    for prefix in writer.prefixes:
        assert not allows(policy, "s3:PutObject", f"{BUCKET}/{prefix}/{KEY}", without)


@writer
def test_a_writer_puts_nowhere_else(assembly: Assembly, writer: Writer) -> None:
    policy = request_policy(assembly, writer.name)
    others = {*FULL.landing_prefixes, "_errors/apigw_access", f"{writer.prefixes[0]}x"} - {*writer.prefixes}
    for prefix in others:
        assert not allows(policy, "s3:PutObject", f"{BUCKET}/{prefix}/{KEY}", NEW), prefix
    for bucket in (FULL.lake_bucket, FULL.results_bucket, f"{FULL.landing_bucket}x"):
        assert not allows(policy, "s3:PutObject", f"arn:aws:s3:::{bucket}/{writer.prefixes[0]}/{KEY}", NEW), bucket


@writer
def test_a_writer_does_nothing_but_put(assembly: Assembly, writer: Writer) -> None:
    policy = request_policy(assembly, writer.name)
    for action in ("GetObject", "DeleteObject", "DeleteObjectVersion", "PutObjectAcl", "PutObjectTagging"):
        assert not allows(policy, f"s3:{action}", f"{BUCKET}/{writer.prefixes[0]}/{KEY}", NEW), action
    for action in ("ListBucket", "DeleteBucket", "PutBucketPolicy", "PutLifecycleConfiguration"):
        assert not allows(policy, f"s3:{action}", BUCKET, NEW), action


@writer
def test_a_writer_uses_the_key_to_encrypt_and_not_to_decrypt(assembly: Assembly, writer: Writer) -> None:
    key = next(assembly.resources("AWS::KMS::Key", "usage-full-data")).logical_id
    arn = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{key}"
    policy = policies_of(assembly, role_of(assembly, writer.name))
    assert allows(policy, "kms:GenerateDataKey", arn)
    assert not allows(policy, "kms:Decrypt", arn)


@pytest.mark.parametrize("weak", [{"aws:SecureTransport": "false"}, {"s3:TlsVersion": 1.1}], ids=str)
def test_a_put_over_a_weak_connection_is_denied(assembly: Assembly, weak: dict[str, object]) -> None:
    target = f"{BUCKET}/data-api/{KEY}"
    assert not allows(request_policy(assembly, "eks"), "s3:PutObject", target, {**NEW, **weak})


TOKENS = {
    "eks": (
        {"Federated": "issuer"},
        {f"{EKS_ISSUER}:aud": "sts.amazonaws.com", f"{EKS_ISSUER}:sub": "system:serviceaccount:data-api:billing"},
    ),
    "google": (
        {"Federated": "accounts.google.com"},
        {
            "accounts.google.com:aud": "112233445566778899000",
            "accounts.google.com:oaud": "usagelake",
            "accounts.google.com:sub": "112233445566778899000",
        },
    ),
    "azure": (
        {"Federated": "issuer"},
        {f"{AZURE_ISSUER}:aud": "api://usagelake", f"{AZURE_ISSUER}:sub": "55555555-6666-7777-8888-999999999999"},
    ),
}


def issuer_of(assembly: Assembly, name: str) -> dict[str, str]:
    principal, claims = TOKENS[name]
    if principal["Federated"] != "issuer":
        return principal
    issuer = next(iter(claims)).rpartition(":")[0]
    provider = assembly.one("AWS::IAM::OIDCProvider", "usage-full-ingestion", Url=f"https://{issuer}")
    return {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{provider.logical_id}"}


@pytest.mark.parametrize("name", TOKENS)
def test_a_role_is_taken_with_the_right_token_and_with_no_other(assembly: Assembly, name: str) -> None:
    document = role_of(assembly, name).properties["AssumeRolePolicyDocument"]
    principal, (_, claims) = issuer_of(assembly, name), TOKENS[name]
    action = "sts:AssumeRoleWithWebIdentity"
    assert trusts(document, action, principal, claims)
    for claim in claims:
        assert not trusts(document, action, principal, {**claims, claim: "another"}), claim
        assert not trusts(document, action, principal, {key: value for key, value in claims.items() if key != claim})
    assert not trusts(document, action, {"Federated": "arn:aws:iam::1:oidc-provider/another"}, claims)


def test_a_role_of_the_account_is_taken_by_the_one_principal_it_names(assembly: Assembly) -> None:
    document = role_of(assembly, "near").properties["AssumeRolePolicyDocument"]
    assert trusts(document, "sts:AssumeRole", {"AWS": "arn:aws:iam::111122223333:role/billing-task"}, {})
    assert not trusts(document, "sts:AssumeRole", {"AWS": "arn:aws:iam::111122223333:role/another"}, {})


def test_each_issuer_has_one_provider_with_the_audiences_of_its_writers(assembly: Assembly) -> None:
    found = {
        each.properties["Url"]: each.properties["ClientIdList"] for each in assembly.resources("AWS::IAM::OIDCProvider")
    }
    assert found == {f"https://{EKS_ISSUER}": ["sts.amazonaws.com"], f"https://{AZURE_ISSUER}": ["api://usagelake"]}
