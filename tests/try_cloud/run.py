"""`python -m tests.try_cloud.run MINISTACK`: the CDK app on a local emulator of AWS, from requests to the invoice.

Prints one line per link of the flow. What the emulator does not carry is named; where the flow needs it, it is done
by hand, and that line says so. Exits with 1 when a link that should work does not. Nothing leaves this machine but the
fetching of the CDK's command by npx: every AWS client has a loopback endpoint and credentials that are none.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import NoReturn

import boto3

from tests.try_cloud.access_log import format_of, line_of
from tests.try_cloud.backend import Backend
from tests.try_cloud.billing import bill, make_events, ship, tokens_of
from tests.try_cloud.catalogue import look_at_services
from tests.try_cloud.delivery import deliver
from tests.try_cloud.deployment import deploy
from tests.try_cloud.emulator import Emulator
from tests.try_cloud.links import Links
from tests.try_cloud.loopback import ACCOUNT, loopback_surroundings
from tests.try_cloud.templates import templates_of
from tests.try_cloud.traffic import find_api, send

NAME = "usage-dev"
LOG_GROUP = "/usage/dev/access-log"
COUNTS = ("lines", "events", "duplicates", "quarantined", "keyless", "unassigned")
LIMIT_S = 600
REDELIVERED = 5
"""So many lines come twice, as AWS may bring them."""


def main() -> int:
    """Try, and tell."""
    links, started = Links(), monotonic()
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    signal.alarm(LIMIT_S)
    try:
        with tempfile.TemporaryDirectory() as name, Backend() as backend:
            folder = Path(name)
            with Emulator(Path(sys.argv[1]).absolute(), folder / "emulator") as emulator:
                surroundings = loopback_surroundings(emulator.endpoint_url, os.environ)
                os.environ.clear()
                os.environ.update(surroundings)
                _try(folder, emulator.endpoint_url, backend.url, links)
    except Exception as error:  # noqa: BLE001 — whatever happens, what was found so far is told
        links.failed("the rest", f"{type(error).__name__}: {error}")
    sys.stdout.write(f"{links.table()}\n{monotonic() - started:.0f} s\n")
    return links.exit_code


def _out_of_time(*_: object) -> NoReturn:
    raise TimeoutError(f"not done after {LIMIT_S} s")


def _try(folder: Path, endpoint: str, backend_url: str, links: Links) -> None:
    session = boto3.Session()
    assembly = folder / "assembly"
    deploy(assembly, backend_url, session, links)
    landing = look_at_services(session, assembly, links)
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)  # one hour for all: no month ends within it
    api = find_api(session, NAME)
    exchanges = send(endpoint, api, links)
    log_format = format_of(templates_of(assembly)[f"{NAME}-api"])
    lines = [line_of(log_format, each, api, account=ACCOUNT, at=at) for each in exchanges]
    delivered = [*lines, *lines[:REDELIVERED]]
    deliver(session, delivered, at=at, log_group=LOG_GROUP, stream=f"{NAME}-access-log", landing=landing, links=links)
    events = make_events(at)
    ship(events, landing, folder, links)
    summary, quantities = bill(landing, api.key_id, at, folder)
    counted = {name: summary[name] for name in COUNTS}
    wanted = {
        "lines": len(delivered) + len(events),
        "events": len(lines) + len(events),
        "duplicates": REDELIVERED,
        "quarantined": 0,
        "keyless": sum(not each.key_id for each in exchanges),
        "unassigned": [],
    }
    links.equal("usagelake bill counts what was sent", counted, wanted)
    billed = {"api_requests": sum(each.billable for each in exchanges), **tokens_of(events)}
    links.equal("the invoice holds what is billable", {name: quantities.get(name) for name in billed}, billed)


if __name__ == "__main__":
    sys.exit(main())
