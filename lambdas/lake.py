"""Opening an environment's lake for one call of a function."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from lambdas.telemetry import logger
from usagelake.bootstrap import open_engine
from usagelake.domain.period import format_instant
from usagelake.engines import load_queries
from usagelake.engines.athena import Pace, Run, RunIdentity, read_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from lambdas.settings import FunctionSettings
    from usagelake.domain.environment import LakePlaces
    from usagelake.engines import QueryLibrary
    from usagelake.engines.athena import AthenaEngine
    from usagelake.services.schedules import Schedule

TO_STOP_SECONDS: Final = 20
"""What is left of a call's time when a statement is stopped, so that the failure can be told."""

TO_ROLL_UP_SECONDS: Final = 360
"""What is left of a call's time when no further batch is begun, so that what was taken can be rolled up."""


@dataclass(frozen=True, slots=True)
class Lake:
    """A lake, open.

    Attributes:
        places: Where everything is.
        engine: Where the SQL runs.
        queries: The SQL.
        clock: Tells the time.
        short_of_time: Tells whether the call should come to its end.
    """

    places: LakePlaces
    engine: AthenaEngine
    queries: QueryLibrary
    clock: Callable[[], datetime]
    short_of_time: Callable[[], bool]


@contextmanager
def opened(settings: FunctionSettings, schedule: Schedule, context: LambdaContext) -> Iterator[Lake]:
    """Open the environment's lake for one call.

    A call that Lambda tries again has the same request id: it joins the statement that the first one has left running,
    and takes over the lake from it at once.

    Raises:
        ConfigurationError: The environment is not as it must be.
        EngineError: AWS cannot be reached.
    """
    logger.append_keys(job=schedule.job, scheduled_time=format_instant(schedule.time))
    left = context.get_remaining_time_in_millis() / 1000
    began = time.monotonic()
    identity = RunIdentity(schedule.job, format_instant(schedule.time), context.aws_request_id)
    places = read_places(settings.environment)
    queries = load_queries()
    with open_engine(
        queries,
        settings.library,
        None,
        engine="athena",
        places=places,
        run=Run(identity, secrets.token_hex(4)),
        pace=Pace(deadline=began + left - TO_STOP_SECONDS),
    ) as engine:
        yield Lake(
            places=places,
            engine=engine,  # type: ignore[arg-type]
            queries=queries,
            clock=lambda: datetime.now(UTC),
            short_of_time=lambda: time.monotonic() > began + left - TO_ROLL_UP_SECONDS,
        )
