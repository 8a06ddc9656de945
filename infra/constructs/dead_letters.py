"""Where events go that no function could deal with."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.acknowledge import acknowledge

_DAYS = 14  # the most that SQS keeps


class DeadLetters(Construct):
    """A queue that nobody reads but a person.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        name: The queue's name.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=name,
            retention_period=cdk.Duration.days(_DAYS),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
        )
        acknowledge(
            self.queue, "This is the queue of dead letters itself; nothing is read from it.", "AwsSolutions-SQS3"
        )
        acknowledge(
            self.queue, "SQS's own key encrypts it; it holds a job's name and time, and why it failed.", "CKV_AWS_27"
        )
