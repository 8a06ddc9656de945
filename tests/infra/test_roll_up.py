"""The jobs: what runs when, how often it is tried, and where it goes when it fails for good."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import pytest

from infra.config import ENVIRONMENTS
from infra.settings import Environment
from infra.stacks.roll_up import overlap_hours
from tests.infra.assembly import ACCOUNT, REGION, Assembly
from tests.infra.conftest import ROOT
from tests.infra.environments import DIRECT, FULL

WITH_JOBS = (*ENVIRONMENTS, FULL)
each_environment = pytest.mark.parametrize("environment", WITH_JOBS, ids=lambda environment: environment.name)
JOBS = ("ingest-and-roll-up", "bill-drafts")


def function(assembly: Assembly, environment: Environment, job: str) -> dict[str, Any]:
    name = f"usage-{environment.name}-{job}"
    return assembly.one("AWS::Lambda::Function", f"usage-{environment.name}-roll-up", FunctionName=name).properties


@each_environment
@pytest.mark.parametrize("job", JOBS)
def test_a_function_is_arm_has_all_the_time_there_is_and_runs_once_at_a_time(
    assembly: Assembly, environment: Environment, job: str
) -> None:
    own = function(assembly, environment, job)
    assert (own["Runtime"], own["Architectures"], own["Timeout"]) == ("python3.13", ["arm64"], 900)
    assert own["MemorySize"] == environment.roll_up.memory_mb
    assert own.get("ReservedConcurrentExecutions") == (1 if environment.roll_up.reserve_concurrency else None)
    assert own["Handler"] == f"lambdas.{job.replace('-', '_')}.handler"


@each_environment
@pytest.mark.parametrize("job", JOBS)
def test_a_function_is_told_which_environment_it_works_for(
    assembly: Assembly, environment: Environment, job: str
) -> None:
    assert function(assembly, environment, job)["Environment"]["Variables"] == {
        "USAGELAKE_ENVIRONMENT": environment.name,
        "USAGELAKE_KEEP_SOURCE_IP": "on" if environment.log_source_ip else "off",
        "USAGELAKE_OVERLAP_HOURS": "2",
        "USAGELAKE_SWEEP_DAYS": str(environment.retention.invoice_window),
        "POWERTOOLS_SERVICE_NAME": f"usage-{environment.name}-{job}",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


@each_environment
def test_one_job_has_aws_s_layer_with_pandas_of_the_configured_version(
    assembly: Assembly, environment: Environment
) -> None:
    settings = environment.roll_up
    layer = (
        f"arn:aws:lambda:{REGION}:{settings.pandas_layer_account}:layer:"
        f"AWSSDKPandas-Python313-Arm64:{settings.pandas_layer_version}"
    )
    assert function(assembly, environment, "bill-drafts")["Layers"] == [layer]
    assert "Layers" not in function(assembly, environment, "ingest-and-roll-up")


def test_all_functions_hold_the_same_content_under_a_name_that_is_known_without_making_it(assembly: Assembly) -> None:
    """One upload serves every environment: the name is made of digests, and of no time and no place."""
    codes = [function(assembly, environment, job)["Code"] for environment in WITH_JOBS for job in JOBS]
    assert {code["S3Bucket"] for code in codes} == {f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"}
    (key,) = {code["S3Key"] for code in codes}
    assert re.fullmatch(r"[0-9a-f]{64}\.zip", key)


@each_environment
def test_a_synthesis_without_the_command_makes_no_package(assembly: Assembly, environment: Environment) -> None:
    """Nothing is downloaded: what would be zipped is not in the assembly."""
    assert not list(assembly.folder.glob("asset.*"))
    assert (assembly.folder / f"usage-{environment.name}-roll-up.template.json").exists()


@each_environment
@pytest.mark.parametrize("job", JOBS)
def test_a_failed_run_is_tried_twice_more_and_then_kept(assembly: Assembly, environment: Environment, job: str) -> None:
    name = f"usage-{environment.name}-{job}"
    own = assembly.one("AWS::Lambda::EventInvokeConfig", f"usage-{environment.name}-roll-up", FunctionName=name)
    assert own.properties["MaximumRetryAttempts"] == 2
    assert own.properties["MaximumEventAgeInSeconds"] == 3600
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:usage-{environment.name}-dead-letters"
    assert own.properties["DestinationConfig"]["OnFailure"]["Destination"] == queue


@each_environment
def test_dead_letters_are_kept_long_encrypted_and_by_tls_alone(assembly: Assembly, environment: Environment) -> None:
    queue = assembly.one("AWS::SQS::Queue", f"usage-{environment.name}-roll-up").properties
    assert queue["QueueName"] == f"usage-{environment.name}-dead-letters"
    assert queue["MessageRetentionPeriod"] == 14 * 86400
    assert queue["SqsManagedSseEnabled"] is True
    policy = assembly.one("AWS::SQS::QueuePolicy", f"usage-{environment.name}-roll-up").properties["PolicyDocument"]
    (statement,) = policy["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


@each_environment
def test_the_schedules_are_those_configured_in_utc_with_the_time_that_was_meant(
    assembly: Assembly, environment: Environment
) -> None:
    schedules = {
        each.properties["Name"]: each.properties
        for each in assembly.resources("AWS::Scheduler::Schedule", f"usage-{environment.name}-roll-up")
    }
    time = "<aws.scheduler.scheduled-time>"
    ingest, drafts = (f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:usage-{environment.name}-{job}" for job in JOBS)
    wanted = {
        "hourly": (environment.roll_up.hourly, ingest, {"job": "hourly", "scheduled_time": time}),
        "sweep": (environment.roll_up.sweep, ingest, {"job": "sweep", "scheduled_time": time}),
        "drafts": (environment.roll_up.drafts, drafts, {"scheduled_time": time}),
    }
    assert {
        name: (each["ScheduleExpression"], each["Target"]["Arn"], json.loads(each["Target"]["Input"]))
        for name, each in schedules.items()
    } == wanted
    for each in schedules.values():
        assert each["ScheduleExpressionTimezone"] == "UTC"
        assert each["FlexibleTimeWindow"] == {"Mode": "OFF"}
        assert each["GroupName"] == f"usage-{environment.name}"
        assert each["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10}
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:usage-{environment.name}-dead-letters"
        assert each["Target"]["DeadLetterConfig"]["Arn"] == queue


@each_environment
@pytest.mark.parametrize("job", JOBS)
def test_a_function_s_log_is_kept_as_long_as_the_access_log(
    assembly: Assembly, environment: Environment, job: str
) -> None:
    log = assembly.one(
        "AWS::Logs::LogGroup", f"usage-{environment.name}-roll-up", LogGroupName=f"/usage/{environment.name}/{job}"
    )
    assert log.properties["RetentionInDays"] == environment.retention.logs
    logging = function(assembly, environment, job)["LoggingConfig"]
    assert logging == {"LogGroup": log.properties["LogGroupName"]}


def test_an_environment_may_have_no_jobs(assembly: Assembly) -> None:
    assert DIRECT.roll_up is None
    assert "usage-direct-roll-up" not in assembly.templates


def test_each_handler_is_there(assembly: Assembly) -> None:
    """The module that a template names defines a function of that name."""
    for own in assembly.resources("AWS::Lambda::Function", "usage-full-roll-up"):
        module, name = own.properties["Handler"].rsplit(".", 1)
        source = (ROOT / module.replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8")
        assert name in {each.name for each in ast.parse(source).body if isinstance(each, ast.FunctionDef)}


@pytest.mark.parametrize(
    ("hourly", "hours"),
    [("rate(30 minutes)", 2), ("rate(1 hour)", 2), ("rate(2 hours)", 3), ("cron(10 0/6 * * ? *)", 7)],
)
def test_a_run_looks_back_beyond_the_one_before_it(hourly: str, hours: int) -> None:
    """Whatever the schedule: no hour falls between two runs."""
    assert overlap_hours(hourly) == hours
