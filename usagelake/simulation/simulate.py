"""The entry point: realistic traffic of both sources, written as landing objects."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from usagelake.errors import ConfigurationError, StorageError
from usagelake.simulation.access_log import AccessLog
from usagelake.simulation.account import SimulationAccount
from usagelake.simulation.billing_events import BillingEvents
from usagelake.simulation.delivery import Channel, Mishaps
from usagelake.simulation.draws import seeded
from usagelake.simulation.faults import MalformedLines
from usagelake.simulation.landing_writer import (
    ACCESS_LOG_PREFIX,
    ObjectBuffer,
    Sealing,
    firehose_key,
    shipper_key,
)
from usagelake.simulation.options import epoch_ms
from usagelake.simulation.traffic import HOUR_MS, slots

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from usagelake.simulation.options import SimulationOptions
    from usagelake.simulation.traffic import Source


def simulate(
    options: SimulationOptions,
    landing: Path,
    *,
    expected_file: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> SimulationAccount:
    """Write the traffic that the options ask for into a landing folder, and account for it.

    Memory stays bounded: what is held is a part of an hour, the open objects, and the lines that are late
    or will be redelivered.

    Args:
        options: Size, period, seed and faults.
        landing: The folder to write into; it is made if it does not exist, and must be empty if it does.
        expected_file: Where to write the account as JSON; it may not lie in the landing folder.
        progress: Called with the number of events made since it was last called.

    Returns:
        What was made, exactly.

    Raises:
        ConfigurationError: When the landing folder holds something, or the account would lie in it.
        StorageError: When an object cannot be written.
    """
    _refuse_misplaced(landing, expected_file)
    sources = AccessLog(options), BillingEvents(options)
    for source in sources:
        _write(source, options, landing, progress)
    account = SimulationAccount(options, *(source.account for source in sources))
    if expected_file is not None:
        try:
            expected_file.parent.mkdir(parents=True, exist_ok=True)
            expected_file.write_text(account.to_json(), encoding="utf-8")
        except OSError as error:
            raise StorageError(f"cannot write {expected_file}: {error.strerror}") from error
    return account


def _refuse_misplaced(landing: Path, expected_file: Path | None) -> None:
    if expected_file is not None and expected_file.resolve().is_relative_to(landing.resolve()):
        raise ConfigurationError(
            f"{expected_file} lies in the landing folder, where it would be read as a landing object"
        )
    try:
        landing.mkdir(parents=True, exist_ok=True)
        occupied = any(landing.iterdir())
    except OSError as error:
        raise StorageError(f"cannot use {landing} as landing folder: {error.strerror}") from error
    if occupied:
        raise ConfigurationError(f"{landing} is not empty: simulate into a new folder, or empty this one")


def _write(source: Source, options: SimulationOptions, landing: Path, progress: Callable[[int], None] | None) -> None:
    edge_ms = options.edge_hours * HOUR_MS
    first_ms, last_ms = epoch_ms(options.start) - edge_ms, epoch_ms(options.end) + edge_ms
    rng = seeded(options.seed, f"{source.id_member}/rhythm")
    channels: dict[str, Channel] = {}
    for slot in slots(rng, first_ms=first_ms, last_ms=last_ms, events=source.events):
        for prefix, arrivals_ms, lines in source.render(slot):
            if prefix not in channels:
                channels[prefix] = _channel(prefix, source, options, landing)
            channels[prefix].send(arrivals_ms, lines, slot.end_ms)
        if progress is not None:
            progress(slot.events)
    for channel in channels.values():
        channel.close()
    source.finish()


def _channel(prefix: str, source: Source, options: SimulationOptions, landing: Path) -> Channel:
    firehose = prefix == ACCESS_LOG_PREFIX
    key = firehose_key if firehose else partial(shipper_key, prefix)
    age_s = options.object_age_s
    sealing = Sealing(
        object_bytes=options.object_bytes,
        object_events=None if firehose else options.object_events,
        age_ms=None if age_s is None else 1000 * age_s,
        noise=options.noise,
        compressed=options.compressed,
    )
    live, again = (
        ObjectBuffer(landing, key, sealing, seeded(options.seed, f"{prefix}/{lane}"), source.account)
        for lane in ("live", "again")
    )
    return Channel(
        live=live,
        again=again,
        mishaps=Mishaps(
            duplicates=options.duplicates,
            late=options.late,
            malformed=options.malformed,
            spoiler=MalformedLines(source.id_member, seeded(options.seed, f"{prefix}/faults")),
            rng=seeded(options.seed, f"{prefix}/delivery"),
        ),
        account=source.account,
    )
