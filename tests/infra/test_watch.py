"""Alarms, budget, dashboard: whoever must know is told, and told what to do."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from aws_lambda_powertools.metrics import EphemeralMetrics

from infra.config import ENVIRONMENTS
from infra.settings import Environment
from lambdas.telemetry import NAMESPACE, UNITS
from tests.infra.assembly import ACCOUNT, REGION, Assembly
from tests.infra.conftest import ROOT
from tests.infra.environments import DIRECT, FULL
from usagelake.shipping.metrics.counts import COUNTERS, GAUGES

EVERY = (*ENVIRONMENTS, FULL, DIRECT)
each_environment = pytest.mark.parametrize("environment", EVERY, ids=lambda environment: environment.name)

STREAM = {"DeliveryStreamName": "usage-full-access-log"}
SHIPPER = {"host": "data-api-1"}
INGEST = "usage-full-ingest-and-roll-up"
DRAFTS = "usage-full-bill-drafts"
TOLD_BY_INGEST = {"environment": "full", "service": INGEST}
TOLD_BY_DRAFTS = {"environment": "full", "service": DRAFTS}

# Namespace, metric, dimensions, statistic, period, threshold, comparison, periods, and what missing figures are.
ABOVE, BELOW, FINE, WRONG = "GreaterThanThreshold", "LessThanThreshold", "notBreaching", "breaching"
SINGLE = {
    "delivery-stale": ("AWS/Firehose", "DeliveryToS3.DataFreshness", STREAM, "Maximum", 300, 700, ABOVE, 2, FINE),
    "delivery-failing": ("AWS/Firehose", "DeliveryToS3.Success", STREAM, "Average", 300, 1, BELOW, 2, FINE),
    "stream-throttled": ("AWS/Firehose", "ThrottledRecords", STREAM, "Sum", 300, 0, ABOVE, 3, FINE),
    "error-objects": (
        "AWS/S3",
        "PutRequests",
        {"BucketName": FULL.landing_bucket, "FilterId": "errors"},
        "Sum",
        300,
        0,
        ABOVE,
        1,
        FINE,
    ),
    **{
        name: figures
        for function in (INGEST, DRAFTS)
        for own in [{"FunctionName": function}]
        for name, figures in {
            f"job-failing-{function}": ("AWS/Lambda", "Errors", own, "Sum", 300, 0, ABOVE, 1, FINE),
            f"job-throttled-{function}": ("AWS/Lambda", "Throttles", own, "Sum", 300, 0, ABOVE, 6, FINE),
            f"job-slow-{function}": ("AWS/Lambda", "Duration", own, "Maximum", 300, 810_000, ABOVE, 1, FINE),
        }.items()
    },
    "dead-letters": (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": "usage-full-dead-letters"},
        "Maximum",
        300,
        0,
        ABOVE,
        1,
        FINE,
    ),
    "roll-up-late": ("usagelake", "ObjectsTaken", TOLD_BY_INGEST, "SampleCount", 3600, 1, BELOW, 4, WRONG),
    "drafts-late": ("usagelake", "DraftsWritten", TOLD_BY_DRAFTS, "SampleCount", 3600, 1, BELOW, 20, WRONG),
    "objects-waiting": ("usagelake", "ObjectsWaiting", TOLD_BY_INGEST, "Minimum", 3600, 0, ABOVE, 6, FINE),
    "lines-quarantined": ("usagelake", "LinesQuarantined", TOLD_BY_INGEST, "Sum", 3600, 0, ABOVE, 1, FINE),
    "objects-unreadable": ("usagelake", "UnreadableObjects", TOLD_BY_INGEST, "Sum", 3600, 0, ABOVE, 1, FINE),
    "usage-unassigned": ("usagelake", "Unassigned", TOLD_BY_DRAFTS, "Sum", 3600, 0, ABOVE, 1, FINE),
    "usage-unpriced": ("usagelake", "Unpriced", TOLD_BY_DRAFTS, "Sum", 3600, 0, ABOVE, 1, FINE),
    "events-dropped-data-api-1": ("usagelake/shipping", "dropped", SHIPPER, "Sum", 300, 0, ABOVE, 1, FINE),
    "events-failed-data-api-1": ("usagelake/shipping", "failed", SHIPPER, "Sum", 300, 0, ABOVE, 1, FINE),
    "spool-full-data-api-1": ("usagelake/shipping", "spool_bytes", SHIPPER, "Maximum", 300, 12345678, ABOVE, 2, FINE),
    "shipper-silent-data-api-1": ("usagelake/shipping", "offered", SHIPPER, "SampleCount", 2700, 1, BELOW, 1, WRONG),
}
COMPUTED = {
    "subscription-errors": 1,
    "subscription-throttled": 3,
    "nothing-delivered": 2,
    "nothing-logged-orders/live": 2,
    "nothing-logged-usage-full/v1": 2,
}


def alarms(assembly: Assembly, environment: Environment = FULL) -> dict[str, dict[str, Any]]:
    prefix = f"usage-{environment.name}-"
    return {
        each.properties["AlarmName"].removeprefix(prefix): each.properties
        for each in assembly.resources("AWS::CloudWatch::Alarm", f"{prefix}watch")
    }


def test_there_is_an_alarm_for_each_way_in_which_data_can_stop(assembly: Assembly) -> None:
    assert alarms(assembly).keys() == SINGLE.keys() | COMPUTED.keys()


@pytest.mark.parametrize("name", SINGLE)
def test_an_alarm_looks_at_its_metric_and_compares_it(assembly: Assembly, name: str) -> None:
    own = alarms(assembly)[name]
    assert (
        own["Namespace"],
        own["MetricName"],
        {each["Name"]: each["Value"] for each in own["Dimensions"]},
        own["Statistic"],
        own["Period"],
        own["Threshold"],
        own["ComparisonOperator"],
        own["EvaluationPeriods"],
        own["TreatMissingData"],
    ) == SINGLE[name]


@pytest.mark.parametrize(("alarm", "metric"), [("errors", "DeliveryErrors"), ("throttled", "DeliveryThrottling")])
def test_the_subscription_is_watched_whatever_its_destination_is_called(
    assembly: Assembly, alarm: str, metric: str
) -> None:
    own = alarms(assembly)[f"subscription-{alarm}"]
    (query,) = own["Metrics"]
    assert (
        query["Expression"] == f"SELECT SUM({metric}) FROM \"AWS/Logs\" WHERE LogGroupName = '/usage/full/access-log'"
    )
    assert (own["Threshold"], own["ComparisonOperator"], query["Period"]) == (0, ABOVE, 300)
    assert own["EvaluationPeriods"] == COMPUTED[f"subscription-{alarm}"]


SILENCE = {
    "nothing-delivered": (
        ("AWS/Logs", "IncomingLogEvents", {"LogGroupName": "/usage/full/access-log"}),
        ("AWS/Firehose", "DeliveryToS3.Records", STREAM),
    ),
    "nothing-logged-orders/live": (
        ("AWS/ApiGateway", "Count", {"ApiName": "orders", "Stage": "live"}),
        ("AWS/Logs", "IncomingLogEvents", {"LogGroupName": "/usage/full/access-log"}),
    ),
    "nothing-logged-usage-full/v1": (
        ("AWS/ApiGateway", "Count", {"ApiName": "usage-full", "Stage": "v1"}),
        ("AWS/Logs", "IncomingLogEvents", {"LogGroupName": "/usage/full/access-log"}),
    ),
}


def parts(own: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for each in own["Metrics"]:
        if "MetricStat" in each:
            stat = each["MetricStat"]
            assert (stat["Stat"], stat["Period"]) == ("Sum", 2700)
            metric = stat["Metric"]
            dimensions = {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]}
            found[each["Id"]] = (metric["Namespace"], metric["MetricName"], dimensions)
    return found


@pytest.mark.parametrize("name", SILENCE)
def test_silence_is_a_cause_without_its_effect(assembly: Assembly, name: str) -> None:
    own = alarms(assembly)[name]
    cause, effect = SILENCE[name]
    assert parts(own) == {"cause": cause, "effect": effect}
    (expression,) = [each["Expression"] for each in own["Metrics"] if "Expression" in each]
    assert expression == "IF(FILL(cause, 0) > 0 AND FILL(effect, 0) == 0, 1, 0)"
    assert (own["Threshold"], own["ComparisonOperator"], own["EvaluationPeriods"]) == (0, ABOVE, 2)


def test_the_api_s_own_count_is_that_of_the_api_and_stage_that_exist(assembly: Assembly) -> None:
    api = assembly.one("AWS::ApiGateway::RestApi", "usage-full-api").properties["Name"]
    stage = assembly.one("AWS::ApiGateway::Stage", "usage-full-api").properties["StageName"]
    assert parts(alarms(assembly)[f"nothing-logged-{api}/{stage}"])["cause"][2] == {"ApiName": api, "Stage": stage}


def test_the_counted_error_prefix_is_the_bucket_s(assembly: Assembly) -> None:
    bucket = assembly.one("AWS::S3::Bucket", "usage-full-data", BucketName=FULL.landing_bucket).properties
    assert bucket["MetricsConfigurations"] == [{"Id": "errors", "Prefix": "_errors/"}]
    _, _, dimensions, *_ = SINGLE["error-objects"]
    assert dimensions["FilterId"] == "errors"


def test_a_direct_delivery_is_watched_by_what_the_stream_takes_in(assembly: Assembly) -> None:
    found = alarms(assembly, DIRECT)
    assert not [name for name in found if name.startswith("subscription")]
    metrics = [each["MetricStat"]["Metric"] for each in found["nothing-delivered"]["Metrics"] if "MetricStat" in each]
    assert {each["MetricName"] for each in metrics} == {"IncomingRecords", "DeliveryToS3.Records"}


def test_the_watched_figures_are_those_that_shippers_tell() -> None:
    told = {figure.name for figure in COUNTERS + GAUGES} | {"dropped"}
    watched = {metric for namespace, metric, *_ in SINGLE.values() if namespace == "usagelake/shipping"}
    assert watched <= told


@each_environment
def test_the_dimensions_are_those_that_powertools_writes_for_a_function(
    assembly: Assembly, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A figure is found by all its dimensions or not at all, and Powertools adds one by itself."""
    for function in assembly.resources("AWS::Lambda::Function", f"usage-{environment.name}-roll-up"):
        variables = function.properties["Environment"]["Variables"]
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        metrics = EphemeralMetrics(namespace=NAMESPACE)
        metrics.add_dimension("environment", variables["USAGELAKE_ENVIRONMENT"])
        for name in UNITS:
            metrics.add_metric(name=name, unit="Count", value=1)
        written = metrics.serialize_metric_set()
        (directive,) = written["_aws"]["CloudWatchMetrics"]
        (dimensions,) = directive["Dimensions"]
        told = {name: written[name] for name in dimensions}
        watched = [
            own
            for own in alarms(assembly, environment).values()
            if own.get("Namespace") == "usagelake" and function.properties["FunctionName"] in str(own["Dimensions"])
        ]
        assert watched
        for own in watched:
            assert {each["Name"]: each["Value"] for each in own["Dimensions"]} == told
            assert own["Namespace"] == directive["Namespace"]
            assert own["MetricName"] in UNITS


def test_an_environment_without_jobs_has_no_alarms_for_them(assembly: Assembly) -> None:
    assert not [name for name in alarms(assembly, DIRECT) if name.startswith(("job", "roll-up", "drafts", "dead"))]


@each_environment
def test_every_alarm_tells_the_topic_when_it_begins_and_when_it_ends(
    assembly: Assembly, environment: Environment
) -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:usage-{environment.name}-alerts"
    for name, own in alarms(assembly, environment).items():
        assert own["AlarmActions"] == own["OKActions"] == [topic], name
        assert own.get("ActionsEnabled", True) is True


@each_environment
def test_every_alarm_leads_to_its_runbook(assembly: Assembly, environment: Environment) -> None:
    headings = re.findall(r"^#+ ([a-z-]+)$", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    for name, own in alarms(assembly, environment).items():
        link = re.search(r"What to do: docs/operations\.md#([a-z-]+)$", own["AlarmDescription"])
        assert link is not None, name
        assert name.startswith(link[1])
        assert link[1] in headings, name


def test_the_topic_takes_what_alarms_and_the_budget_of_this_account_say(assembly: Assembly) -> None:
    (policy,) = assembly.resources("AWS::SNS::TopicPolicy", "usage-full-watch")
    allowed = {
        each["Principal"]["Service"]: (each["Action"], each["Condition"])
        for each in policy.properties["PolicyDocument"]["Statement"]
        if each["Effect"] == "Allow"
    }
    own = ("sns:Publish", {"StringEquals": {"aws:SourceAccount": ACCOUNT}})
    assert allowed == {"cloudwatch.amazonaws.com": own, "budgets.amazonaws.com": own}
    (denied,) = [each for each in policy.properties["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_whoever_is_named_is_subscribed(assembly: Assembly) -> None:
    (one,) = assembly.resources("AWS::SNS::Subscription")
    assert (one.properties["Protocol"], one.properties["Endpoint"]) == ("email", "billing@example.com")


@each_environment
def test_a_month_s_cost_is_told_before_and_when_it_is_too_much(assembly: Assembly, environment: Environment) -> None:
    budget = assembly.one("AWS::Budgets::Budget", f"usage-{environment.name}-watch").properties
    assert budget["Budget"]["BudgetLimit"] == {"Amount": environment.watch.monthly_budget_usd, "Unit": "USD"}
    assert (budget["Budget"]["TimeUnit"], budget["Budget"]["BudgetType"]) == ("MONTHLY", "COST")
    told = [
        (each["Notification"]["NotificationType"], each["Notification"]["Threshold"])
        for each in budget["NotificationsWithSubscribers"]
    ]
    assert told == [("ACTUAL", 80), ("FORECASTED", 100)]
    for each in budget["NotificationsWithSubscribers"]:
        assert each["Subscribers"] == [
            {"SubscriptionType": "SNS", "Address": f"arn:aws:sns:{REGION}:{ACCOUNT}:usage-{environment.name}-alerts"}
        ]


@each_environment
def test_there_is_one_dashboard_that_shows_every_alarm(assembly: Assembly, environment: Environment) -> None:
    (dashboard,) = assembly.resources("AWS::CloudWatch::Dashboard", f"usage-{environment.name}-watch")
    body = json.loads(re.sub(r"<[^>]*>", "x", dashboard.properties["DashboardBody"]))
    (status,) = [each for each in body["widgets"] if each["type"] == "alarm"]
    assert len(status["properties"]["alarms"]) == len(alarms(assembly, environment))
