"""Free: a meter that is not priced, on purpose, so that its usage is not listed as unpriced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usagelake.domain.rating.steps import NOTHING_DUE

if TYPE_CHECKING:
    from usagelake.domain.rating.steps import Priced


@dataclass(frozen=True, slots=True)
class Free:
    """Every unit costs nothing."""

    def price(self, quantity: int) -> Priced:  # noqa: ARG002 (the protocol's argument)
        """Charge nothing, whatever the quantity."""
        return NOTHING_DUE
