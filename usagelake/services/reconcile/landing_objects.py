"""Which objects of a landing hold the billing events of a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.domain.landing import Source, arrival_minute, is_landing_object, source_of
from usagelake.services.reconcile.report import LeftOut

if TYPE_CHECKING:
    from datetime import timedelta

    from usagelake.services.reconcile.window import Window
    from usagelake.storage import ObjectInfo, Storage


def objects_of(storage: Storage, window: Window, margin: timedelta) -> tuple[list[ObjectInfo], LeftOut]:
    """List the objects to read, and count the others.

    Args:
        storage: The landing.
        window: What is reconciled.
        margin: How far an object's time, by its key, may be from the window. A key without a time is read.

    Returns:
        The objects in the order of their keys, and what was left out.

    Raises:
        StorageError: The landing cannot be listed.
    """
    objects = []
    left_out = LeftOut()
    for info in storage.list():
        arrival = arrival_minute(info.key)
        if not is_landing_object(info.key):
            left_out.other += 1
            left_out.other_example = min(left_out.other_example or info.key, info.key)
        elif source_of(info.key) is Source.API_REQUESTS:
            left_out.access_logs += 1
        elif arrival is not None and not window.near(arrival, margin):
            left_out.by_time += 1
        else:
            objects.append(info)
    return sorted(objects, key=lambda info: info.key), left_out
