"""What an environment says of itself, in the stead of options that are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from usagelake.domain.environment import LakePlaces


def landing_of(given: str | None, places: LakePlaces | None) -> str:
    """Tell where the landing is: where the user says, else where the environment says.

    Raises:
        click.UsageError: Nobody says it.
    """
    return _said("--landing", given, None if places is None else places.landing)


def pricing_of(given: str | None, places: LakePlaces | None) -> str:
    """Tell where prices and customers are, as `landing_of` does.

    Raises:
        click.UsageError: Nobody says it.
    """
    return _said("--pricing", given, None if places is None else places.pricing)


def _said(option: str, *places: str | None) -> str:
    for place in places:
        if place is not None:
            return place
    raise click.UsageError(f"Missing option '{option}'.")
