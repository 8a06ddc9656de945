"""Which commands take another engine than DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from usagelake.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator


def _commands(group: click.Group) -> Iterator[click.Command]:
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from _commands(command)
        else:
            yield command


def test_every_command_that_opens_a_lake_takes_an_engine() -> None:
    """A lake may lie elsewhere than in a folder, for whatever is done with it."""
    options = {
        command.name: {word for parameter in command.params for word in parameter.opts} for command in _commands(main)
    }
    with_lake = {name for name, words in options.items() if "--lake" in words}
    assert {"bill", "query"} <= with_lake
    for name in with_lake:
        assert {"--engine", "--engine-config"} <= options[name], name
