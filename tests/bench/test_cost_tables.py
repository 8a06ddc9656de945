"""The tables of docs/cost.md are what the model says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.cost_tables import PAGE, TABLES, main, written

if TYPE_CHECKING:
    from pathlib import Path


def test_the_page_is_up_to_date() -> None:
    """`make cost-tables` would change nothing; each table stands there once."""
    page = PAGE.read_text(encoding="utf-8")
    assert written(page) == page
    for name in TABLES:
        assert page.count(f"<!-- cost_tables: {name} -->\n| ") == 1


def test_a_table_that_is_out_of_date(tmp_path: Path) -> None:
    """It is told, and mended, and all around it stays."""
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- cost_tables: sketch -->\nold\n<!-- end -->\nafter\n", encoding="utf-8")
    assert main(["--check", str(page)]) == 1
    assert "old" in page.read_text(encoding="utf-8")
    assert main([str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- cost_tables: sketch -->\n| ")
    assert text.endswith("|\n<!-- end -->\nafter\n")
    assert "old" not in text
    assert main(["--check", str(page)]) == 0
