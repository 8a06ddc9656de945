"""The configuration file of a lake on Athena."""

from __future__ import annotations

from pathlib import Path

import pytest

from usagelake.engines.athena import AthenaConfig, load_config
from usagelake.engines.athena import config as module
from usagelake.errors import ConfigurationError

RIGHT = """
database = "usage_dev"
tables = "s3://lake-dev/tables/"
workgroup = "usage-dev-pipeline"
work = "s3://lake-dev/work"
"""


def written(folder: Path, text: str) -> Path:
    """Write a file."""
    path = folder / "athena.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    assert load_config(written(tmp_path, RIGHT)) == AthenaConfig(
        database="usage_dev", tables="s3://lake-dev/tables", workgroup="usage-dev-pipeline", work="s3://lake-dev/work"
    )


def test_the_example_of_the_docs_is_read(tmp_path: Path) -> None:
    """The one in the module, which names every key."""
    example = str(module.__doc__).partition("```toml\n")[2].partition("```")[0]
    assert load_config(written(tmp_path, example)).region == "eu-central-1"


def test_every_fault_is_named(tmp_path: Path) -> None:
    """What is missing, unknown or of another form, in one go."""
    text = 'database = "usage-dev"\ntables = "lake/tables"\nwork = "s3://lake-dev/"\nworkgroups = "x"\n'
    with pytest.raises(ConfigurationError) as raised:
        load_config(written(tmp_path, text))
    said = "\n".join(raised.value.faults)
    for fault in ("database is 'usage-dev'", "tables is 'lake/tables'", "workgroups", "workgroup"):
        assert fault in said
    assert "work is" not in said


@pytest.mark.parametrize("content", [b"database =", b"\xff"])
def test_what_is_no_toml_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "athena.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="is no TOML"):
        load_config(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_config(tmp_path / "none.toml")
