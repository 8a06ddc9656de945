"""A wrong configuration is refused before anything is synthesized, with one line that says what to change."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from infra.config import ENVIRONMENTS, choose
from infra.faults import LOG_RETENTION_DAYS, faults_of
from infra.roll_up_settings import RollUp
from infra.settings import Api, Environment, Producer, Retention, Writer
from infra.watch_settings import Watch
from tests.infra.conftest import ROOT
from tests.infra.environments import DIRECT, FULL, WRITERS
from usagelake.errors import ConfigurationError

SOUND = Environment(name="dev", landing_bucket="serverless-usage-dev", api=Api(backend_url="https://b.example.com"))
EKS = WRITERS[0]
ATTACHED = FULL.attached[0]


def kept(**days: Any) -> Environment:
    return replace(SOUND, retention=replace(Retention(), **days))


def writing(writer: Writer, **changes: Any) -> Environment:
    return replace(SOUND, writers=(replace(writer, **changes),))


def plan(**changes: Any) -> Environment:
    return replace(SOUND, api=Api(backend_url="https://b.example.com", plans=(replace(FULL.api.plans[1], **changes),)))


def jobs(**changes: Any) -> Environment:
    return replace(SOUND, roll_up=replace(RollUp(), **changes))


WRONG = {
    "environment": (replace(SOUND, name="Dev_1"), "an environment's name"),
    "bucket upper case": (replace(SOUND, landing_bucket="Serverless-Usage"), "lower-case letters"),
    "bucket underscore": (replace(SOUND, landing_bucket="serverless_usage"), "lower-case letters"),
    "bucket hyphen first": (replace(SOUND, landing_bucket="-usage-dev"), "lower-case letters"),
    "bucket hyphen last": (replace(SOUND, landing_bucket="usage-dev-"), "lower-case letters"),
    "bucket dot": (replace(SOUND, landing_bucket="serverless.usage"), "use a hyphen"),
    "bucket short": (replace(SOUND, landing_bucket="ab"), "has 2 characters"),
    "bucket long": (replace(SOUND, landing_bucket="a" * 52), "has 52 characters"),
    "bucket reserved start": (replace(SOUND, landing_bucket="xn--usage"), "S3 keeps such names"),
    "bucket reserved end": (replace(SOUND, landing_bucket="usage-s3alias"), "S3 keeps such names"),
    "landing too short": (kept(landing=61, archive_after=None), "retention.landing is 61 days, shorter"),
    "logs too short": (kept(logs=60), "retention.logs is 60 days, shorter"),
    "logs no figure": (kept(logs=100), "CloudWatch does not offer"),
    "errors too short": (kept(errors=30), "retention.errors is 30 days, shorter"),
    "archived in the window": (kept(archive_after=61), "retention.archive_after is 61"),
    "archived after the end": (kept(archive_after=400), "retention.archive_after is 400"),
    "no window": (kept(invoice_window=0), "retention.invoice_window is 0"),
    "no results": (kept(results=0), "retention.results is 0"),
    "no access logs": (kept(access_logs=0), "retention.access_logs is 0"),
    "lock too long": (replace(SOUND, object_lock_days=401), "object_lock_days is 401"),
    "lock of nothing": (replace(SOUND, object_lock_days=0), "object_lock_days is 0"),
    "firehose's prefix": (replace(SOUND, billing_prefixes=("apigw_access",)), "apigw_access is Firehose's own"),
    "hidden prefix": (replace(SOUND, billing_prefixes=("_errors",)), "'_errors' is no prefix"),
    "prefix with a slash": (replace(SOUND, billing_prefixes=("a/b",)), "'a/b' is no prefix"),
    "prefixes of one table": (replace(SOUND, billing_prefixes=("a-b", "a_b")), "a_b stands twice"),
    "first hour": (replace(SOUND, first_hour="2026-01-01"), "first_hour '2026-01-01'"),
    "first hour short": (replace(SOUND, first_hour="2026/1/1/0"), "first_hour '2026/1/1/0'"),
    "request bytes": (replace(SOUND, request_bytes_from="$context.identity.apiKey"), "no authorizer's variable"),
    "backend": (replace(SOUND, api=Api(backend_url="http://b.example.com")), "api.backend_url"),
    "backend with a slash": (replace(SOUND, api=Api(backend_url="https://b.example.com/x/")), "api.backend_url"),
    "stage": (replace(SOUND, api=Api(backend_url="https://b.example.com", stage="v 1")), "api.stage"),
    "no routes": (replace(SOUND, api=Api(backend_url="https://b.example.com", routes=())), "api.routes is empty"),
    "route": (replace(SOUND, api=Api(backend_url="https://b.example.com", routes=("FETCH /x",))), "'FETCH /x' is no"),
    "route twice": (
        replace(SOUND, api=Api(backend_url="https://b.example.com", routes=("GET /x", "GET /x"))),
        "GET /x stands twice",
    ),
    "plan name": (plan(name="a b"), "plan 'a b'"),
    "plan rate": (plan(requests_per_second=0), "requests_per_second is 0"),
    "plan burst": (plan(burst=0), "burst is 0"),
    "plan quota": (plan(monthly_quota=0), "monthly_quota is 0"),
    "key twice": (plan(keys=("one", "one")), "API key one stands twice"),
    "no api id": (replace(SOUND, attached=(replace(ATTACHED, api_id=""),)), "has no api_id"),
    "api id": (replace(SOUND, attached=(replace(ATTACHED, api_id="ABC!"),)), "is no id of a REST API"),
    "no api name": (replace(SOUND, attached=(replace(ATTACHED, api_name=""),)), "has no api_name"),
    "no stage": (replace(SOUND, attached=(replace(ATTACHED, stage=""),)), "is no stage's name"),
    "attached twice": (replace(SOUND, attached=(ATTACHED, ATTACHED)), "abc123def4/live stands twice"),
    "no subject": (writing(EKS, subject=""), "writer eks has no subject"),
    "subject pattern": (writing(EKS, subject="system:serviceaccount:*"), "is a pattern"),
    "no audience": (writing(EKS, audience=""), "writer eks has no audience"),
    "google without audience": (
        writing(WRITERS[1], audience="", prefixes=("data-api",)),
        "writer google has no audience",
    ),
    "no issuer": (writing(EKS, issuer=""), "is no OIDC issuer"),
    "issuer with a scheme": (writing(EKS, issuer="https://x.example.com"), "without https://"),
    "account without arn": (
        Environment(
            name="dev",
            landing_bucket="usage-dev",
            writers=(Writer(name="a", producer=Producer.ACCOUNT, subject="me", prefixes=("data-api",)),),
        ),
        "is not the ARN of a role",
    ),
    "writer's name": (writing(EKS, name="a b"), "writer 'a b'"),
    "writer twice": (replace(SOUND, writers=(EKS, EKS)), "writer eks stands twice"),
    "no prefixes": (writing(EKS, prefixes=()), "writer eks has no prefixes"),
    "writer on firehose's prefix": (writing(EKS, prefixes=("apigw_access",)), "prefix apigw_access is Firehose's own"),
    "writer on an unknown prefix": (writing(EKS, prefixes=("other",)), "'other' stands not in billing_prefixes"),
    "scan limit": (replace(SOUND, scan_limit_bytes=9_999_999), "scan_limit_bytes is 9999999"),
    "freshness": (replace(SOUND, watch=Watch(freshness_seconds=0)), "watch.freshness_seconds is 0"),
    "silence": (replace(SOUND, watch=Watch(silent_minutes=7)), "a multiple of 5"),
    "long silence": (replace(SOUND, watch=Watch(silent_minutes=725)), "at most 720"),
    "schedule": (jobs(hourly="hourly"), "roll_up.hourly 'hourly': it is neither"),
    "schedule with five fields": (jobs(sweep="cron(5 4 * * *)"), "a cron has 6 fields"),
    "schedule of a minute": (jobs(hourly="cron(61 * * * ? *)"), "'61' is no minutes"),
    "schedule of two days": (jobs(sweep="cron(5 4 * * * *)"), "one of day of month and day of week must be `?`"),
    "schedule in plural": (jobs(hourly="rate(1 hours)"), "write `1 hour` and `2 hours`"),
    "schedule that overlaps itself": (jobs(hourly="rate(10 minutes)"), "comes 10 minutes after itself"),
    "cron that overlaps itself": (jobs(sweep="cron(0,5 3 * * ? *)"), "comes 5 minutes after itself"),
    "cron that overlaps itself at midnight": (
        jobs(sweep="cron(0,50 0,23 ? * MON *)"),
        "comes 10 minutes after itself",
    ),
    "drafts that overlap themselves": (jobs(drafts="rate(14 minutes)"), "roll_up.drafts 'rate(14 minutes)' comes 14"),
    "roll-up rarer than its alarm": (
        jobs(hourly="rate(3 hours)"),
        "roll_up.hourly 'rate(3 hours)' leaves up to 180 minutes between its runs: give it 4 or more",
    ),
    "drafts rarer than their alarm": (
        replace(SOUND, watch=Watch(drafts_late_hours=24)),
        "watch.drafts_late_hours is 24, and roll_up.drafts 'cron(30 5 * * ? *)' leaves up to 1440 minutes",
    ),
    "drafts on some days": (jobs(drafts="cron(30 5 ? * MON-FRI *)"), "does not run every day"),
    "a long look back": (replace(SOUND, watch=Watch(drafts_late_hours=169)), "looks back at 168 hours at most"),
    "little memory": (jobs(memory_mb=256), "roll_up.memory_mb is 256: give it 512 to 10240"),
    "layer version": (jobs(pandas_layer_version=0), "roll_up.pandas_layer_version is 0"),
    "layer account": (jobs(pandas_layer_account="aws"), "an account is 12 digits"),
    "pricing location": (replace(SOUND, pricing_location="pricing/"), "write s3://bucket/prefix"),
    "pricing bucket alone": (replace(SOUND, pricing_location="s3://prices"), "write s3://bucket/prefix"),
    "crawler": (replace(SOUND, crawler_schedule="daily"), "crawler_schedule 'daily': it is neither"),
    "crawler at a rate": (replace(SOUND, crawler_schedule="rate(1 day)"), "Glue takes `cron(…)` alone"),
    "budget": (replace(SOUND, watch=Watch(monthly_budget_usd=0)), "watch.monthly_budget_usd is 0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_fault_is_one_line_that_names_the_environment_and_the_fault(name: str) -> None:
    environment, message = WRONG[name]
    faults = faults_of(environment)
    assert len(faults) == 1, faults
    assert faults[0].startswith(f"{environment.name}: ")
    assert message in faults[0]
    assert "\n" not in faults[0]


def test_a_sound_environment_has_no_fault() -> None:
    assert faults_of(SOUND) == []
    assert [fault for each in (*ENVIRONMENTS, FULL, DIRECT) for fault in faults_of(each)] == []


def test_every_fault_of_every_chosen_environment_is_told_at_once() -> None:
    bad = replace(SOUND, landing_bucket="a.b", billing_prefixes=("_x",))
    with pytest.raises(ConfigurationError) as caught:
        choose(among=(bad, replace(bad, name="two")))
    assert len(caught.value.faults) == 4


def test_an_unknown_environment_is_refused_and_a_near_one_named() -> None:
    with pytest.raises(ConfigurationError, match="there is no environment 'pord': did you mean prod"):
        choose("dev,pord")
    with pytest.raises(ConfigurationError, match="there are dev, test, prod"):
        choose("zzz")


def test_environments_are_chosen_by_name_or_all() -> None:
    assert [each.name for each in choose("prod, dev")] == ["prod", "dev"]
    assert [each.name for each in choose("all")] == [each.name for each in choose()] == ["dev", "test", "prod"]


def test_a_fault_of_another_environment_does_not_hinder() -> None:
    bad = replace(SOUND, name="other", landing_bucket="a.b")
    assert choose("dev", (SOUND, bad)) == (SOUND,)


def test_prod_is_protected_and_the_buckets_are_the_contract_s() -> None:
    assert {each.name: each.landing_bucket for each in ENVIRONMENTS} == {
        name: f"serverless-usage-{name}" for name in ("dev", "test", "prod")
    }
    assert all(each.protected for each in ENVIRONMENTS if each.name != "dev")


def test_the_offered_log_retentions_are_cloudwatch_s() -> None:
    """As CloudFormation's own schema of a log group has them."""
    found = [
        schema["properties"]["RetentionInDays"]["enum"]
        for path in (resources.files("cfnlint") / "data" / "schemas" / "resources").iterdir()
        if path.name.endswith(".json") and '"AWS::Logs::LogGroup"' in (text := path.read_text())
        for schema in [json.loads(text)]
        if schema.get("typeName") == "AWS::Logs::LogGroup"
    ]
    assert found == [list(LOG_RETENTION_DAYS)]


def run(context: dict[str, str], environ: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {**environ, "CDK_CONTEXT_JSON": json.dumps(context), "CDK_OUTDIR": str(folder)}
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize(
    ("context", "line"),
    [
        ({"env": "nope"}, "there is no environment 'nope': there are dev, test, prod"),
        (
            {"env": "prod", "destroy-data": "prod"},
            "prod: its data is protected; deploy it with protected=False (infra/config.py) first",
        ),
    ],
    ids=["unknown environment", "destroying protected data"],
)
def test_the_app_ends_with_exit_code_2_and_one_line(
    context: dict[str, str], line: str, environ: Mapping[str, str], tmp_path: Path
) -> None:
    ended = run(context, environ, tmp_path)
    assert ended.returncode == 2, ended.stderr
    told = [each for each in ended.stderr.splitlines() if each and not each.startswith("b'!!")]  # of Node's age
    assert told == [line]
    assert not list(tmp_path.glob("*.template.json"))


@pytest.mark.usefixtures("node")
def test_the_app_writes_the_templates_of_the_environment_that_is_asked_for(
    environ: Mapping[str, str], tmp_path: Path
) -> None:
    ended = run({"env": "test"}, environ, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert {path.name.removesuffix(".template.json") for path in tmp_path.glob("*.template.json")} == {
        f"usage-test-{part}" for part in ("data", "ingestion", "api", "analytics", "roll-up", "watch")
    }
