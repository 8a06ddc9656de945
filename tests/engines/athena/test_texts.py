"""What is written for Athena without asking it: statements, parts of text, and the examples in docstrings."""

from __future__ import annotations

import doctest
import gzip
import importlib
import pkgutil
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import usagelake.engines.athena
from usagelake.domain.schema import CUSTOMERS
from usagelake.engines.athena.appending import insertion
from usagelake.engines.athena.landing import packed
from usagelake.engines.athena.publishing import replacement
from usagelake.engines.dialect import parse_statement

MODULES = [
    module.name for module in pkgutil.walk_packages(usagelake.engines.athena.__path__, "usagelake.engines.athena.")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name), raise_on_error=False).failed == 0


def test_the_statement_that_replaces_a_table_s_rows() -> None:
    """NULL is the same as NULL where a column may hold it; the text is one that Athena's grammar has."""
    text = replacement(CUSTOMERS, "work_1")
    parse_statement(text)
    assert text.startswith("MERGE INTO customers AS t USING (")
    assert "t.subject_id = s.subject_id AND" in text
    assert "(t.valid_to = s.valid_to OR (t.valid_to IS NULL AND s.valid_to IS NULL))" in text
    assert "CAST(JSON_EXTRACT_SCALAR(document, '$[5]') AS DATE) AS valid_from" in text
    assert " WHEN MATCHED THEN DELETE WHEN NOT MATCHED AND NOT s.gone THEN INSERT (" in text


def test_the_statement_that_adds_rows() -> None:
    text = insertion(CUSTOMERS, "work_1")
    parse_statement(text)
    assert text.startswith("INSERT INTO customers (subject_type, ")
    assert text.endswith(" FROM work_1")


@given(st.lists(st.binary(max_size=50).map(lambda line: line.replace(b"\n", b"") + b"\n")), st.integers(1, 200))
def test_parts_hold_whole_lines_and_all_of_them(lines: list[bytes], part_bytes: int) -> None:
    """However they are cut; no part is empty, and each but the last is full."""
    parts = [gzip.decompress(part) for part in packed(lines, part_bytes=part_bytes)]
    assert b"".join(parts) == b"".join(lines)
    assert all(part.endswith(b"\n") for part in parts)
    assert all(len(part) >= part_bytes for part in parts[:-1])


def test_ingest_needs_neither_duckdb_nor_pandas() -> None:
    """A Lambda function that takes objects in is packaged without them."""
    code = (
        "import sys; import usagelake.engines.athena, usagelake.services.ingest, usagelake.services.roll_up; "
        "print(sorted({'duckdb', 'pandas', 'pyarrow', 'awswrangler', 'trino'} & sys.modules.keys()))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
