"""An S3 server for tests: real HTTP on loopback, faults by a seeded schedule, a journal that outlives its clients."""

from __future__ import annotations

from tests.fakes.s3_server.faults import Denial, Fault, Faults, Outage, OutageKind
from tests.fakes.s3_server.journal import Entry, Journal, StoredBody, read_journal
from tests.fakes.s3_server.process import S3ServerProcess
from tests.fakes.s3_server.server import S3Server
from tests.fakes.s3_server.store import StoredObject

__all__ = [
    "Denial",
    "Entry",
    "Fault",
    "Faults",
    "Journal",
    "Outage",
    "OutageKind",
    "S3Server",
    "S3ServerProcess",
    "StoredBody",
    "StoredObject",
    "read_journal",
]
