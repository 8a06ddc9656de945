"""The file that says where a Trino lake is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from usagelake.engines.trino import TrinoConfig, load_config
from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

LEAST = 'host = "h"\nuser = "u"\nschema = "usage"\nwork = "s3://b/work/"\n'


def _config(tmp_path: Path, text: str) -> TrinoConfig:
    path = tmp_path / "trino.toml"
    path.write_text(text)
    return load_config(path)


def test_the_least_that_must_stand(tmp_path: Path) -> None:
    """The rest has defaults; S3 is called the same by Trino."""
    assert _config(tmp_path, LEAST) == TrinoConfig(
        host="h", port=8080, user="u", schema="usage", work="s3://b/work/", work_location="s3://b/work"
    )


def test_everything(tmp_path: Path) -> None:
    """A password lies in a file beside the configuration, and goes over https alone."""
    (tmp_path / "secret").write_text("hush\n")
    config = _config(
        tmp_path,
        LEAST + 'scheme = "https"\npassword_file = "secret"\nwork_location = "s3a://b/work"\niceberg_catalog = "ice"\n'
        'hive_catalog = "h2"\nlocation = "s3://b/lake"\nendpoint_url = "http://127.0.0.1:1"\n',
    )
    assert (config.port, config.password, config.work_location) == (443, "hush", "s3a://b/work")
    assert (config.iceberg_catalog, config.hive_catalog, config.location) == ("ice", "h2", "s3://b/lake")
    assert config.endpoint_url == "http://127.0.0.1:1"


def test_every_fault_is_named(tmp_path: Path) -> None:
    """At once, by its key."""
    with pytest.raises(ConfigurationError) as raised:
        _config(
            tmp_path,
            'hots = "h"\nport = 70000\nscheme = "ftp"\nschema = "Usage-1"\nwork = "/tmp/work"\n'
            'password_file = "none"\n',
        )
    text = "\n".join(raised.value.faults)
    for fault in (
        "'hots'",
        "host is missing",
        "user is missing",
        "port is 70000",
        "scheme is 'ftp'",
        "schema is 'Usage-1'",
    ):
        assert fault in text
    assert 'work_location = "local:///work"' in text
    assert "password_file" in text


def test_a_password_over_http_is_refused(tmp_path: Path) -> None:
    """It would be read by anybody."""
    (tmp_path / "secret").write_text("hush")
    with pytest.raises(ConfigurationError, match="https alone") as raised:
        _config(tmp_path, LEAST + 'password_file = "secret"\n')
    assert "hush" not in str(raised.value)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """Missing, or no TOML."""
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ConfigurationError, match="is no TOML"):
        _config(tmp_path, "host = ")
