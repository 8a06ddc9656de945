"""When the jobs run: EventBridge Scheduler, in UTC, and a role that can start them and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_sqs as sqs

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""What Scheduler replaces by the time that was meant, which is the same when it tries again."""

_OLDEST_SECONDS = 3600
_ATTEMPTS = 10


@dataclass(frozen=True, kw_only=True)
class Job:
    """One schedule.

    Args:
        name: Its name.
        when: `rate(…)` or `cron(…)`.
        function: What it starts.
        job: What the event says that is to be done; empty: the function knows one thing.
    """

    name: str
    when: str
    function: lambda_.IFunction
    job: str = ""


class JobSchedules(Construct):
    """The schedules of one environment, in a group of their own.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        name: The group's name, `usage-<env>`.
        jobs: What runs when.
        dead_letters: Where an event goes that cannot be delivered.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, jobs: Sequence[Job], dead_letters: sqs.IQueue
    ) -> None:
        super().__init__(scope, construct_id)
        group = scheduler.CfnScheduleGroup(self, "Group", name=name)
        role = self._role(name, jobs, dead_letters)
        for job in jobs:
            event = {**({"job": job.job} if job.job else {}), "scheduled_time": SCHEDULED_TIME}
            schedule = scheduler.CfnSchedule(
                self,
                f"Schedule-{job.name}",
                name=job.name,
                group_name=name,
                schedule_expression=job.when,
                schedule_expression_timezone="UTC",
                flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
                target=scheduler.CfnSchedule.TargetProperty(
                    arn=job.function.function_arn,
                    role_arn=role.role_arn,
                    input=json.dumps(event),
                    retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=_OLDEST_SECONDS, maximum_retry_attempts=_ATTEMPTS
                    ),
                    dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=dead_letters.queue_arn),
                ),
            )
            schedule.add_resource_dependency(group)
            schedule.node.add_dependency(role.node.find_child("DefaultPolicy"))

    def _role(self, name: str, jobs: Sequence[Job], dead_letters: sqs.IQueue) -> iam.Role:
        stack = cdk.Stack.of(self)
        group = stack.format_arn(service="scheduler", resource="schedule-group", resource_name=name)
        role = iam.Role(
            self,
            "Role",
            description="EventBridge Scheduler starts the jobs",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": stack.account, "aws:SourceArn": group}},
            ),
        )
        functions = list(dict.fromkeys(job.function.function_arn for job in jobs))
        role.add_to_policy(iam.PolicyStatement(sid="Start", actions=["lambda:InvokeFunction"], resources=functions))
        role.add_to_policy(
            iam.PolicyStatement(sid="KeepUndelivered", actions=["sqs:SendMessage"], resources=[dead_letters.queue_arn])
        )
        return role
