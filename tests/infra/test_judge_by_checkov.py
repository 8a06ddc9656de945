"""`make checkov` says so when something is found, when an exception has outlived its finding, and when it is blind."""

from __future__ import annotations

import json

import pytest

from tests.infra.judge_by_checkov import Finding, Report, faults_of, read_report

TOPIC = Finding(template="usage-dev-watch.template.json", resource="AWS::SNS::Topic.Topic", check="CKV_AWS_26")
NONE: frozenset[Finding] = frozenset()
STATED = Report(passed=3, found=NONE, excepted=frozenset({TOPIC}), unread=())
BARE = Report(passed=3, found=frozenset({TOPIC}), excepted=NONE, unread=())
CANARY = Report(passed=0, found=frozenset({TOPIC}), excepted=NONE, unread=())


def test_an_exception_for_each_finding_is_clean() -> None:
    assert faults_of(STATED, BARE, CANARY) == []


@pytest.mark.parametrize(
    ("stated", "bare", "canary", "said"),
    [
        (Report(3, frozenset({TOPIC}), NONE, ()), BARE, CANARY, "CKV_AWS_26 at AWS::SNS::Topic.Topic in usage-dev-"),
        (STATED, Report(4, NONE, NONE, ()), CANARY, "acknowledged and not found"),
        (Report(3, NONE, NONE, ()), BARE, CANARY, "neither found nor acknowledged"),
        (Report(3, NONE, STATED.excepted, ("/x.json",)), BARE, CANARY, "/x.json could not be read"),
        (Report(0, NONE, NONE, ()), Report(0, NONE, NONE, ()), CANARY, "not one check passed"),
        (STATED, BARE, Report(0, NONE, NONE, ()), "checkov does not look"),
    ],
    ids=["found", "outlived", "lost", "unread", "nothing judged", "blind"],
)
def test_each_fault_is_said(stated: Report, bare: Report, canary: Report, said: str) -> None:
    (fault,) = faults_of(stated, bare, canary)
    assert said in fault


def test_a_report_of_checkov_is_read() -> None:
    one = {"file_path": "/usage-dev-watch.template.json", "resource": "AWS::SNS::Topic.Topic", "check_id": "CKV_AWS_26"}
    results = {"passed_checks": [], "failed_checks": [one], "skipped_checks": [], "parsing_errors": ["/x"]}
    report = read_report(json.dumps({"check_type": "cloudformation", "results": results, "summary": {"passed": 7}}))
    assert report == Report(passed=7, found=frozenset({TOPIC}), excepted=NONE, unread=("/x",))


def test_a_run_without_templates_reads_as_nothing_judged() -> None:
    summary = {"passed": 0, "failed": 0, "skipped": 0, "parsing_errors": 0, "resource_count": 0}
    assert read_report(json.dumps(summary)) == Report(passed=0, found=NONE, excepted=NONE, unread=())
