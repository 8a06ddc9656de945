"""`usagelake simulate`: traffic to try things on."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import click

from usagelake.bootstrap import example_pricing
from usagelake.cli.console import progress_for
from usagelake.cli.options import FOLDER, json_option, quiet_option
from usagelake.domain.period import Period
from usagelake.services.pricing import CUSTOMERS, PRICE_BOOK
from usagelake.simulation.options import SimulationOptions
from usagelake.simulation.simulate import simulate
from usagelake.simulation.subjects import Ownership

if TYPE_CHECKING:
    from pathlib import Path

_DEFAULTS = SimulationOptions()


@click.command("simulate", short_help="Make realistic traffic, with prices and customers that fit.")
@click.option(
    "--out",
    required=True,
    type=FOLDER,
    metavar="DIR",
    help="Where to write; DIR/landing must be empty or missing.",
)
@click.option("--period", default="2025-10", show_default=True, metavar="YYYY-MM", help="The month of the traffic.")
@click.option(
    "--seed",
    default=_DEFAULTS.seed,
    show_default=True,
    help="Chooses the traffic; the same seed gives the same bytes.",
)
@click.option("--api-requests", default=_DEFAULTS.api_requests, show_default=True, help="Requests in the access logs.")
@click.option("--billing-events", default=_DEFAULTS.billing_events, show_default=True, help="Billing events.")
@click.option(
    "--customers",
    default=_DEFAULTS.customers,
    show_default=True,
    help="Customers; pricing/customers.csv of the project fits the default.",
)
@click.option("--object-bytes", default=_DEFAULTS.object_bytes, show_default=True, help="Most bytes in one object.")
@click.option("--object-events", type=int, help="Most events in one object of billing events (the contract's 50, say).")
@click.option("--layout", type=click.Choice(["contract", "upstream"]), default=_DEFAULTS.layout, show_default=True,
              help="Billing events under their type, or mixed under data-api/.")  # fmt: skip
@click.option("--duplicates", default=_DEFAULTS.duplicates, show_default=True, help="Redelivered lines per event.")
@click.option(
    "--late", default=_DEFAULTS.late, show_default=True, help="Share of events that come up to 48 hours late."
)
@click.option("--malformed", default=_DEFAULTS.malformed, show_default=True, help="Malformed lines per event.")
@click.option("--clean", is_flag=True, help="No duplicate, late or malformed line, no odd joint, no gzip.")
@json_option
@quiet_option
def simulate_command(out: Path, period: str, *, clean: bool, as_json: bool, quiet: bool, **sizes: Any) -> None:
    """Make seeded, realistic traffic of both sources: API Gateway access logs and billing events.

    It has a daily and weekly rhythm, a few large callers and many small ones, bursts, retries, redelivered,
    late and malformed lines, and traffic around the month's ends. Writes

    \b
      DIR/landing/        the objects, as Firehose and a shipper would have put them
      DIR/pricing/        the example price book, and customers that fit the traffic
      DIR/expected.json   the exact account of what was made, to hold a bill against

    \b
    Examples:
      usagelake simulate --out demo
      usagelake simulate --out big --api-requests 0 --billing-events 1000000 --object-events 50
    """
    month = Period.parse(period)
    options = SimulationOptions(start=month.start, end=month.end, **sizes)
    if clean:
        options = options.clean()
    progress = progress_for(quiet=quiet or as_json)
    progress.start("simulate", total=options.api_requests + options.billing_events, unit="events")
    account = simulate(options, out / "landing", expected_file=out / "expected.json", progress=progress.advance)
    progress.finish()
    pricing = out / "pricing"
    pricing.mkdir(exist_ok=True)
    shutil.copyfile(example_pricing() / PRICE_BOOK, pricing / PRICE_BOOK)
    (pricing / CUSTOMERS).write_text(Ownership(options).customers_csv(), encoding="utf-8")
    if as_json:
        click.echo(account.to_json(), nl=False)
    elif not quiet:
        made = account.summary()
        click.echo(
            f"{made['objects']:,} objects in {out / 'landing'}: {made['lines']:,} lines = {made['events']:,} events "
            f"+ {made['duplicates']:,} duplicates + {made['quarantined']:,} to be quarantined\n"
            f"bill them with: usagelake bill --landing {out / 'landing'} --pricing {pricing} "
            f"--period {month.name} --out {out / 'out'}"
        )
