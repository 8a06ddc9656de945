"""Counts reach CloudWatch and Prometheus in the formats that these have published, and add up there."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.errors import ConfigurationError
from usagelake.shipping.metrics import EmfSink, PrometheusFile, emf, prometheus_text
from usagelake.shipping.metrics.counts import COUNTERS, GAUGES, since
from usagelake.shipping.snapshot import Snapshot

if TYPE_CHECKING:
    from pathlib import Path

COUNTS = st.integers(0, 2**53)
REASONS = ("buffer_full", "shutdown", "not_json")
SNAPSHOTS = st.builds(
    Snapshot,
    **dict.fromkeys(("offered", "recovered", "delivered", "failed", "buffered", "in_flight", "spooled"), COUNTS),
    **dict.fromkeys(("batches", "bytes", "retries", "spool_bytes"), COUNTS),
    dropped=st.dictionaries(st.sampled_from(REASONS), COUNTS),
    oldest_age=st.floats(0, 1e9),
    last_delivery=st.none() | st.floats(0, 4e9),
)
LABELS = st.dictionaries(st.from_regex(r"(?!__|reason$)[a-zA-Z_][a-zA-Z0-9_]{0,9}", fullmatch=True), st.text())
STILL = Snapshot(
    offered=10, recovered=1, delivered=5, failed=1, dropped={"buffer_full": 2}, buffered=1, in_flight=1, spooled=1,
    batches=2, bytes=1500, retries=3, spool_bytes=4096, oldest_age=1.5, last_delivery=1_760_000_000.25,
)  # fmt: skip
UNITS = {
    "Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None",
    *(
        f"{size}{what}{per}"
        for size in ("Kilo", "Mega", "Giga", "Tera")
        for what in ("bytes", "bits")
        for per in ("", "/Second")
    ),
    *("Bytes", "Bits", "Bytes/Second", "Bits/Second"),
}  # fmt: skip
"""The units that the specification knows."""


def test_every_figure_of_a_snapshot_is_told() -> None:
    """A field that is added later is a counter or a gauge, or this fails."""
    told = {figure.name for figure in (*COUNTERS, *GAUGES)} | {"dropped", "last_delivery"}
    assert told == {field.name for field in fields(Snapshot)}


def check_emf(line: str) -> dict[str, Any]:
    """Hold a line against the rules of the published specification, and give its members."""
    assert "\n" not in line
    assert len(line.encode()) <= 1_048_576
    root: dict[str, Any] = json.loads(line)
    metadata = root.pop("_aws")
    assert metadata.keys() == {"Timestamp", "CloudWatchMetrics"}
    assert type(metadata["Timestamp"]) is int
    for directive in metadata["CloudWatchMetrics"]:
        assert directive.keys() == {"Namespace", "Dimensions", "Metrics"}
        assert 1 <= len(directive["Namespace"]) <= 1024
        assert 1 <= len(directive["Metrics"]) <= 100
        for dimension_set in directive["Dimensions"]:
            assert len(dimension_set) <= 30
            for name in dimension_set:
                assert 1 <= len(name) <= 250
                assert isinstance(root[name], str)
                assert 1 <= len(root[name]) <= 1024
        names = [metric["Name"] for metric in directive["Metrics"]]
        assert len(names) == len(set(names))
        for metric in directive["Metrics"]:
            assert metric.keys() <= {"Name", "Unit", "StorageResolution"}
            assert 1 <= len(metric["Name"]) <= 1024
            assert metric["Unit"] in UNITS
            assert type(root[metric["Name"]]) in (int, float)
    return root


@settings(deadline=None)
@given(SNAPSHOTS, st.floats(0, 4e9))
def test_a_line_is_of_the_embedded_metric_format(snapshot: Snapshot, at: float) -> None:
    """By the specification's rules; each figure has its own name, and each reason for drops too."""
    root = check_emf(emf(snapshot, namespace="a/b", dimensions={"Service": "api", "Zone": "x"}, at=at))
    for figure in (*COUNTERS, *GAUGES):
        assert root.pop(figure.name) == getattr(snapshot, figure.name)
    assert root.pop("dropped") == sum(snapshot.dropped.values())
    for reason, count in snapshot.dropped.items():
        assert root.pop(f"dropped_{reason}") == count
    if snapshot.last_delivery is not None:
        assert root.pop("since_last_delivery") == max(0.0, at - snapshot.last_delivery)
    assert root == {"Service": "api", "Zone": "x"}


def test_the_members_of_a_line() -> None:
    """Time in milliseconds, units, one dimension set."""
    line = emf(STILL, namespace="usage", dimensions={"Service": "api"}, at=1_760_000_000.75)
    metadata = json.loads(line)["_aws"]
    (directive,) = metadata["CloudWatchMetrics"]
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert metadata["Timestamp"] == 1_760_000_000_750
    assert (directive["Namespace"], directive["Dimensions"]) == ("usage", [["Service"]])
    assert {name for name, unit in units.items() if unit == "Bytes"} == {"bytes", "spool_bytes"}
    assert {name for name, unit in units.items() if unit == "Seconds"} == {"oldest_age", "since_last_delivery"}
    assert json.loads(line)["since_last_delivery"] == 0.5


@settings(deadline=None)
@given(st.lists(SNAPSHOTS, min_size=1, max_size=5))
def test_lines_add_up_to_the_last_count(steps: list[Snapshot]) -> None:
    """CloudWatch adds: counters are told once; gauges are told as they are."""
    growing = [steps[0]]
    for step in steps[1:]:
        before = growing[-1]
        reasons = step.dropped.keys() | before.dropped.keys()
        growing.append(
            replace(
                step,
                dropped={r: before.dropped.get(r, 0) + step.dropped.get(r, 0) for r in reasons},
                **{f.name: getattr(before, f.name) + getattr(step, f.name) for f in COUNTERS},
            )
        )
    lines: list[str] = []
    sink = EmfSink(lines.append, namespace="usage", dimensions={"Service": "api"}, clock=lambda: 1.0)
    for snapshot in growing:
        sink(snapshot)
    assert all(line.endswith("\n") for line in lines)
    told = [check_emf(line.removesuffix("\n")) for line in lines]
    for figure in COUNTERS:
        assert sum(root[figure.name] for root in told) == getattr(growing[-1], figure.name)
    for reason, count in growing[-1].dropped.items():
        assert sum(root.get(f"dropped_{reason}", 0) for root in told) == count
    for root, snapshot in zip(told, growing, strict=True):
        assert root["buffered"] == snapshot.buffered


def test_a_line_that_could_not_be_written_is_made_up_for() -> None:
    """The next line tells what both would have."""
    lines: list[str] = []

    def write(line: str) -> None:
        if not lines:
            lines.append("")
            raise OSError("the pipe is full")
        lines.append(line)

    sink = EmfSink(write, namespace="usage", dimensions={})
    with pytest.raises(OSError, match="full"):
        sink(STILL)
    sink(replace(STILL, offered=12))
    assert json.loads(lines[1])["offered"] == 12


def test_a_shipper_that_began_anew_counts_whole() -> None:
    """Nothing negative is told."""
    anew = replace(STILL, offered=3, delivered=0, dropped={})
    assert since(STILL, anew) == anew


@pytest.mark.parametrize(
    ("namespace", "dimensions"),
    [
        ("", {}),
        ("n" * 1025, {}),
        ("n", {f"d{number}": "x" for number in range(31)}),
        ("n", {"": "x"}),
        ("n", {":d": "x"}),
        ("n", {"d" * 251: "x"}),
        ("n", {"d": ""}),
        ("n", {"d": "  "}),
        ("n", {"d": "é"}),
        ("n", {"d": "x" * 1025}),
        ("n", {"_aws": "x"}),
    ],
)
def test_what_cloudwatch_would_pass_over_is_refused(namespace: str, dimensions: dict[str, str]) -> None:
    """When the sink is made, not when it is too late."""
    with pytest.raises(ConfigurationError):
        EmfSink(print, namespace=namespace, dimensions=dimensions)


def test_a_dimension_is_no_metric() -> None:
    """One name cannot hold both."""
    with pytest.raises(ConfigurationError, match="offered"):
        emf(STILL, namespace="n", dimensions={"offered": "x"}, at=0)


SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
Sample = tuple[str, frozenset[tuple[str, str]]]


def parse_prometheus(text: str) -> tuple[dict[str, str], dict[Sample, float]]:
    """Read a page as the published format says; the types of the families, and the samples."""
    assert text.endswith("\n")
    types: dict[str, str] = {}
    helped: set[str] = set()
    samples: dict[Sample, float] = {}
    family = ""
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in helped
            helped.add(family)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family
            assert name not in types
            types[name] = kind
        else:
            match = SAMPLE.fullmatch(line)
            assert match is not None, line
            assert match[1] == family
            written = match[2] or ""
            assert LABEL.sub("", written) == ""
            labels = {
                name: re.sub(r"\\(.)", lambda escape: {"n": "\n"}.get(escape[1], escape[1]), value)
                for name, value in LABEL.findall(written)
            }
            sample = match[1], frozenset(labels.items())
            assert sample not in samples
            samples[sample] = float(match[3])
    assert helped == types.keys()
    return types, samples


@settings(deadline=None)
@given(SNAPSHOTS, LABELS)
def test_a_page_is_of_the_exposition_format(snapshot: Snapshot, labels: dict[str, str]) -> None:
    """Read back by a parser of its own, every figure stands there once, with the labels that were given."""
    types, samples = parse_prometheus(prometheus_text(snapshot, labels=labels))
    common = frozenset(labels.items())
    for name, kind in types.items():
        assert (kind == "counter") == name.endswith("_total")
        assert kind in ("counter", "gauge")
    for figure in COUNTERS:
        assert samples.pop((f"usagelake_shipping_{figure.name}_total", common)) == getattr(snapshot, figure.name)
    for name in ("buffered", "in_flight", "spooled", "spool_bytes"):
        assert samples.pop((f"usagelake_shipping_{name}", common)) == getattr(snapshot, name)
    assert samples.pop(("usagelake_shipping_oldest_age_seconds", common)) == snapshot.oldest_age
    for reason, count in snapshot.dropped.items():
        assert samples.pop(("usagelake_shipping_dropped_total", common | {("reason", reason)})) == count
    last = samples.pop(("usagelake_shipping_last_delivery_timestamp_seconds", common), None)
    assert last == snapshot.last_delivery
    assert not samples


def test_labels_are_escaped() -> None:
    """A backslash, a quotation mark, a line feed."""
    text = prometheus_text(STILL, labels={"a": 'x\\y"z\n'})
    assert 'usagelake_shipping_offered_total{a="x\\\\y\\"z\\n"} 10\n' in text


@pytest.mark.parametrize("name", ["", "1a", "a-b", "__a", "é", "reason", "a b"])
def test_a_wrong_label_is_refused(name: str, tmp_path: Path) -> None:
    """When the sink is made."""
    with pytest.raises(ConfigurationError):
        PrometheusFile(tmp_path / "a.prom", labels={name: "x"})


def test_the_file_is_replaced_whole(tmp_path: Path) -> None:
    """The last page stands there, and nothing beside it."""
    path = tmp_path / "shipping.prom"
    sink = PrometheusFile(path, labels={"service": "api"})
    sink(STILL)
    sink(replace(STILL, offered=99))
    _, samples = parse_prometheus(path.read_text(encoding="utf-8"))
    assert samples["usagelake_shipping_offered_total", frozenset({("service", "api")})] == 99
    assert [file.name for file in tmp_path.iterdir()] == ["shipping.prom"]


def test_a_page_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """What was in the way stays, and no half page stands beside it."""
    path = tmp_path / "shipping.prom"
    (path / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match="shipping"):
        PrometheusFile(path)(STILL)
    assert [file.name for file in tmp_path.iterdir()] == ["shipping.prom"]
