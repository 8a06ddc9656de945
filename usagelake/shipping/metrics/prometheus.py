"""Counts as Prometheus reads them: the text exposition format 0.0.4.

The format is Prometheus' page "Exposition formats" (https://prometheus.io/docs/instrumenting/exposition_formats/).
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from usagelake.errors import ConfigurationError
from usagelake.shipping.metrics.counts import COUNTERS, DROPPED_HELP, GAUGES, LAST_DELIVERY_HELP, figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from usagelake.shipping.snapshot import Snapshot

_PREFIX: Final = "usagelake_shipping_"
_LABEL_NAME: Final = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
_REASON: Final = "reason"
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def prometheus_text(snapshot: Snapshot, *, labels: Mapping[str, str]) -> str:
    """Write a snapshot as a page that Prometheus scrapes.

    Args:
        snapshot: What to tell.
        labels: Stand on every sample, such as the service's name; `reason` is ours.

    Returns:
        The page, every line ended by a line feed. The time of the last delivery is left out before there is one.

    Raises:
        ConfigurationError: A label's name is none.
    """
    _refuse_wrong_labels(labels)
    return "".join(f"{line}\n" for line in _page(snapshot, labels))


class PrometheusFile:
    """Keeps a page in a file, for the textfile collector of Prometheus' node exporter.

    The collector never sees half a page: each is written beside, under a name that it does not read, and renamed.

    Args:
        path: The file; the collector reads those that end in `.prom`. Each process needs a file, or labels, of its
            own.
        labels: Stand on every sample.

    Raises:
        ConfigurationError: A label's name is none.
    """

    def __init__(self, path: Path, *, labels: Mapping[str, str] | None = None) -> None:
        self._path = path
        self._labels = dict(labels or {})
        _refuse_wrong_labels(self._labels)

    def __call__(self, snapshot: Snapshot) -> None:
        """Write a snapshot.

        Raises:
            OSError: The file cannot be written; the former page stays.
        """
        coming = self._path.with_name(f".{self._path.name}.{os.getpid()}.coming")
        try:
            coming.write_text(prometheus_text(snapshot, labels=self._labels), encoding="utf-8", newline="\n")
            coming.replace(self._path)
        except BaseException:
            coming.unlink(missing_ok=True)
            raise


def _page(snapshot: Snapshot, labels: Mapping[str, str]) -> Iterator[str]:
    for figure, value in figures(snapshot, COUNTERS).items():
        yield from _family(f"{figure.name}_total", "counter", figure.help, [(labels, value)])
    dropped = [({**labels, _REASON: reason}, count) for reason, count in sorted(snapshot.dropped.items())]
    yield from _family("dropped_total", "counter", DROPPED_HELP, dropped)
    for figure, value in figures(snapshot, GAUGES).items():
        name = f"{figure.name}_seconds" if figure.unit == "Seconds" else figure.name
        yield from _family(name, "gauge", figure.help, [(labels, value)])
    delivered = [] if snapshot.last_delivery is None else [(labels, snapshot.last_delivery)]
    yield from _family("last_delivery_timestamp_seconds", "gauge", LAST_DELIVERY_HELP, delivered)


def _family(name: str, kind: str, text: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> Iterator[str]:
    yield f"# HELP {_PREFIX}{name} {text}"
    yield f"# TYPE {_PREFIX}{name} {kind}"
    for labels, value in samples:
        pairs = ",".join(f'{label}="{written.translate(_ESCAPES)}"' for label, written in labels.items())
        yield f"{_PREFIX}{name}{{{pairs}}} {value!r}" if pairs else f"{_PREFIX}{name} {value!r}"


def _refuse_wrong_labels(labels: Mapping[str, str]) -> None:
    wrong = [name for name in labels if not _LABEL_NAME.fullmatch(name) or name == _REASON]
    if wrong:
        raise ConfigurationError(
            [f"label {name!r}: write letters, digits and _, no digit first; `{_REASON}` is taken" for name in wrong]
        )
