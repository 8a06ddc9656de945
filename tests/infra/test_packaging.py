"""What a function holds: what it runs, everything of that, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import boto3
import pytest

from infra import packaging
from tests.infra.conftest import ROOT
from usagelake.errors import ConfigurationError

NEVER = ("aws_cdk", "click", "cdk_nag", "duckdb", "infra", "moto", "obstore", "rich", "tests", "trino")
"""What no function imports, and no package holds."""

LAYER = ("awswrangler", "numpy", "pandas", "pyarrow", "packaging")
"""What AWS's layer brings to the one function that has it; it stands in for the layer here, with what it needs."""

HANDLERS = sorted(
    f"lambdas.{path.stem}"
    for path in (ROOT / "lambdas").glob("*.py")
    if re.search(r"^def handler\(", path.read_text(encoding="utf-8"), re.MULTILINE)
)


def locked(name: str) -> dict[str, str]:
    """The versions that a lock has, by name."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A function's folder, with the dependencies of this very environment in place of downloaded ones."""
    folder = tmp_path_factory.mktemp("package")
    packaging.copy_sources(folder)
    site = Path(boto3.__file__).parents[1]
    for name in locked("lambda.txt"):
        for top in {path.parts[0] for path in metadata.files(name) or ()} - {"..", "__pycache__"}:
            (folder / top).symlink_to(site / top)
    return folder


def run(package: Path, program: str, *more: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that sees the standard library, the package, and no environment of ours."""
    paths = [str(path) for path in (package, *more)]
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {paths!r}\n{program}"],
        cwd=package,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"AWS_DEFAULT_REGION": "eu-west-1"},
    )


def test_the_package_holds_the_library_without_what_no_function_runs(package: Path) -> None:
    held = {path.relative_to(package).as_posix() for path in (package / "usagelake").rglob("*.py")}
    assert {"usagelake/services/roll_up.py", "usagelake/domain/rating/rate.py", "usagelake/storage/s3_boto3.py"} <= held
    for left_out in packaging.LEFT_OUT:
        assert (ROOT / left_out).exists(), f"{left_out}: nothing is left out by this"
        assert not [name for name in held if name.startswith(left_out)]
    assert not [path for path in package.rglob("*") if path.name in ("infra", "tests", "__pycache__", "app.py")]


def test_there_are_the_handlers_that_the_stack_names() -> None:
    assert HANDLERS == ["lambdas.bill_drafts", "lambdas.ingest_and_roll_up"]


def test_the_package_holds_every_query_where_the_library_looks_for_them(package: Path) -> None:
    queries = {path.relative_to(ROOT / "queries") for path in (ROOT / "queries").rglob("*.sql")}
    assert {path.relative_to(package / "usagelake/_data/queries") for path in package.rglob("*.sql")} == queries
    done = run(package, "from usagelake.engines.query_library import load_queries; print(len(load_queries().all()))")
    assert done.stdout.strip() == str(len(queries)), done.stderr


def test_every_module_of_the_package_can_be_imported_from_it_alone(package: Path) -> None:
    """What cannot would have to be left out: it needs a library that a function does not hold."""
    modules = sorted(
        ".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__init__")
        for path in (package / "usagelake").rglob("*.py")
    )
    done = run(package, f"import importlib\nfor name in {modules!r}: importlib.import_module(name)")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", HANDLERS)
def test_a_handler_can_be_imported_from_the_package_alone_and_drags_nothing_along(package: Path, name: str) -> None:
    program = f"""
import {name} as found
assert callable(found.handler)
print(*{{each.partition(".")[0] for each in sys.modules}})"""
    done = run(package, program)
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout.split()) & {*NEVER, *LAYER}


def test_the_lock_is_of_what_was_tested() -> None:
    """Each version is that of the tests' own lock, and none is of a library that functions do without."""
    functions, tests = locked("lambda.txt"), locked("dev.txt")
    assert functions
    assert functions.items() <= {**tests, "tzdata": functions.get("tzdata")}.items()
    assert not functions.keys() & {*NEVER, *LAYER}


def test_every_locked_version_has_a_hash() -> None:
    text = packaging.LOCK.read_text(encoding="utf-8")
    for entry in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in entry, entry.split()[0]
        assert ";" not in entry.splitlines()[0], "a marker would be judged by this machine's Python"


def test_the_digest_tells_one_content_from_another_and_nothing_else(tmp_path: Path) -> None:
    """It changes with a file's bytes or name, and neither with its time nor with what is left out."""
    for name in ("usagelake/domain", "usagelake/cli", "queries/meters", "lambdas"):
        (tmp_path / name).mkdir(parents=True)
    source = tmp_path / "usagelake" / "domain" / "money.py"
    source.write_text("one = 1\n")
    first = packaging.digest(tmp_path)
    source.touch()
    (tmp_path / "usagelake" / "cli" / "app.py").write_text("left out\n")
    (tmp_path / "usagelake" / "domain" / "notes.txt").write_text("no source\n")
    assert packaging.digest(tmp_path) == first
    source.write_text("one = 2\n")
    second = packaging.digest(tmp_path)
    source.rename(source.with_name("cents.py"))
    third = packaging.digest(tmp_path)
    (tmp_path / "queries" / "meters" / "a.sql").write_text("SELECT 1\n")
    assert len({first, second, third, packaging.digest(tmp_path)}) == 4


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(ConfigurationError, match="name an empty folder"):
        packaging.make(tmp_path)
