"""Files of a folder appear whole, or not at all, whatever happens to disk, permissions or process."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from usagelake.domain.landing import is_landing_object
from usagelake.errors import StorageDeniedError, StorageError, StorageUnavailableError
from usagelake.storage import LocalFolder, PutOutcome
from usagelake.storage.whole_files import LOCK_NAME

BODY_BYTES = 3_000_000
WRITER = """
import sys
from pathlib import Path
from usagelake.storage import LocalFolder
folder = LocalFolder(Path(sys.argv[1]))
print("started", flush=True)
for number in range(100_000):
    folder.put_if_absent(
        f"t/{number % 7}/{number}.jsonl", b"%07d" % number * (int(sys.argv[2]) // 7), content_type="a/b", metadata={}
    )
"""


def _put(folder: LocalFolder, key: str = "x/a.jsonl", body: bytes = b"body") -> PutOutcome:
    return folder.put_if_absent(key, body, content_type="text/plain", metadata={})


def _files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def _fails(monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, name, fail)


@pytest.mark.parametrize("wait", [0.03, 0.1, 0.2])
def test_a_killed_writer_leaves_no_half_object(tmp_path: Path, wait: float) -> None:
    """What it leaves besides is hidden, and no reader takes it for an object."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path), str(BODY_BYTES)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    with writer, writer.stdout:
        writer.stdout.readline()
        while not _files(tmp_path):
            time.sleep(0.001)
        time.sleep(wait)
        writer.send_signal(signal.SIGKILL)
    found = _files(tmp_path)
    objects = [key for key in found if is_landing_object(key)]
    assert all(Path(key).name.startswith(".put-") for key in {*found} - {*objects})
    for key in objects:
        number = int(Path(key).stem)
        assert (tmp_path / key).read_bytes() == b"%07d" % number * (BODY_BYTES // 7)


def test_nothing_is_left_besides_the_object(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path)
    _put(folder)
    _put(folder)
    assert _files(tmp_path) == ["x/a.jsonl"]
    assert (tmp_path / "x/a.jsonl").stat().st_nlink == 1


def test_a_file_has_the_mode_that_this_user_gives_files(tmp_path: Path) -> None:
    """So that another user can bill what a shipper has written."""
    before = os.umask(0o027)
    try:
        _put(LocalFolder(tmp_path))
    finally:
        os.umask(before)
    assert (tmp_path / "x/a.jsonl").stat().st_mode & 0o777 == 0o640


def test_the_root_is_never_made(tmp_path: Path) -> None:
    """It may be a share that is not mounted; then nothing is written to the disk beneath."""
    root = tmp_path / "share"
    root.mkdir()
    folder = LocalFolder(root)
    root.rmdir()
    with pytest.raises(StorageDeniedError, match=r"No such file or directory\); make the folder, or mount"):
        _put(folder)
    assert not root.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_denied(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StorageDeniedError, match="let this user write there"):
            _put(LocalFolder(tmp_path))
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("call", ["open", "write", "fsync", "link"])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.ENOSPC, StorageUnavailableError),
        (errno.EDQUOT, StorageUnavailableError),
        (errno.EIO, StorageUnavailableError),
        (errno.ESTALE, StorageUnavailableError),
        (errno.EMFILE, StorageUnavailableError),
        (errno.EROFS, StorageDeniedError),
        (errno.EACCES, StorageDeniedError),
        (errno.ENAMETOOLONG, StorageError),
    ],
)
def test_a_fault_of_the_disk_is_judged_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int, kind: type[StorageError]
) -> None:
    """Wherever it strikes; and once it has passed, the same put works."""
    folder = LocalFolder(tmp_path)
    (tmp_path / "x").mkdir()
    with monkeypatch.context() as broken:
        if not (call == "fsync" and code == errno.EACCES):
            _fails(broken, call, code)
            with pytest.raises(StorageError, match=r"a\.jsonl: cannot be written \(") as caught:
                _put(folder)
            assert type(caught.value) is kind
    assert _files(tmp_path) == []
    assert _put(folder) is PutOutcome.CREATED


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_links_gets_whole_files_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """By a rename, which one of many writers does, under a hidden lock."""
    _fails(monkeypatch, "link", code)
    rename = Path.rename

    def late(self: Path, target: Path) -> Path:
        time.sleep(0.02)  # time enough for whoever does not wait for the lock
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", late)
    folder = LocalFolder(tmp_path)
    together = Barrier(8)

    def put(number: int) -> PutOutcome:
        together.wait()
        return _put(folder, "x/a.jsonl", b"%d" % number * 1000)

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(put, range(8)))
    assert outcomes.count(PutOutcome.CREATED) == 1
    assert set((tmp_path / "x/a.jsonl").read_bytes()) == {b"01234567"[outcomes.index(PutOutcome.CREATED)]}
    assert _files(tmp_path) == [f"x/{LOCK_NAME}", "x/a.jsonl"]
    assert not is_landing_object(f"x/{LOCK_NAME}")


def test_a_link_that_was_made_and_denied_counts_as_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFS says so when its first answer was lost."""
    link = os.link

    def twice(source: str, target: str) -> None:
        link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", twice)
    assert _put(LocalFolder(tmp_path)) is PutOutcome.CREATED


def test_a_name_that_is_a_folder_s_is_no_object(tmp_path: Path) -> None:
    """It must not be taken for one that was delivered."""
    (tmp_path / "x" / "a.jsonl").mkdir(parents=True)
    with pytest.raises(StorageError, match="taken by something else; move it away") as caught:
        _put(LocalFolder(tmp_path))
    assert type(caught.value) is StorageError


def test_a_folder_s_name_that_is_a_file_s_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(StorageError, match="a file has the name of one of its folders") as caught:
        _put(LocalFolder(tmp_path))
    assert type(caught.value) is StorageError


def test_names_are_synced_with_their_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, then its folder, and the folder of each folder that was made; also for a file that was there."""
    synced: list[str] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append("file" if path.name.startswith(".put-") else str(path.relative_to(tmp_path)))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    folder = LocalFolder(tmp_path)
    _put(folder, "x/y/a.jsonl")
    assert synced == [".", "x", "file", "x/y"]
    synced.clear()
    _put(folder, "x/y/a.jsonl")
    assert synced == ["x/y"]
