"""What the emulator refuses is left out with whatever names it, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.try_cloud.templates import LeftOut, Refusal, leave_out, resources_of

MATHS = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": []}}
PLAIN = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}}
BOARD = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"Body": {"Fn::Join": ["", [{"Ref": "Maths"}]]}}}
LINK = {"Type": "AWS::SNS::Topic", "Properties": {"Name": {"Fn::GetAtt": ["Board", "Arn"]}}, "DependsOn": "Plain"}


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "usage-dev-watch.template.json"
    resources = {"Maths": MATHS, "Plain": PLAIN, "Board": BOARD, "Link": LINK}
    outputs = {"Lost": {"Value": {"Ref": "Link"}}, "Kept": {"Value": {"Ref": "Plain"}}}
    path.write_text(json.dumps({"Resources": resources, "Outputs": outputs}))
    return path


def left(template: Path) -> set[str]:
    return {name for _, name in resources_of(template.parent)}


def test_a_refused_property_takes_what_has_it_and_what_names_that(template: Path) -> None:
    gone = leave_out(template, Refusal(reason="no", type="AWS::CloudWatch::Alarm", property="Metrics"))
    assert gone == [
        LeftOut("Maths", "AWS::CloudWatch::Alarm"),
        LeftOut("Board", "AWS::CloudWatch::Dashboard", named="Maths"),
        LeftOut("Link", "AWS::SNS::Topic", named="Board"),
    ]
    assert left(template) == {"Plain"}
    assert [*json.loads(template.read_text())["Outputs"]] == ["Kept"]


def test_a_refused_resource_takes_that_one_and_nobody_waits_for_it(template: Path) -> None:
    assert leave_out(template, Refusal(reason="no", resource="Plain")) == [LeftOut("Plain", "AWS::CloudWatch::Alarm")]
    assert left(template) == {"Maths", "Board", "Link"}
    assert json.loads(template.read_text())["Resources"]["Link"]["DependsOn"] == []


def test_a_type_that_is_not_there_leaves_the_template_as_it_was(template: Path) -> None:
    before = template.read_text()
    assert leave_out(template, Refusal(reason="no", type="AWS::Budgets::Budget")) == []
    assert template.read_text() == before
