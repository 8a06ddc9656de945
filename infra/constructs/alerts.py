"""One topic, and everything that tells it: alarms and the budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.constructs.acknowledge import acknowledge
from infra.constructs.alarm import RUNBOOK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.constructs.alarm import AlarmSpec

_WARN_PERCENT = 80
_OVER_PERCENT = 100


class Alerts(Construct):
    """The topic of one environment.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        name: `usage-<env>`: the topic's name begins with it, and each alarm's.
        email: Who is told; empty: nobody yet.
        monthly_budget_usd: What a month may cost.
        alarms: The alarms.

    Attributes:
        alarms: The alarms that were made.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        email: str,
        monthly_budget_usd: int,
        alarms: Iterable[AlarmSpec],
    ) -> None:
        super().__init__(scope, construct_id)
        self._name = name
        self.topic = sns.Topic(self, "Topic", topic_name=f"{name}-alerts", enforce_ssl=True)
        acknowledge(
            self.topic,
            "A message is an alarm's name and figures and leaves by mail; with AWS's own key no alarm could publish.",
            "CKV_AWS_26",
        )
        self._let_publish("cloudwatch.amazonaws.com")
        self._let_publish("budgets.amazonaws.com")
        if email:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        self.alarms = [self._alarm(spec) for spec in alarms]
        self._budget(monthly_budget_usd)

    def _let_publish(self, service: str) -> None:
        """A topic with a policy of its own has lost the default one, which would let the account's services."""
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid=f"Let{service.partition('.')[0].capitalize()}",
                principals=[iam.ServicePrincipal(service)],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )

    def _alarm(self, spec: AlarmSpec) -> cloudwatch.Alarm:
        compare = cloudwatch.ComparisonOperator
        treat = cloudwatch.TreatMissingData
        parts = [spec.name, *([spec.subject] if spec.subject else [])]
        alarm = cloudwatch.Alarm(
            self,
            "-".join(parts),
            alarm_name="-".join([self._name, *parts]),
            alarm_description=f"{spec.meaning} What to do: {RUNBOOK}#{spec.name}",
            metric=spec.metric,
            threshold=spec.threshold,
            comparison_operator=compare.LESS_THAN_THRESHOLD if spec.below else compare.GREATER_THAN_THRESHOLD,
            evaluation_periods=spec.periods,
            datapoints_to_alarm=spec.periods,
            treat_missing_data=treat.BREACHING if spec.missing_is_wrong else treat.NOT_BREACHING,
        )
        action = actions.SnsAction(self.topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        return alarm

    def _budget(self, monthly_usd: int) -> None:
        budget = budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=self._name,
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=monthly_usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                self._notification("ACTUAL", _WARN_PERCENT),
                self._notification("FORECASTED", _OVER_PERCENT),
            ],
        )
        budget.node.add_dependency(self.topic.node.find_child("Policy"))  # a budget asks whether it may publish

    def _notification(self, kind: str, percent: int) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
        return budgets.CfnBudget.NotificationWithSubscribersProperty(
            notification=budgets.CfnBudget.NotificationProperty(
                notification_type=kind,
                comparison_operator="GREATER_THAN",
                threshold=percent,
                threshold_type="PERCENTAGE",
            ),
            subscribers=[budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=self.topic.topic_arn)],
        )
