"""The logging handler: billing events from the logger `billing.events` to objects on a store."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from usagelake.shipping.config import ShippingConfig
from usagelake.shipping.drop_reason import DropReason
from usagelake.shipping.environment import options_from
from usagelake.shipping.shipper import open_shipper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from usagelake.shipping.shipper import Shipper
    from usagelake.shipping.snapshot import Snapshot

LOGGER: Final = "billing.events"
"""The logger that services emit on (stargate/data-api); nothing of this package logs below `billing`."""


class BillingEventsHandler(logging.Handler):
    """Delivers each record of the logger `billing.events`, whose message is the event's JSON line, to a store.

    Nothing happens until both switches are on: `emission` and `delivery` (the contract's `billing.s3.enabled`). Then
    the logger's level is set to INFO, for the level is no switch. Formatters are not used: lines are delivered
    verbatim. Records of other loggers, such as those of the AWS SDK, are never taken, wherever the handler is attached.

    `emit` takes a lock and appends to a list; it neither waits nor raises.

    Args:
        to: Where objects go: a folder, or `s3://bucket[/prefix]`.
        emission: Whether this service emits billing events.
        delivery: Whether they are delivered.
        logger: The logger whose records are taken, and those of its children.
        sinks: Called with a `Snapshot` now and then.
        level: As for any handler.
        environment: Where options that are not given are looked up; the process's own by default.
        **options: Those of `ShippingConfig`.

    Raises:
        ConfigurationError: With every option that cannot be what it is.

    Example:
        >>> handler = BillingEventsHandler("s3://usage", emission=True)
        >>> handler.active
        False
    """

    def __init__(
        self,
        to: str | None = None,
        *,
        emission: bool | None = None,
        delivery: bool | None = None,
        logger: str = LOGGER,
        sinks: Sequence[Callable[[Snapshot], None]] = (),
        level: int | str = logging.NOTSET,
        environment: Mapping[str, str] | None = None,
        **options: object,
    ) -> None:
        super().__init__(level)
        given: dict[str, object] = {"to": to, "emission": emission, "delivery": delivery, **options}
        settings = options_from(given, environment)
        self.active = settings.emission and settings.delivery
        self.shipper: Shipper | None = None
        self._logger = logger
        self._below = logger + "."
        if self.active:
            self.shipper = open_shipper(ShippingConfig.of(settings.options), sinks=sinks)
            logging.getLogger(logger).setLevel(logging.INFO)

    def createLock(self) -> None:  # noqa: N802  # the name is logging's
        """Have no lock around `emit`: the shipper has its own, which a fork and a signal handler can live with."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Take a record, if the handler's filters let it pass; never waits, never raises."""
        if self.filters and not self.filter(record):
            return False
        shipper = self.shipper
        if shipper is None or (record.name != self._logger and not record.name.startswith(self._below)):
            return True
        try:
            message = record.msg if not record.args and type(record.msg) is str else record.getMessage()
            shipper.offer(message.encode(), record.created)
        except UnicodeEncodeError:
            shipper.offer(message.encode(errors="surrogatepass"), record.created)
        except Exception:  # noqa: BLE001  # whatever a caller logs is not the caller's to suffer
            shipper.turn_away(repr(record.msg).encode(errors="replace"), DropReason.MESSAGE_BROKEN)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record, whoever calls: there is no lock around it, the shipper has its own."""
        self.handle(record)

    def flush(self) -> None:
        """Wait until what was emitted is delivered, for at most the shutdown deadline.

        `dictConfig` flushes and closes the handlers that it replaces while it holds logging's own lock, which uploads
        may need: then nobody waits, and the events are delivered all the same.
        """
        if self.shipper is None:
            return
        if _logging_is_locked():
            self.shipper.retire()
        else:
            self.shipper.flush(self.shipper.patience())

    def close(self) -> None:
        """Let go of the handler; what it holds is delivered, and what is emitted all the same is taken."""
        if self.shipper is not None:
            self.shipper.retire()
        super().close()


def _logging_is_locked() -> bool:
    """Tell whether this thread is within a change of logging's configuration."""
    lock = getattr(logging, "_lock", None)
    is_owned = getattr(lock, "_is_owned", None)
    return bool(is_owned()) if is_owned is not None else False
