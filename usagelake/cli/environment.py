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
    if given is not None:
        return given
    if places is None:
        raise click.UsageError("Missing option '--landing'.")
    return places.landing


def pricing_of(given: str | None, places: LakePlaces | None) -> str:
    """Tell where prices and customers are, as `landing_of` does.

    Raises:
        click.UsageError: Nobody says it.
    """
    if given is not None:
        return given
    if places is None:
        raise click.UsageError("Missing option '--pricing'.")
    return places.pricing
