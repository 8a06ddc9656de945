"""`--help` teaches: every command and option says what it is for, and its examples run."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest

from tests.cli.main_job import invoke, run
from usagelake import __version__
from usagelake.cli import main
from usagelake.cli.query import ASKABLE
from usagelake.engines import load_queries

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS = dict(main.commands)


def _examples() -> Iterator[tuple[str, list[str]]]:
    for name, command in COMMANDS.items():
        for line in (command.help or "").splitlines():
            if line.strip().startswith("usagelake "):
                yield name, shlex.split(line)


def test_there_are_commands() -> None:
    """What a user may expect."""
    assert {
        "bill", "backfill", "query", "queries", "check", "simulate", "ship", "reconcile", "spool-size", "estimate",
    } <= COMMANDS.keys()  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_teaches(name: str) -> None:
    """It says what it does in a line and at length, with an example."""
    command = COMMANDS[name]
    assert command.short_help
    assert len(command.short_help) <= 60
    assert command.help
    assert len(command.help) > 100
    assert any(example == name for example, _ in _examples())
    shown = invoke(name, "--help")
    assert shown.exit_code == 0
    assert shown.stdout == invoke(name, "-h").stdout
    assert command.short_help in invoke("--help").stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_teaches(name: str) -> None:
    """Each has a help text, which ends in a full stop and is shown."""
    shown = " ".join(invoke(name, "--help", env={"COLUMNS": "200"}).stdout.split())
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.opts
            assert parameter.help.rstrip().endswith("."), parameter.opts
            assert parameter.opts[0] in shown
            assert " ".join(parameter.help.split()) in shown, parameter.opts


@pytest.mark.parametrize(
    ("name", "words"), list(_examples()), ids=lambda value: None if isinstance(value, str) else " ".join(value)
)
def test_an_example_is_one(name: str, words: list[str]) -> None:
    """It names a command, its options, and a query that there is."""
    assert words[:2] == ["usagelake", name]
    context = COMMANDS[name].make_context(name, words[2:])
    if name == "query" and context.params["name"] is not None:
        query = load_queries().find(context.params["name"], ASKABLE)
        given = {pair.split("=")[0] for pair in context.params["params"]}
        assert given <= query.params.keys()
        assert {param.name for param in query.params.values() if not param.optional} <= given


def test_what_is_said_of_all() -> None:
    """The exit codes and the environment are documented."""
    shown = invoke("--help").stdout
    for words in ("Exit codes: 0 done", "1 failed", "2 bad usage", "3 compared", "130 interrupted"):
        assert words in shown
    for variable in ("USAGELAKE_MEMORY_LIMIT", "USAGELAKE_KEEP_SOURCE_IP", "TMPDIR", "AWS_…"):
        assert re.search(rf"^ +{variable} ", shown, re.MULTILINE)


def test_the_tables_that_a_query_may_name() -> None:
    """The help of `query` names views that there are."""
    shown = invoke("query", "--help").stdout
    for view in load_queries().views():
        assert view.name in shown


def test_the_version() -> None:
    """As the package has it."""
    assert invoke("--version").stdout == f"usagelake, version {__version__}\n"


def test_no_command() -> None:
    """The help is shown, and a wrong word is told from it."""
    assert "Commands:" in invoke().output
    result = invoke("bil")
    assert result.exit_code == 2
    assert "bil" in result.stderr


def test_as_a_process() -> None:
    """The installed script's way in."""
    result = run("--help")
    assert result.returncode == 0
    assert result.stderr == ""
    assert "Start with `usagelake simulate`" in result.stdout
