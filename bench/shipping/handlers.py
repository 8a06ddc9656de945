# ruff: noqa: PLC0415 - what lives in another environment is imported where it is built
"""The logging handlers that are compared: how each is built, with its own defaults, against a server on loopback.

What a handler needs is imported when it is built: ours and its peers live in virtual environments of their own.
"""

from __future__ import annotations

import logging
import queue
from dataclasses import dataclass
from logging.handlers import QueueHandler, QueueListener
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}
"""What the SDK's default chain finds in every process that is measured."""

CREDENTIALS = {
    "region_name": "us-east-1",
    "aws_access_key_id": "any",
    "aws_secret_access_key": "any",
}
BUCKET = "landing"


@dataclass(frozen=True)
class Contestant:
    """One handler in one configuration.

    Attributes:
        name: For the command line.
        title: For the tables.
        peer: Whether it lives in the peers' environment.
        build: Makes the handler, given the endpoint and a folder of its own.
    """

    name: str
    title: str
    peer: bool
    build: Callable[[str, Path], logging.Handler]


def _null(endpoint_url: str, folder: Path) -> logging.Handler:  # noqa: ARG001
    return logging.NullHandler()


def _queue(endpoint_url: str, folder: Path) -> logging.Handler:  # noqa: ARG001
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    QueueListener(waiting, logging.NullHandler()).start()
    return QueueHandler(waiting)  # type: ignore[arg-type]


def _ours(strength: str | None) -> Callable[[str, Path], logging.Handler]:
    def build(endpoint_url: str, folder: Path) -> logging.Handler:
        from usagelake.shipping.handler import BillingEventsHandler

        options: dict[str, Any] = {"to": f"s3://{BUCKET}", "endpoint_url": endpoint_url}
        if strength is not None:
            options |= {"spool": folder / "spool", "spool_strength": strength}
        return BillingEventsHandler(emission=True, delivery=True, **options)

    return build


def _watchtower(endpoint_url: str, folder: Path) -> logging.Handler:  # noqa: ARG001
    import boto3
    import watchtower

    client = boto3.client("logs", endpoint_url=endpoint_url, **CREDENTIALS)
    return watchtower.CloudWatchLogHandler(log_group_name="billing", boto3_client=client)


def _aws_logging_handlers(endpoint_url: str, folder: Path) -> logging.Handler:  # noqa: ARG001
    from aws_logging_handlers.S3 import S3Handler

    return S3Handler("billing", BUCKET, encryption_options={}, endpoint_url=endpoint_url, **CREDENTIALS)


def _s3_log_handler(endpoint_url: str, folder: Path) -> logging.Handler:  # noqa: ARG001
    from s3_log_handler import S3LogHandler

    return S3LogHandler({"endpoint_url": endpoint_url, **CREDENTIALS}, BUCKET)


def _opentelemetry(endpoint_url: str, folder: Path) -> logging.Handler:  # noqa: ARG001
    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogExporter, LogExportResult

    class Nowhere(LogExporter):
        """An exporter that takes no time, so that only the caller's side is measured."""

        def export(self, batch: object) -> LogExportResult:  # noqa: ARG002
            return LogExportResult.SUCCESS

        def shutdown(self) -> None:
            """Have nothing to end."""

        def force_flush(self, timeout_millis: int = 0) -> bool:  # noqa: ARG002
            """Have nothing to wait for."""
            return True

    provider = LoggerProvider()
    provider.add_log_record_processor(BatchLogRecordProcessor(Nowhere()))
    return LoggingHandler(level=logging.NOTSET, logger_provider=provider)


OURS = (
    Contestant("memory", "usagelake, no spool", peer=False, build=_ours(None)),
    Contestant("sealed", "usagelake, `sealed`", peer=False, build=_ours("sealed")),
    Contestant("every-event", "usagelake, `every-event`", peer=False, build=_ours("every-event")),
)
NULL = Contestant("null", "NullHandler", peer=False, build=_null)
QUEUE = Contestant("queue", "QueueHandler and a listener", peer=False, build=_queue)
WATCHTOWER = Contestant("watchtower", "watchtower", peer=True, build=_watchtower)
AWS_LOGGING_HANDLERS = Contestant(
    "aws-logging-handlers", "aws-logging-handlers", peer=True, build=_aws_logging_handlers
)
S3_LOG_HANDLER = Contestant("s3-log-handler", "s3-log-handler", peer=True, build=_s3_log_handler)
OPENTELEMETRY = Contestant("opentelemetry", "OpenTelemetry batch processor", peer=True, build=_opentelemetry)

SHIPPERS = (*OURS, WATCHTOWER, AWS_LOGGING_HANDLERS, S3_LOG_HANDLER)
EMITTERS = (NULL, QUEUE, *OURS, WATCHTOWER, OPENTELEMETRY)
ALL = {contestant.name: contestant for contestant in (*EMITTERS, AWS_LOGGING_HANDLERS, S3_LOG_HANDLER)}


def logger_with(contestant: Contestant, endpoint_url: str, folder: Path) -> logging.Logger:
    """Attach a contestant to the logger of billing events, and to no other."""
    logger = logging.getLogger("billing.events")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(contestant.build(endpoint_url, folder))
    return logger
