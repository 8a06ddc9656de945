"""A real Trino on this machine: fetched from Maven by its coordinates, on 127.0.0.1, with a file metastore.

`python -m tests.conformance.trino_server` starts one and prints the engine's configuration, until it is interrupted.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASE = "476"
"""The last release whose server is published as a Maven artifact; later ones are offered elsewhere only."""

ARTIFACTS = (
    f"io.trino:trino-server-core:{RELEASE}:tar.gz",
    f"io.trino:trino-hive:{RELEASE}:zip",
    f"io.trino:trino-iceberg:{RELEASE}:zip",
)
CACHE = Path(os.environ.get("USAGELAKE_CONFORMANCE_CACHE") or Path.home() / ".cache" / "usagelake") / f"trino-{RELEASE}"
JAVA_AT_LEAST = 24
FETCH_SECONDS = 1200
START_SECONDS = 480
MEMORY = "2G"

_JVM = (
    "-server",
    f"-Xmx{MEMORY}",
    "-XX:+UseG1GC",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:ReservedCodeCacheSize=256M",
    "-XX:PerMethodRecompilationCutoff=10000",
    "-XX:PerBytecodeRecompilationCutoff=10000",
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:+EnableDynamicAgentLoading",
    "-Djdk.attach.allowAttachSelf=true",
    "-Djdk.nio.maxCachedBufferSize=2000000",
    "-Dfile.encoding=UTF-8",
    "-Duser.timezone=UTC",
    "--add-modules=jdk.incubator.vector",
)


class UnavailableError(Exception):
    """Trino cannot be had on this machine; the message says what is missing."""


@dataclass(frozen=True)
class TrinoServer:
    """A Trino that runs.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        files: The folder that its `local:///` is.
    """

    port: int
    files: Path

    def configuration(self, schema: str) -> str:
        """Write what `--engine-config` takes for a lake in a schema of this server."""
        return (
            f'host = "127.0.0.1"\nport = {self.port}\nuser = "conformance"\nschema = "{schema}"\n'
            f'location = "local:///lakes/{schema}"\nwork = "{self.files / "work"}"\nwork_location = "local:///work"\n'
        )


def java() -> Path:
    """Find a JDK that this Trino runs on.

    Raises:
        UnavailableError: There is none.
    """
    homes = [Path(home) for home in (os.environ.get("JAVA_HOME"),) if home]
    homes += sorted(Path("/usr/lib/jvm").glob("*")) if Path("/usr/lib/jvm").is_dir() else []
    found = [Path(which)] if (which := shutil.which("java")) else []
    for binary in [*(home / "bin" / "java" for home in homes), *found]:
        if binary.is_file() and _java_version(binary) >= JAVA_AT_LEAST:
            return binary
    raise UnavailableError(f"Trino {RELEASE} needs Java {JAVA_AT_LEAST} or later; set JAVA_HOME to one")


def _java_version(binary: Path) -> int:
    said = subprocess.run([binary, "-version"], capture_output=True, text=True, check=False).stderr
    version = said.partition('"')[2].partition('"')[0]
    major = version.split(".")[0].split("-")[0]
    return int(major) if major.isdigit() else 0


def fetch() -> Path:
    """Bring the server and its plugins into the cache, once.

    Returns:
        The server's folder.

    Raises:
        UnavailableError: Maven is missing or cannot fetch them.
    """
    home = CACHE / "server"
    if home.is_dir():
        return home
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        fetched = Path(folder)
        for artifact in ARTIFACTS:
            _copy_from_maven(artifact, fetched)
        unpacked = fetched / "unpacked"
        (core,) = fetched.glob("trino-server-core-*.tar.gz")
        with tarfile.open(core) as archive:
            archive.extractall(unpacked, filter="tar")
        (server,) = unpacked.iterdir()
        for plugin in ("hive", "iceberg"):
            (packed,) = fetched.glob(f"trino-{plugin}-*.zip")
            target = server / "plugin" / plugin
            with zipfile.ZipFile(packed) as archive:
                for member in archive.infolist():
                    name = member.filename.partition("/")[2]
                    if name and not member.is_dir():
                        (target / name).parent.mkdir(parents=True, exist_ok=True)
                        (target / name).write_bytes(archive.read(member))
        server.rename(home)
    return home


def _copy_from_maven(artifact: str, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise UnavailableError("Maven (mvn) is not installed; it fetches Trino by its coordinates")
    command = [maven, "-B", "-q", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FETCH_SECONDS, cwd=folder)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"Maven has not fetched {artifact} within {FETCH_SECONDS} s") from error
    if done.returncode != 0:
        raise UnavailableError(f"Maven cannot fetch {artifact}: {done.stdout.strip()[-400:]}")


@contextmanager
def running(folder: Path) -> Iterator[TrinoServer]:
    """Run a Trino of its own in an empty folder, and stop it at the end.

    Raises:
        UnavailableError: It cannot be had here.
        RuntimeError: It does not start.
    """
    home, binary = fetch(), java()
    port = _free_port()
    _write_configuration(folder, port)
    log = folder / "server.log"
    command = [
        str(binary),
        *_JVM,
        f"-Dnode.data-dir={folder / 'data'}",
        f"-Dplugin.dir={home / 'plugin'}",
        f"-Dconfig={folder / 'etc' / 'config.properties'}",
        f"-Dlog.levels-file={folder / 'etc' / 'log.properties'}",
        f"-Dcatalog.config-dir={folder / 'etc' / 'catalog'}",
        "-cp",
        f"{home / 'lib'}/*",
        "io.trino.server.TrinoServer",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=folder
        )
        try:
            _wait(process, port, log)
            yield TrinoServer(port, folder / "files")
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_configuration(folder: Path, port: int) -> None:
    files = folder / "files"
    (files / "work").mkdir(parents=True)
    catalog = folder / "etc" / "catalog"
    catalog.mkdir(parents=True)
    metastore = f"hive.metastore.catalog.dir=local:///metastore\nfs.native-local.enabled=true\nlocal.location={files}\n"
    (folder / "etc" / "config.properties").write_text(
        "node.id=conformance\nnode.environment=test\nnode.internal-address=127.0.0.1\nnode.bind-ip=127.0.0.1\n"
        "coordinator=true\nnode-scheduler.include-coordinator=true\n"
        f"http-server.http.port={port}\ndiscovery.uri=http://127.0.0.1:{port}\ncatalog.management=static\n"
        "query.max-memory=1GB\nquery.max-memory-per-node=1GB\nmemory.heap-headroom-per-node=400MB\n"
        "task.concurrency=2\ntask.max-worker-threads=4\nweb-ui.enabled=false\n"
    )
    (folder / "etc" / "log.properties").write_text("io.trino=WARN\nio.airlift=WARN\n")
    (catalog / "iceberg.properties").write_text(
        f"connector.name=iceberg\niceberg.catalog.type=TESTING_FILE_METASTORE\n{metastore}"
    )
    (catalog / "hive.properties").write_text(f"connector.name=hive\nhive.metastore=file\n{metastore}")


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the server answers that it has started."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/info", timeout=5) as answer:
                if b'"starting":false' in answer.read():
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.5)
    text = log.read_text(errors="replace")[-4000:]
    raise RuntimeError(f"Trino has not started within {START_SECONDS} s:\n{text}")


def main() -> None:
    """Run a server until it is interrupted or told to end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="usagelake-trino-") as folder, running(Path(folder)) as server:
        print(server.configuration("usage"), flush=True)  # noqa: T201
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
