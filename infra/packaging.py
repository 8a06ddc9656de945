"""What a Lambda function holds: the handlers, the library without what they do not run, the SQL, and dependencies.

`python -m infra.packaging FOLDER` makes the folder, as a deployment does. No Docker: everything is Python, and wheels
are those of the function's platform whatever machine this is.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).parents[1]

LOCK: Final = ROOT / "requirements" / "lambda.txt"
"""The dependencies, pinned and hashed; pandas and pyarrow come with AWS's layer, where they are needed."""

LEFT_OUT: Final = (
    "usagelake/cli/",
    "usagelake/engines/athena/exporting.py",
    "usagelake/engines/duckdb/",
    "usagelake/engines/row_files.py",
    "usagelake/engines/trino/",
    "usagelake/shipping/",
    "usagelake/simulation/",
    "usagelake/storage/obstore_faults.py",
    "usagelake/storage/s3_obstore.py",
)
"""What no function runs, and much of which needs libraries that no function holds."""

PLATFORM: Final = ("--implementation=cp", "--python-version=3.13", "--platform=manylinux2014_aarch64")
"""Lambda's python3.13 on arm64."""

SDK_SERVICES: Final = frozenset({"athena", "glue", "s3", "sts"})
"""The services whose descriptions the SDK keeps: those of the other four hundred are half of a package, which has to
fit into Lambda's 250 MB beside the layer."""

_TREES: Final[Mapping[str, tuple[str, str]]] = {
    "lambdas": ("lambdas", "*.py"),
    "usagelake": ("usagelake", "*.py"),
    "queries": ("usagelake/_data/queries", "*.sql"),
}
"""Each tree of the checkout with its place in a function and what is taken of it."""


def sources(root: Path = ROOT) -> dict[str, Path]:
    """Find what a function holds beside its dependencies.

    Args:
        root: The checkout.

    Returns:
        Each file by its path in the function, in order.
    """
    return {name: path for name, path in sorted(_taken(root)) if not name.startswith(LEFT_OUT)}


def _taken(root: Path) -> Iterator[tuple[str, Path]]:
    for tree, (place, pattern) in _TREES.items():
        for path in (root / tree).rglob(pattern):
            yield f"{place}/{path.relative_to(root / tree).as_posix()}", path


def digest(root: Path = ROOT) -> str:
    """Tell one function's content from another's: what it holds, and how it is made; no time and no machine."""
    parts = {**sources(root), "requirements": LOCK, "recipe": Path(__file__)}
    content = hashlib.sha256()
    for name, path in parts.items():
        own = hashlib.sha256(path.read_bytes()).hexdigest()
        content.update(f"{name} {own}\n".encode())
    return content.hexdigest()


def copy_sources(folder: Path, root: Path = ROOT) -> None:
    """Copy them into a folder."""
    for name, path in sources(root).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def install_dependencies(folder: Path) -> None:
    """Install the dependencies into a folder, each as the lock has it.

    Raises:
        ConfigurationError: pip could not; what it said stands above.
    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    wheels = ["--only-binary=:all:", *PLATFORM, "--require-hashes", "--requirement", str(LOCK), "--target", str(folder)]
    done = subprocess.run([*command, *wheels], check=False, stdout=sys.stderr)  # noqa: S603 (pip, with arguments of ours)
    if done.returncode:
        raise ConfigurationError(f"pip could not install {LOCK.name} into {folder}: see what it said above")
    shutil.rmtree(folder / "bin", ignore_errors=True)  # commands, which name this machine's Python
    for service in (folder / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in SDK_SERVICES:
            shutil.rmtree(service)


def make(folder: Path) -> None:
    """Make the whole folder.

    Raises:
        ConfigurationError: It holds something already, or pip failed.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder} holds something already: name an empty folder")
    install_dependencies(folder)
    copy_sources(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
