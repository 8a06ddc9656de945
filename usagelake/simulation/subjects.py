"""The subjects of a simulation and who owns them, fixed by index and never by seed.

So one `pricing/customers.csv` fits every simulation of the default size, whatever its seed.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, cycle, islice
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usagelake.simulation.options import SimulationOptions

UNOWNED_API_KEY = 7
"""Index of the API key that nobody owns."""
UNOWNED_TENANT = 5
"""Index of the tenant that nobody owns."""

_SINGLE_TENANT = 9
_ALPHANUMERICS = "0123456789abcdefghijklmnopqrstuvwxyz"
_KEY_LENGTH = 10
_KEYS_OWNED = (4, 1, 2, 1, 3, 1, 1, 2, 1, 2, 2)
_TENANTS_OWNED = (3, 1, 1, 0, 2, 1, 0, 1, 1, 1, 1)
_PLANS = ("enterprise", "starter", "scale", "starter", "growth", "growth", "starter", "scale")
_NAMES = (
    "Aldervale Maps", "Brightwater Labs", "Cobalt Harbour", "Dunmore Freight", "Eastfold Health",
    "Fernhill Games", "Greyling Press", "Highmoor Energy", "Ironbridge Retail", "Juniper Legal",
    "Kestrel Travel", "Larkspur Studio",
)  # fmt: skip
_CHANGES_PLAN = 1
_LEAVES = 6
_CHANGES_AFTER = timedelta(days=9)
_LEAVES_AFTER = timedelta(days=20)
_BY_CUSTOMER = itemgetter(2, 0, 1, 5)
_HEADER = ("subject_type", "subject_id", "customer_id", "customer_name", "plan_id", "valid_from", "valid_to")


def api_key_id(index: int) -> str:
    """Return the id of an API key as API Gateway writes it: ten lower-case alphanumerics, never a value."""
    number = int.from_bytes(hashlib.sha256(b"usagelake api key %d" % index).digest()[:8], "big")
    digits = []
    for _ in range(_KEY_LENGTH):
        number, digit = divmod(number, len(_ALPHANUMERICS))
        digits.append(_ALPHANUMERICS[digit])
    return "".join(digits)


def tenant_id(index: int) -> str:
    """Return the id of a tenant: a UUID, or `SINGLE-TENANT` for the one that upstream calls so."""
    if index == _SINGLE_TENANT:
        return "SINGLE-TENANT"
    digits = hashlib.sha256(b"usagelake tenant %d" % index).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"


@dataclass(frozen=True, slots=True)
class Ownership:
    """Which customer owns which subject, and when.

    Args:
        options: The simulation's options: customers, API keys, tenants and the period count.
    """

    options: SimulationOptions

    @property
    def api_keys(self) -> int:
        """How many API keys send traffic, the unowned one included."""
        given = self.options.api_keys
        return self._dealt(_KEYS_OWNED) + 1 if given is None else given

    @property
    def tenants(self) -> int:
        """How many tenants send traffic, the unowned one included."""
        given = self.options.tenants
        return self._dealt(_TENANTS_OWNED) + 1 if given is None else given

    @property
    def leaves_at(self) -> datetime:
        """The first instant of the day on which a customer leaves, and its subjects fall silent."""
        return datetime.combine(self.options.start.astimezone(UTC).date() + _LEAVES_AFTER, time(), tzinfo=UTC)

    def leaving_api_keys(self) -> frozenset[int]:
        """Return the indexes of the leaving customer's API keys."""
        owners = self._owners(_KEYS_OWNED, self.api_keys, UNOWNED_API_KEY)
        return frozenset(key for key, owner in owners if owner == _LEAVES)

    def leaving_tenants(self) -> frozenset[int]:
        """Return the indexes of the leaving customer's tenants."""
        owners = self._owners(_TENANTS_OWNED, self.tenants, UNOWNED_TENANT)
        return frozenset(tenant for tenant, owner in owners if owner == _LEAVES)

    def customers_csv(self) -> str:
        """Return the customers file that covers every subject but the unowned ones.

        It shows a customer with several keys and tenants, a key whose plan changes on the tenth day of the
        period, a customer who leaves and one without usage.
        """
        rows = sorted(self._rows(), key=_BY_CUSTOMER)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_HEADER)
        writer.writerows(rows)
        return text.getvalue()

    def _rows(self) -> Iterator[tuple[str, ...]]:
        since = date(self.options.start.year, 1, 1)
        changes_on = self.options.start.astimezone(UTC).date() + _CHANGES_AFTER
        keys = self._owners(_KEYS_OWNED, self.api_keys, UNOWNED_API_KEY)
        tenants = self._owners(_TENANTS_OWNED, self.tenants, UNOWNED_TENANT)
        idle = [("api_key", api_key_id(self.api_keys), self._active)]
        owned = [("api_key", api_key_id(key), owner) for key, owner in keys]
        owned += [("resource", tenant_id(tenant), owner) for tenant, owner in tenants]
        for subject_type, subject_id, owner in chain(owned, idle):
            subject = (subject_type, subject_id, f"cust-{owner + 1:02d}", _name(owner))
            plan = _PLANS[owner % len(_PLANS)]
            if owner == _CHANGES_PLAN and subject_type == "api_key":
                yield (*subject, plan, str(since), str(changes_on))
                yield (*subject, "growth", str(changes_on), "")
            else:
                until = str(self.leaves_at.date()) if owner == _LEAVES else ""
                yield (*subject, plan, str(since), until)

    @property
    def _active(self) -> int:
        return self.options.customers - 1

    def _dealt(self, shares: tuple[int, ...]) -> int:
        return sum(islice(cycle(shares), self._active))

    def _owners(self, shares: tuple[int, ...], subjects: int, unowned: int) -> list[tuple[int, int]]:
        """Deal the subjects out, one each in the first round, the rest to those with larger shares."""
        due = list(islice(cycle(shares), self._active))
        rounds = (owner for turn in range(max(shares)) for owner, share in enumerate(due) if share > turn)
        owned = [index for index in range(subjects) if index != unowned]
        return list(zip(owned, cycle(rounds), strict=False))


def _name(owner: int) -> str:
    return _NAMES[owner] if owner < len(_NAMES) else f"Customer {owner + 1}"
