"""What AWS's own rules say of the templates, cdk-nag and cfn-lint; and what `make checkov` is told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.infra.assembly import Assembly

# Each rule that is acknowledged anywhere; its reason stands beside the construct.
ACKNOWLEDGED = {
    "AwsSolutions-APIG3",  # no web ACL
    "AwsSolutions-APIG4",  # a key is no authorization
    "AwsSolutions-APIG6",  # no execution log
    "AwsSolutions-COG4",  # no Cognito
    "AwsSolutions-GL1",  # a crawler's log has no key of ours
    "AwsSolutions-IAM4",  # AWS's own policy for API Gateway's logs
    "AwsSolutions-IAM5",  # a star below a prefix
    "AwsSolutions-L1",  # python3.13
    "AwsSolutions-SQS3",  # the queue of dead letters has none of its own
}

# Each check of checkov that some resource is excepted from.
EXCEPTED = {
    "CKV_AWS_115",  # no reserved concurrency
    "CKV_AWS_116",  # no dead-letter queue
    "CKV_AWS_117",  # no VPC
    "CKV_AWS_120",  # no cache
    "CKV_AWS_158",  # a log group without a key of one's own
    "CKV_AWS_173",  # a function's variables without a key of one's own
    "CKV_AWS_18",  # the bucket of the access logs has none
    "CKV_AWS_195",  # a crawler's log without a key of one's own
    "CKV_AWS_26",  # a topic without a key
    "CKV_AWS_27",  # a queue without one
    "CKV_AWS_73",  # no traces
}
SENTENCE = r"[A-Z].{25,}\."


def test_cdk_nag_ran_and_found_nothing_that_lacks_a_reason(assembly: Assembly) -> None:
    """A report names plugins that found something; the canary is a bucket that it must find something at."""
    assert assembly.report["pluginReports"] == []
    (canary,) = assembly.canary_report["pluginReports"]
    assert canary["pluginName"] == "AwsSolutions"
    assert {"AwsSolutions-S1", "AwsSolutions-S10"} <= {each["ruleName"] for each in canary["violations"]}


def test_every_acknowledgment_has_a_reason_in_a_sentence(assembly: Assembly) -> None:
    assert assembly.acknowledged
    for construct, rule, reason in assembly.acknowledged:
        assert re.fullmatch(SENTENCE, reason), (construct, rule)


def test_only_known_rules_are_acknowledged(assembly: Assembly) -> None:
    found = [re.search(r"AwsSolutions-[A-Z0-9]+", rule) for _, rule, _ in assembly.acknowledged]
    assert {each and each[0] for each in found} == ACKNOWLEDGED


def test_no_acknowledgment_lets_a_whole_service_or_every_resource_stand(assembly: Assembly) -> None:
    for construct, rule, _ in assembly.acknowledged:
        assert "Action::" not in rule, construct
        assert not rule.endswith("[Resource::*]"), construct
        assert "IAM5" not in rule or "[Resource::" in rule, construct


def test_every_exception_from_checkov_has_a_reason_in_a_sentence(assembly: Assembly) -> None:
    for resource, check, reason in assembly.excepted:
        assert re.fullmatch(SENTENCE, reason), (resource, check)


def test_only_known_checks_are_excepted(assembly: Assembly) -> None:
    assert {check for _, check, _ in assembly.excepted} == EXCEPTED


def test_what_holds_lines_is_excepted_only_where_nobody_gave_a_key(assembly: Assembly) -> None:
    for resource, check, _ in assembly.excepted:
        assert check != "CKV_AWS_158" or "AccessLog" not in resource or "-full-" not in resource, resource


def test_cfn_lint_finds_nothing(assembly: Assembly) -> None:
    """But W3005 at a function: it is the CDK that has it wait for its role, which a reference makes already."""
    templates = [str(path) for path in sorted(assembly.folder.glob("*.template.json"))]
    assert len(templates) == 5 * 5 + 4 + 1
    run = subprocess.run(
        [sys.executable, "-c", "from cfnlint.runner import main; main()", "--format", "json", "--", *templates],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    found = json.loads(run.stdout)
    assert found, "functions are there, and nothing is found at them: cfn-lint does not look"
    assert [each for each in found if not _is_the_cdk_s(assembly, each)] == []


def _is_the_cdk_s(assembly: Assembly, finding: dict[str, Any]) -> bool:
    stack = Path(finding["Filename"]).name.removesuffix(".template.json")
    section, name, *_ = [*finding["Location"]["Path"], "", ""]
    resource = assembly.templates[stack].get(section, {}).get(name, {})
    return finding["Rule"]["Id"] == "W3005" and resource.get("Type") == "AWS::Lambda::Function"


def test_templates_stay_below_what_cloudformation_takes(assembly: Assembly) -> None:
    for stack, template in assembly.templates.items():
        assert len(template["Resources"]) <= 500, stack
        assert (assembly.folder / f"{stack}.template.json").stat().st_size < 1_000_000, stack
