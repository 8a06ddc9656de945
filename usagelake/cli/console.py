"""What a person sees: tables, and progress on long work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usagelake.services.progress import Progress as ProgressProtocol

from usagelake.services.progress import Silent

_TEXT_COLUMN_WIDTH = 100


class TerminalProgress:
    """Progress as a bar on standard error; it is gone when the step is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def start(self, step: str, *, total: int, unit: str) -> None:
        """Show a bar."""
        amount = DownloadColumn() if unit == "bytes" else TextColumn("{task.completed}/{task.total} " + unit)
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), amount, TimeElapsedColumn(),
            console=self._console, transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task(step, total=total)
        self._bar.start()

    def advance(self, amount: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.advance(self._task, amount)

    def finish(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def progress_for(*, quiet: bool) -> ProgressProtocol:
    """Choose progress: a bar where somebody watches, nothing for a script."""
    console = Console(stderr=True)
    return Silent() if quiet or not console.is_terminal else TerminalProgress(console)


def stdout_console() -> Console:
    """Give the console that results are printed on; away from a terminal lines are not folded."""
    console = Console(highlight=False, soft_wrap=True, emoji=False)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=True, emoji=False, width=10_000)


def printable(text: str) -> str:
    """Write control characters of a text, such as a key's, as escapes: none reaches the terminal."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def table(title: str | None, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]) -> Table:
    """Lay out rows.

    Args:
        title: Stands above, or nothing.
        columns: Each with its heading, and `left` or `right`.
        rows: Texts, shown as they are.
    """
    grid = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, side in columns:
        grid.add_column(heading, justify="right" if side == "right" else "left", no_wrap=True)
    for row in rows:
        grid.add_row(*(Text(cell.expandtabs()) for cell in row))
    return grid
