"""`usagelake estimate`: what a month costs on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from usagelake.cli.console import stdout_console
from usagelake.cli.estimate_output import print_estimate
from usagelake.cli.options import FOLDER, json_option, queries_option
from usagelake.domain.canonical_json import canonical_json
from usagelake.domain.estimate.estimate import estimate
from usagelake.domain.estimate.workload import Cadence, Delivery, Workload
from usagelake.domain.landing import Source
from usagelake.engines import load_queries
from usagelake.services.cloud_prices import load_cloud_prices

if TYPE_CHECKING:
    from pathlib import Path

_MOST = 10**12
_COUNT = click.IntRange(0, _MOST)


@click.command("estimate", short_help="Reckon what a month costs on AWS.")
@click.option(
    "--requests-per-month", "requests", required=True, type=_COUNT, metavar="N",
    help="Requests to the API: lines of its access log.",
)  # fmt: skip
@click.option(
    "--events-per-month", "events", type=_COUNT, default=0, show_default=True, metavar="N",
    help="Billing events that services write.",
)  # fmt: skip
@click.option(
    "--bytes-per-line", type=click.IntRange(2, 1_048_576), default=700, show_default=True, metavar="N",
    help="A line's bytes, on average; an access-log line has 500 to 800.",
)  # fmt: skip
@click.option(
    "--events-per-object", type=click.IntRange(1, 1_000_000), default=50, show_default=True, metavar="N",
    help="Billing events in one object that a service puts; 2 MB hold some 3,000 lines of 700 bytes.",
)  # fmt: skip
@click.option(
    "--delivery", type=click.Choice([each.value for each in Delivery]), default="logs", show_default=True,
    help="How access logs come to Firehose: through CloudWatch Logs, or straight from API Gateway.",
)  # fmt: skip
@click.option(
    "--lines-per-record", type=click.IntRange(1, 10_000), default=1, show_default=True, metavar="N",
    help="Log lines that CloudWatch packs into one record; each is charged as 5 KB at least.",
)  # fmt: skip
@click.option(
    "--log-days", type=click.IntRange(1, 3653), default=90, show_default=True, metavar="N",
    help="How long the log group keeps lines.",
)  # fmt: skip
@click.option(
    "--landing-months", type=click.IntRange(1, 120), default=13, show_default=True, metavar="N",
    help="How long raw objects and event tables are kept: what so many months come to.",
)  # fmt: skip
@click.option(
    "--roll-up", type=click.Choice([Cadence.HOURLY.value, Cadence.DAILY.value]), default="hourly", show_default=True,
    help="How often lines are ingested and rolled up.",
)  # fmt: skip
@click.option(
    "--windows", type=click.IntRange(1, 4), default=2, show_default=True, metavar="N",
    help="Stretches of time that one run rolls up: late lines open more of them.",
)  # fmt: skip
@click.option(
    "--drafts", type=click.Choice([each.value for each in Cadence]), default="daily", show_default=True,
    help="How often drafts of the open month's invoices are written.",
)  # fmt: skip
@click.option(
    "--analyst-queries", type=click.IntRange(0, 10_000_000), default=0, show_default=True, metavar="N",
    help="Queries a month over a month's events.",
)  # fmt: skip
@click.option("--customer-key", is_flag=True, help="Encrypt with a KMS key of your own.")
@click.option(
    "--crawler-dpu-hours", type=click.IntRange(0, 100_000), default=0, show_default=True, metavar="N",
    help="What a Glue crawler works; the landing tables need none.",
)  # fmt: skip
@click.option(
    "--prices", "prices_file", type=FOLDER, metavar="FILE",
    help="Prices of another region or day, as pricing/aws-us-east-1.toml has them.",
)  # fmt: skip
@queries_option
@json_option
def estimate_command(
    *,
    delivery: str,
    roll_up: str,
    drafts: str,
    prices_file: Path | None,
    queries_folder: Path | None,
    as_json: bool,
    **figures: Any,
) -> None:
    """Reckon what a month of usagelake costs on AWS, service by service, beside the first sketch's figures.

    Each line is a quantity times a price of one dated file. Where the quantity is not known it is an upper bound:
    the longest month (744 hours), no free tier but those in the file, a GB of 10^9 bytes. API Gateway stands apart:
    its requests are paid for with or without billing.

    \b
    What decides:
      Athena    statements x 10 MB at least: so many an hour, however little comes
      S3        a put per object: larger objects (--events-per-object) cost less
      Logs      0.50 USD a GB: --delivery direct does without, and has nothing to replay from
      Lambda    a function waits for each statement, and is paid for waiting

    \b
    Examples:
      usagelake estimate --requests-per-month 1000000
      usagelake estimate --requests-per-month 5000000 --delivery direct --roll-up daily
      usagelake estimate --requests-per-month 0 --events-per-month 100000000 --events-per-object 3000
      usagelake estimate --requests-per-month 1000000 --customer-key --json
    """
    prices = load_cloud_prices(prices_file)
    queries = load_queries(queries_folder)
    read = [queries.sources(meter, tuple(Source)) for meter in queries.meters()]
    meters = {source: sum(source in sources for sources in read) for source in Source}
    load = Workload(
        delivery=Delivery(delivery), roll_up=Cadence(roll_up), drafts=Cadence(drafts), meters=meters, **figures
    )
    found = estimate(load, prices)
    if as_json:
        click.echo(canonical_json(found.to_document()), nl=False)
    else:
        print_estimate(stdout_console(), found)
