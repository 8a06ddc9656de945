"""The command group: what every command shares, and how errors become exit codes."""

from __future__ import annotations

import errno
import sys
from typing import Any

import click

from usagelake import __version__
from usagelake.cli.backfill import backfill_command
from usagelake.cli.bill import bill_command
from usagelake.cli.check import check_command
from usagelake.cli.estimate import estimate_command
from usagelake.cli.queries import queries_command
from usagelake.cli.query import query_command
from usagelake.cli.reconcile import reconcile_group
from usagelake.cli.ship import ship_command
from usagelake.cli.simulate import simulate_command
from usagelake.cli.spool_size import spool_size_command
from usagelake.errors import ConfigurationError, UsageLakeError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

EXIT_FAILED = 1
EXIT_USAGE = 2

_EPILOG = """\b
Exit codes: 0 done (what needs attention is named), 1 failed with nothing half-written,
2 bad usage or configuration with nothing written, 3 compared and different, 130 interrupted.

\b
Environment:
  USAGELAKE_MEMORY_LIMIT    what DuckDB may hold in memory (default 512MB)
  USAGELAKE_KEEP_SOURCE_IP  on: keep callers' addresses, truncated to /24 or /48 (default off)
  TMPDIR                    where a temporary lake lies
  AWS_…                     credentials and region of s3:// places, as the AWS SDK reads them
"""


class _Group(click.Group):
    """Turns the project's errors into messages and exit codes; anything else is a bug and shows its trace."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigurationError as error:
            _say(error.faults)
            ctx.exit(EXIT_USAGE)
        except UsageLakeError as error:
            _say([str(error)])
            ctx.exit(EXIT_FAILED)
        except BrokenPipeError:
            raise
        except OSError as error:
            remedy = "make room and run again" if error.errno in _NO_ROOM else "run again once it is mended"
            _say([f"{error.filename or 'writing'}: {error.strerror or error}; nothing is half-written, {remedy}"])
            ctx.exit(EXIT_FAILED)
        except KeyboardInterrupt:
            _say(["interrupted; run again to go on"])
            ctx.exit(130)


def _say(faults: list[str] | tuple[str, ...]) -> None:
    for fault in faults:
        click.echo(f"usagelake: {fault}", err=True)


@click.group(
    cls=_Group,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="usagelake")
def main() -> None:
    """Turn API Gateway access logs and billing events into invoices that anybody can prove again.

    Start with `usagelake simulate` to make some traffic, then `usagelake bill` to bill it, then
    `usagelake query` to ask the lake about it.
    """
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")


main.add_command(bill_command)
main.add_command(backfill_command)
main.add_command(query_command)
main.add_command(queries_command)
main.add_command(check_command)
main.add_command(simulate_command)
main.add_command(ship_command)
main.add_command(reconcile_group)
main.add_command(spool_size_command)
main.add_command(estimate_command)
