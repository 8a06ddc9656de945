"""Roll-up: the meters' hours, set from the events."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from usagelake.domain.landing import Source
from usagelake.domain.windows import Window, windows
from usagelake.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from usagelake.engines import Engine, QueryLibrary, SqlFile
    from usagelake.services.progress import Progress

HALF_DROPPED = "dropping"
"""Stands for a digest while a meter's usage is being dropped: it equals no SQL's."""


def roll_up(engine: Engine, queries: QueryLibrary, *, clock: Callable[[], datetime], progress: Progress) -> None:
    """Bring `usage_hourly` up to the events and to the meters' SQL.

    An hour is rolled up again when an event was taken into it; a meter as a whole when its SQL, or a view
    that it reads, is not what its rows were computed with. Rows of a meter that no file defines any more
    are dropped. All of it is one change, and doing it twice changes nothing; where an engine has no change over several
    tables, a run that is cut leaves marks by which the next one does it again.

    Args:
        engine: Where the lake lies.
        queries: The SQL; every file of `meters/` is one meter.
        clock: Tells `computed_at`.
        progress: Is told of the work.

    Raises:
        EngineError: A statement failed; nothing has changed.
    """
    digests, rolled, marks = _state(engine, queries)
    if not marks and rolled == digests:
        return
    now = clock()
    progress.start("roll up", total=len(digests), unit="meters")
    with engine.transaction():
        for gone in sorted(rolled.keys() - digests.keys()):
            _drop(engine, queries, gone)
            engine.execute(queries.get("rollup", "forget_meter"), {"meter": gone})
        stale: dict[str, list[datetime]] = defaultdict(list)
        for source, hour, _ in marks:
            stale[source].append(hour)
        for meter in queries.meters():
            if rolled.get(meter.name) == digests[meter.name]:
                hours = (hour for source in queries.sources(meter, tuple(Source)) for hour in stale[source])
                todo = windows(hours, at_most=engine.windows_at_most)
            else:
                _drop(engine, queries, meter.name)
                todo = _all_time(engine, queries)
            for window in todo:
                _set_hours(engine, queries, meter, window, now)
            if rolled.get(meter.name) != digests[meter.name]:
                # Last: where roll-up is no single change, a meter counts as rolled up only when its hours are.
                recorded = {"meter": meter.name, "digest": digests[meter.name]}
                engine.execute(queries.get("rollup", "record_meter"), recorded)
            progress.advance(1)
        if marks:
            read_until = max(marked_at for _, _, marked_at in marks)
            engine.execute(queries.get("rollup", "clear_stale_hours"), {"read_until": read_until})
    progress.finish()


def refuse_half(engine: Engine, queries: QueryLibrary) -> None:
    """Make sure that `usage_hourly` is rolled up from all events, by the meters' SQL as it is.

    Raises:
        EngineError: It is not: a run was cut before its end, and the next one makes up for it.
    """
    digests, rolled, marks = _state(engine, queries)
    if marks or rolled != digests:
        meters = {name for name, _ in rolled.items() ^ digests.items()}
        names = ", ".join(sorted(meters)) or "no meter as a whole"
        raise EngineError(
            f"usage is not rolled up: {len(marks):,} hours wait, and {names}; the next run of ingest does it, "
            "then run this again"
        )


def _state(engine: Engine, queries: QueryLibrary) -> tuple[dict[str, str], dict[str, str], list[tuple[Any, ...]]]:
    """Tell the digests of the meters' SQL, those that usage was rolled up with, and the marks of hours that wait."""
    digests = {meter.name: queries.digest_with_views(meter) for meter in queries.meters()}
    rolled = dict(engine.fetch(queries.get("rollup", "rolled_meters")).rows)
    return digests, rolled, engine.fetch(queries.get("rollup", "stale_hours")).rows


def _drop(engine: Engine, queries: QueryLibrary, meter: str) -> None:
    """Drop a meter's usage; the mark comes first, for SQL that is changed back after a run that was cut."""
    engine.execute(queries.get("rollup", "record_meter"), {"meter": meter, "digest": HALF_DROPPED})
    engine.execute(queries.get("rollup", "drop_meter_usage"), {"meter": meter})


def _all_time(engine: Engine, queries: QueryLibrary) -> list[Window]:
    """Tell the time that holds every event."""
    first, last = engine.fetch(queries.get("rollup", "event_span")).rows[0]
    if first is None:
        return []
    return windows([_hour(first), _hour(last)], at_most=1)


def _hour(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


def _set_hours(engine: Engine, queries: QueryLibrary, meter: SqlFile, window: Window, now: datetime) -> None:
    """Compute a meter's hours within a window, and set them."""
    span = {"start": window.start, "end": window.end}
    engine.stage("meter_rows", meter, {name: span[name] for name in meter.params})
    engine.execute(queries.get("rollup", "drop_vanished_usage"), {**span, "meter": meter.name})
    engine.execute(queries.get("rollup", "merge_usage_hourly"), {**span, "meter": meter.name, "computed_at": now})
