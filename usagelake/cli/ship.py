"""`usagelake ship`: billing events from a service in any language to the landing."""

from __future__ import annotations

import logging
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import click

from usagelake.cli.options import FOLDER, json_option, quiet_option
from usagelake.cli.ship_output import EMF, Progress, metrics_sink, tell
from usagelake.cli.ship_run import ship
from usagelake.errors import ConfigurationError
from usagelake.shipping.config import ShippingConfig, SpoolStrength
from usagelake.shipping.shipper import open_shipper
from usagelake.shipping.sources import FileSource, SocketSource, StreamSource
from usagelake.shipping.sources.watched_paths import COMPRESSED
from usagelake.storage import open_location

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from usagelake.cli.ship_run import Source

_DEFAULTS: Final = ShippingConfig(to="nowhere")
_SPOOL_BYTES: Final = "10 GiB"


def _mode(text: str) -> int:
    """Read permissions as chmod takes them."""
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:  # noqa: PLR2004 (what chmod takes)
        raise click.BadParameter(f"{text!r} are no permissions; write them as 600 or 660")
    return mode


@click.command("ship", short_help="Deliver billing events from a stream, files or a socket.")
@click.option("--to", required=True, metavar="DIR_OR_S3_URL", help="Where objects go: a folder, or s3://bucket/prefix.")
@click.option("--stdin", "stdin", is_flag=True, help="Read standard input beside --follow or --socket.")
@click.option(
    "--follow", multiple=True, metavar="FILE",
    help="Follow a file through rotation, or a quoted pattern such as 'logs/*.log'; repeat it. Needs --spool, which "
    "keeps how far each file was read.",
)  # fmt: skip
@click.option(
    "--from", "start", type=click.Choice(["start", "end"]), default="start", show_default=True,
    help="Where to begin in a file that is there already and was never followed.",
)  # fmt: skip
@click.option("--socket", "socket", type=FOLDER, metavar="PATH", help="Listen on a Unix stream socket.")
@click.option("--socket-mode", type=_mode, default="600", show_default=True, metavar="MODE",
              help="The socket's permissions, as for chmod: who may write may connect.")  # fmt: skip
@click.option("--spool", type=FOLDER, metavar="DIR",
              help="Keep on this disk what is not delivered yet, also past the end of the process.")  # fmt: skip
@click.option(
    "--spool-strength", type=click.Choice([one.value for one in SpoolStrength]),
    default=_DEFAULTS.spool_strength.value, show_default=True,
    help="Keep sealed batches, or every event from the moment when it is read.",
)  # fmt: skip
@click.option(
    "--spool-bytes", type=int, metavar="N", help=f"What the spool may take on disk; {_SPOOL_BYTES} by default."
)
@click.option("--prefix", metavar="FOLDERS",
              help="Write objects of mixed event types below this prefix, and not one folder per type.")  # fmt: skip
@click.option("--max-events", default=_DEFAULTS.max_events, show_default=True, help="Most events in an object.")
@click.option("--max-bytes", default=_DEFAULTS.max_bytes, show_default=True, help="Most bytes in an object.")
@click.option("--max-age", default=_DEFAULTS.max_age, show_default=True, metavar="SECONDS",
              help="How long an event waits at most for its object to fill.")  # fmt: skip
@click.option("--buffer-events", default=_DEFAULTS.buffer_events, show_default=True,
              help="Most events in memory; then reading waits.")  # fmt: skip
@click.option("--buffer-bytes", default=_DEFAULTS.buffer_bytes, show_default=True,
              help="Most bytes of events in memory; then reading waits.")  # fmt: skip
@click.option("--uploads", default=_DEFAULTS.uploads, show_default=True, help="Uploads at a time.")
@click.option("--endpoint-url", metavar="URL", help="Another S3 than Amazon's, such as http://localhost:9000.")
@click.option("--client", type=click.Choice(["obstore", "boto3"]),
              help="What speaks to S3; obstore by default, where it is installed.")  # fmt: skip
@click.option(
    "--credentials", type=click.Choice(["default", "google", "azure"]), default=_DEFAULTS.credentials,
    show_default=True, help="The AWS SDK's own chain, or the identity that Google or Azure gives this machine.",
)  # fmt: skip
@click.option("--role-arn", metavar="ARN", help="The AWS role to take with Google's or Azure's identity.")
@click.option("--audience", metavar="TEXT", help="Whom Google's identity token is for.")
@click.option("--shutdown-deadline", default=_DEFAULTS.shutdown_deadline, show_default=True, metavar="SECONDS",
              help="How long delivery may go on after SIGTERM or SIGINT.")  # fmt: skip
@click.option("--metrics", metavar="emf|FILE.prom",
              help="Every minute: a line of CloudWatch's embedded metric format on standard output, or a file for "
              "Prometheus' textfile collector.")  # fmt: skip
@json_option
@quiet_option
def ship_command(
    *,
    stdin: bool,
    follow: tuple[str, ...],
    start: Any,
    socket: Path | None,
    socket_mode: int,
    metrics: str | None,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Deliver billing events, one JSON object on each line, to the landing under the object contract.

    Reads standard input unless --follow or --socket is given. Lines are delivered verbatim; while the buffer is
    full, reading waits, and nothing is dropped for it.

    \b
    Ends
      at the end of standard input, when nothing else is read: once everything is delivered, however long that
        takes. With a spool it gives up when nothing was delivered for --shutdown-deadline seconds; what is
        spooled is left for the next run.
      at SIGTERM or SIGINT: it takes what was written to it before, and delivers for --shutdown-deadline seconds
        at most. What is left then is kept in the spool, or is lost and counted. A second signal ends it at once.

    \b
    Exit codes
      0  every event was delivered, or is in the spool
      1  events were lost or could not be read, or a line was refused (it is no JSON object, has no id, no usable
         event_type, or more than 1 MiB) and there is no spool that keeps it in rejected.jsonl
      2  bad usage or configuration; nothing was read

    \b
    Followed files: rotation by renaming, copytruncate and deletion is noticed. Follow 'app.log*' to be safe from
    files that are rotated twice while nobody reads; compressed ones are left out, and copies made by copytruncate
    must lie elsewhere. Copytruncate loses what was written between its copy and its truncation.

    \b
    Examples:
      cat events.jsonl | usagelake ship --to landing
      my-service | usagelake ship --to s3://bucket --spool /var/spool/usagelake --spool-strength every-event
      usagelake ship --to s3://bucket --follow '/var/log/service/billing.log*' --spool /var/spool/usagelake
      usagelake ship --to s3://bucket --socket /run/billing.sock --spool /var/spool/usagelake --metrics emf --quiet
    """
    logging.basicConfig(format="usagelake: %(message)s", level=logging.WARNING, stream=sys.stderr)
    options["client"] = options["client"] or ("obstore" if find_spec("obstore") else "boto3")
    config = ShippingConfig.of(options)
    reads_stdin = stdin or (not follow and socket is None)
    if faults := list(_faults(follow, config, metrics, reads_stdin=reads_stdin, as_json=as_json)):
        raise ConfigurationError(faults)
    _check_place(config)
    sinks = [metrics_sink(metrics)] if metrics is not None else []
    progress = Progress(quiet=quiet or as_json)
    sources: list[Source] = []
    if follow:
        sources.append(FileSource(follow, start=start))
    if socket is not None:
        sources.append(SocketSource(socket, mode=socket_mode))
    if reads_stdin:
        sources.append(StreamSource(sys.stdin.fileno()))
        if sys.stdin.isatty():
            progress.say("reading events from the terminal; end with Ctrl-D")
    outcome = ship(open_shipper(config, sinks=[*sinks, progress]), sources)
    tell(outcome, config, as_json=as_json, quiet=quiet, table_to_stderr=metrics == EMF)
    if outcome.failures or outcome.lost or (outcome.refused and config.spool is None):
        raise click.exceptions.Exit(1)


def _faults(
    follow: tuple[str, ...], config: ShippingConfig, metrics: str | None, *, reads_stdin: bool, as_json: bool
) -> Iterator[str]:
    """Find what options contradict each other, or cannot be."""
    if follow and config.spool is None:
        yield "--follow needs --spool DIR: it keeps how far each file was read, so that a restart goes on there"
    for path in follow:
        if not path or path.endswith(COMPRESSED):
            yield f"--follow {path!r}: name a file of lines, or a pattern; compressed files are not followed"
    if config.spool is not None and config.spool.exists() and not config.spool.is_dir():
        yield f"--spool {config.spool} is a file; name a folder"
    if metrics is not None and metrics != EMF and not metrics.endswith(".prom"):
        yield f"--metrics {metrics!r}: write emf, or a file that ends in .prom"
    if metrics == EMF and as_json:
        yield "--metrics emf and --json both write on standard output; choose one, or --metrics FILE.prom"
    if reads_stdin and sys.stdin is None:
        yield "standard input is closed; redirect it, or use --follow or --socket"


def _check_place(config: ShippingConfig) -> None:
    """Find out before anything is read that objects can go where they shall; nothing is asked of S3 yet.

    Raises:
        ConfigurationError: They cannot.
    """
    place: dict[str, Any] = {"client": config.client, "credentials": config.credentials}
    open_location(
        config.to,
        create=True,
        endpoint_url=config.endpoint_url,
        role_arn=config.role_arn,
        audience=config.audience,
        uploads=config.uploads,
        **place,
    )
