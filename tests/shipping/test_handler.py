"""The logging handler, as a service meets it."""

from __future__ import annotations

import logging
import logging.config
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.shipping.lines import event
from usagelake.errors import ConfigurationError
from usagelake.shipping.handler import LOGGER, BillingEventsHandler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Give `billing.events` and the root logger back as they were."""
    loggers = [logging.getLogger(), logging.getLogger(LOGGER)]
    kept = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, handlers, level, propagate in kept:
        for handler in logger.handlers[:]:
            logger.removeHandler(handler)
            if handler not in handlers:
                handler.close()
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate


def _landed(folder: Path) -> list[bytes]:
    return [line for file in sorted(folder.rglob("*.jsonl")) for line in file.read_bytes().split(b"\n")[:-1]]


def _handler(folder: Path, **options: Any) -> BillingEventsHandler:
    return BillingEventsHandler(str(folder), emission=True, delivery=True, environment={}, **options)


def _configuration(folder: Path, **options: Any) -> dict[str, Any]:
    handler = {"class": "usagelake.shipping.BillingEventsHandler", "to": str(folder), **options}
    return {"version": 1, "handlers": {"billing": handler}, "loggers": {LOGGER: {"handlers": ["billing"]}}}


def test_three_lines_of_configuration_deliver(tmp_path: Path) -> None:
    """`dictConfig`, both switches on, and the level is INFO without being said."""
    logging.config.dictConfig(_configuration(tmp_path, emission=True, delivery=True))
    logging.getLogger(LOGGER).info(event(1).decode())
    [handler] = logging.getLogger(LOGGER).handlers
    handler.flush()
    assert _landed(tmp_path) == [event(1)]


@pytest.mark.parametrize(
    "switches", [{}, {"emission": True}, {"delivery": True}, {"emission": "off", "delivery": "on"}]
)
def test_nothing_is_delivered_until_both_switches_are_on(tmp_path: Path, switches: dict[str, object]) -> None:
    """And nothing else happens either: no thread, no level, no folder."""
    threads = threading.active_count()
    logging.config.dictConfig(_configuration(tmp_path / "landing", **switches))
    logger = logging.getLogger(LOGGER)
    logger.setLevel(logging.NOTSET)
    logger.warning(event(1).decode())
    logger.handlers[0].flush()
    assert (threading.active_count(), logger.level) == (threads, logging.NOTSET)
    assert not (tmp_path / "landing").exists()


def test_the_environment_can_switch_it_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service whose configuration is fixed is switched from outside."""
    for name in ("EMISSION", "DELIVERY"):
        monkeypatch.setenv(f"USAGELAKE_BILLING_{name}", "on")
    monkeypatch.setenv("USAGELAKE_BILLING_TO", str(tmp_path))
    handler = BillingEventsHandler()
    handler.handle(logging.makeLogRecord({"name": LOGGER, "msg": event(1).decode()}))
    handler.close()
    handler.flush()
    assert _landed(tmp_path) == [event(1)]


def test_a_wrong_option_stops_the_configuration(tmp_path: Path) -> None:
    """A service does not start with events going nowhere."""
    with pytest.raises(ConfigurationError, match="max_event: there is no such option"):
        _handler(tmp_path, max_event=5)
    with pytest.raises(ValueError, match="billing") as raised:
        logging.config.dictConfig(_configuration(tmp_path, emission=True, delivery=True, uploads=0))
    assert isinstance(raised.value.__cause__, ConfigurationError)


def test_other_handlers_are_left_alone(tmp_path: Path) -> None:
    """A second copy, for reconciliation, is one more handler."""
    copy = tmp_path / "copy.jsonl"
    logger = logging.getLogger(LOGGER)
    logger.addHandler(logging.FileHandler(copy))
    logger.addHandler(_handler(tmp_path / "landing"))
    for number in range(120):
        logger.info(event(number).decode())
    for handler in logger.handlers:
        handler.flush()
    assert Counter(_landed(tmp_path / "landing")) == Counter(copy.read_bytes().splitlines())


@pytest.mark.parametrize(
    "name", ["botocore.endpoint", "urllib3.connectionpool", "usagelake.shipping", "billing", "root"]
)
def test_no_other_loggers_records_are_taken(tmp_path: Path, name: str) -> None:
    """Even on the root logger: what the SDK logs of an upload is no billing event."""
    handler = _handler(tmp_path)
    handler.handle(logging.makeLogRecord({"name": name, "msg": event(1).decode()}))
    handler.handle(logging.makeLogRecord({"name": LOGGER + "s", "msg": event(1).decode()}))
    assert handler.shipper is not None
    assert handler.shipper.snapshot().offered == 0


def test_children_of_the_logger_are_taken(tmp_path: Path) -> None:
    """`billing.events.proxy` is a billing logger."""
    handler = _handler(tmp_path)
    handler.handle(logging.makeLogRecord({"name": LOGGER + ".proxy", "msg": event(1).decode()}))
    assert handler.shipper is not None
    assert handler.shipper.close().delivered == 1


def test_filters_of_the_handler_apply(tmp_path: Path) -> None:
    """As of any handler."""
    handler = _handler(tmp_path)
    handler.addFilter(lambda record: "event-1" in record.getMessage())
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    logger.info(event(1).decode())
    logger.info(event(2).decode())
    handler.flush()
    assert _landed(tmp_path) == [event(1)]


class _Broken:
    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize("strength", [None, "sealed", "every-event"])
@pytest.mark.parametrize(
    ("message", "arguments", "reason"),
    [
        ("%d events", ("many",), "message_broken"),
        (_Broken(), (), "message_broken"),
        ("\ud800", (), "not_json"),
        ('{"id":"\ud800","event_type":"t"}', (), "not_utf8"),
        ('{"id":"a",\n"event_type":"t"}', (), "not_one_line"),
        ('{"id":"a\x00","event_type":"t"}', (), "not_json"),
        ("", (), "not_json"),
        (None, (), "not_json"),
        ('{"id":"a","event_type":"../../x"}', (), "event_type_unsafe"),
        ("{" + " " * 1_048_576 + "}", (), "line_too_long"),
    ],
    ids=["arguments", "no text", "surrogate", "surrogate in JSON", "two lines", "NUL", "empty", "None", "path", "long"],
)
def test_bad_input_is_counted_and_never_raises(
    tmp_path: Path, message: object, arguments: tuple[object, ...], reason: str, strength: str | None
) -> None:
    """With its reason, kept where there is a spool; and the next event goes through."""
    spool = {} if strength is None else {"spool": tmp_path / "spool", "spool_strength": strength}
    handler = _handler(tmp_path / "landing", **spool)
    handler.handle(logging.makeLogRecord({"name": LOGGER, "msg": message, "args": arguments}))
    handler.handle(logging.makeLogRecord({"name": LOGGER, "msg": event(1).decode()}))
    assert handler.shipper is not None
    snapshot = handler.shipper.close()
    assert snapshot.balanced
    assert (snapshot.offered, snapshot.delivered, dict(snapshot.dropped)) == (2, 1, {reason: 1})
    assert _landed(tmp_path / "landing") == [event(1)]
    if strength is not None:
        assert f'"reason": "{reason}"' in (tmp_path / "spool" / "rejected.jsonl").read_text()


def test_arguments_are_merged_and_formatters_are_not_used(tmp_path: Path) -> None:
    """A line is delivered verbatim."""
    handler = _handler(tmp_path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    logger.info('{"id":"%s","event_type":"%s","region":"zürich"}', "a", "t")
    handler.flush()
    assert _landed(tmp_path) == ['{"id":"a","event_type":"t","region":"zürich"}'.encode()]


def test_the_deadline_of_an_ending_process_is_one(tmp_path: Path) -> None:
    """What `atexit` has waited for, `logging.shutdown` does not wait for again."""
    (tmp_path / "landing").write_text("no folder")
    handler = _handler(tmp_path / "landing", shutdown_deadline=3.0)
    handler.handle(logging.makeLogRecord({"name": LOGGER, "msg": event(1).decode()}))
    assert handler.shipper is not None
    assert handler.shipper.patience() == 3.0
    handler.shipper.drain(0.2)
    assert handler.shipper.patience() == 1.0


def test_reconfiguring_while_threads_log_loses_nothing(tmp_path: Path) -> None:
    """`dictConfig`, again and again: whatever a handler was handed lands, once."""
    configuration = _configuration(
        tmp_path / "landing", emission=True, delivery=True, spool=str(tmp_path / "spool"), max_age=0.05
    )
    configuration["disable_existing_loggers"] = False
    logging.config.dictConfig(configuration)
    taken: list[bytes] = []
    stop = threading.Event()
    real = BillingEventsHandler.handle

    class Counting(BillingEventsHandler):
        def handle(self, record: logging.LogRecord) -> bool:
            taken.append(str(record.msg).encode())
            return real(self, record)

    def log(thread: int) -> None:
        number = 0
        while not stop.is_set():
            logging.getLogger(LOGGER).info(event(thread * 10**6 + number).decode())
            number += 1

    threads = [threading.Thread(target=log, args=(number,)) for number in range(3)]
    configuration["handlers"]["billing"]["class"] = None
    del configuration["handlers"]["billing"]["class"]
    configuration["handlers"]["billing"]["()"] = Counting
    for thread in threads:
        thread.start()
    shippers = []
    for _ in range(10):
        logging.config.dictConfig(configuration)
        [handler] = logging.getLogger(LOGGER).handlers
        assert isinstance(handler, BillingEventsHandler)
        shippers.append(handler.shipper)
        stop.wait(0.02)
    stop.set()
    for thread in threads:
        thread.join()
    for shipper in shippers:
        assert shipper is not None
        assert shipper.flush(30)
    landed = Counter(_landed(tmp_path / "landing"))
    assert set(landed) >= set(taken)
    assert set(landed.values()) == {1}
