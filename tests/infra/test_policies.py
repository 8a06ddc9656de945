"""What holds for every policy of every template, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.infra.assembly import ACCOUNT, REGION, Assembly, Resource
from tests.infra.policies import Statement, every_document, listed, statements

IDENTITY = ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
# A key's policy stands on the key: its `*` is that key, and without the account's own statement nobody could ever
# change it again ("Default key policy").
KEY = "AWS::KMS::Key"


def allowed(assembly: Assembly) -> Iterator[tuple[Resource, str, Statement]]:
    """Every statement that allows, with where it stands."""
    for resource, where, document in every_document(assembly):
        for statement in statements(document):
            if statement["Effect"] == "Allow":
                yield resource, f"{resource.stack}/{resource.logical_id}{where}", statement


def test_there_are_policies_of_every_kind_to_judge(assembly: Assembly) -> None:
    kinds = {resource.type for resource, _, _ in allowed(assembly)}
    assert {*IDENTITY, KEY, "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy"} <= kinds


def test_no_statement_allows_all_actions_of_a_service(assembly: Assembly) -> None:
    for resource, where, statement in allowed(assembly):
        for action in listed(statement["Action"]):
            assert "*" not in action or (resource.type == KEY and action == "kms:*"), (where, action)


def test_a_key_is_given_to_nobody_but_its_account_and_one_log_group(assembly: Assembly) -> None:
    for resource, where, statement in allowed(assembly):
        if resource.type != KEY:
            continue
        if statement["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}:
            name = resource.stack.removesuffix("-data").replace("-", "/")
            own = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/{name}/access-log"
            assert statement["Condition"] == {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": own}}, where
        else:
            assert re.fullmatch(r"arn:aws:iam::\d{12}:root", statement["Principal"]["AWS"]), where


def test_no_statement_allows_something_on_every_resource(assembly: Assembly) -> None:
    for resource, where, statement in allowed(assembly):
        if resource.type != KEY:
            for arn in listed(statement.get("Resource", [])):
                assert arn.startswith(("arn:aws:", "<")), (where, arn)
                assert not re.fullmatch(r"arn:aws:[a-z0-9-]+:[^:]*:[^:]*:\*", arn), (where, arn)


def test_a_star_stands_at_the_end_of_a_resource_below_a_name(assembly: Assembly) -> None:
    for resource, where, statement in allowed(assembly):
        if resource.type in IDENTITY:
            for arn in listed(statement.get("Resource", [])):
                assert "*" not in arn or re.fullmatch(r"[^*]+([A-Za-z0-9_-][/:]|/[a-z]+_)\*", arn), (
                    where,
                    arn,
                )


def test_nobody_outside_is_allowed_anything_without_a_condition(assembly: Assembly) -> None:
    for _, where, statement in allowed(assembly):
        principal = statement.get("Principal", {})
        assert principal not in ("*", {"AWS": "*"}), where
        if "Federated" in principal:
            conditions = statement["Condition"]["StringEquals"]
            assert {key.rpartition(":")[2] for key in conditions} >= {"aud", "sub"}, where


def test_services_that_act_for_others_are_held_to_this_account(assembly: Assembly) -> None:
    """A confused deputy: the same service, asked by somebody else's account."""
    alone = {"lambda.amazonaws.com", "apigateway.amazonaws.com"}  # they act for the account that passed them the role
    for _, where, statement in allowed(assembly):
        service = (
            statement.get("Principal", {}).get("Service") if isinstance(statement.get("Principal"), dict) else None
        )
        if service is not None and service not in alone:
            keys = {key for condition in statement.get("Condition", {}).values() for key in condition}
            # The context that CloudWatch Logs encrypts in names the account.
            assert keys & {"aws:SourceAccount", "aws:SourceArn", "kms:EncryptionContext:aws:logs:arn"}, where


def test_nothing_can_change_a_bucket_or_shorten_what_is_locked(assembly: Assembly) -> None:
    forbidden = ("s3:DeleteBucket", "s3:PutBucket", "s3:PutLifecycle", "s3:Bypass", "s3:PutObjectRet", "s3:Replicate")
    for _, where, statement in allowed(assembly):
        for action in listed(statement["Action"]):
            assert not action.startswith(forbidden), (where, action)


def test_nothing_can_delete_an_object_but_a_job_one_of_the_lake_s_tables_or_work(assembly: Assembly) -> None:
    """Neither landing objects nor prices, drafts, leases or results; nor any object's former version."""
    for resource, where, statement in allowed(assembly):
        for action in listed(statement["Action"]):
            if action.startswith("s3:Delete"):
                assert action == "s3:DeleteObject", where
                assert resource.stack.endswith("-roll-up"), where
                for arn in listed(statement["Resource"]):
                    assert re.fullmatch(r"arn:aws:s3:::[a-z-]+-lake/(tables/[a-z_]+|work)/\*", arn), where
