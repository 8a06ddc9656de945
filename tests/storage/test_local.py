"""A local folder as a landing: what is listed, what is read, and what cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from usagelake.errors import StorageError
from usagelake.storage import LocalFolder, ObjectInfo
from usagelake.storage.local import CHUNK_BYTES


def _keys(folder: LocalFolder) -> list[str]:
    return sorted(info.key for info in folder.list())


def _read(folder: LocalFolder, key: str) -> bytes:
    return b"".join(folder.read(key))


def test_every_file_of_every_depth_is_listed(tmp_path: Path) -> None:
    """With its key, its size, and its time of modification; folders are not objects."""
    names = ["a.jsonl", "x/b.jsonl.gz", "x/y/z/c", ".hidden/.d", "with space/é ☃.jsonl", "q'uote/[glob]*.jsonl"]
    for size, name in enumerate(names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"-" * size)
    (tmp_path / "empty" / "folder").mkdir(parents=True)
    listed = {info.key: info for info in LocalFolder(tmp_path).list()}
    assert listed == {
        name: ObjectInfo(name, size, str((tmp_path / name).stat().st_mtime_ns)) for size, name in enumerate(names)
    }


def test_an_empty_folder_lists_nothing(tmp_path: Path) -> None:
    assert list(LocalFolder(tmp_path).list()) == []


def test_the_version_changes_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"1")
    os.utime(file, ns=(1, 1))
    (before,) = LocalFolder(tmp_path).list()
    os.utime(file, ns=(2, 2))
    (after,) = LocalFolder(tmp_path).list()
    assert (before.version, after.version) == ("1", "2")


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1])
def test_a_file_is_read_in_chunks(tmp_path: Path, size: int) -> None:
    """No chunk is larger than the limit, none is empty, and together they are the file."""
    content = os.urandom(size)
    (tmp_path / "a").write_bytes(content)
    chunks = list(LocalFolder(tmp_path).read("a"))
    assert b"".join(chunks) == content
    assert all(0 < len(chunk) <= CHUNK_BYTES for chunk in chunks)


def test_a_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative root is found again after the process has gone elsewhere; the location is as it was written."""
    (tmp_path / "landing").mkdir()
    monkeypatch.chdir(tmp_path)
    folder = LocalFolder(Path("landing"))
    assert folder.location == "landing"
    assert folder.path("x/a.jsonl") == tmp_path / "landing" / "x" / "a.jsonl"


def test_a_link_to_a_file_is_an_object(tmp_path: Path) -> None:
    """Its size and its version are the file's."""
    target = tmp_path / "elsewhere"
    target.write_bytes(b"four")
    os.utime(target, ns=(7, 7))
    root = tmp_path / "landing"
    root.mkdir()
    (root / "link.jsonl").symlink_to(target)
    folder = LocalFolder(root)
    assert list(folder.list()) == [ObjectInfo("link.jsonl", 4, "7")]
    assert _read(folder, "link.jsonl") == b"four"


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    """Also not one that would go round in a circle."""
    (tmp_path / "a.jsonl").write_bytes(b"")
    (tmp_path / "self").symlink_to(tmp_path)
    assert _keys(LocalFolder(tmp_path)) == ["a.jsonl"]


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jsonl").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    folder = LocalFolder(tmp_path / "link")
    assert _keys(folder) == ["a.jsonl"]
    assert _read(folder, "a.jsonl") == b"x"


def test_a_link_that_leads_nowhere_is_listed_and_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "missing")
    folder = LocalFolder(tmp_path)
    assert _keys(folder) == ["gone.jsonl"]
    with pytest.raises(StorageError, match=r"gone\.jsonl: cannot be opened \(No such file or directory\)"):
        _read(folder, "gone.jsonl")


def test_a_link_to_itself_is_listed_and_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    folder = LocalFolder(tmp_path)
    assert _keys(folder) == ["loop.jsonl"]
    with pytest.raises(StorageError, match=r"loop\.jsonl: cannot be opened"):
        _read(folder, "loop.jsonl")


def test_what_is_no_file_is_no_object(tmp_path: Path) -> None:
    """A pipe would keep a reader waiting for ever."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert list(LocalFolder(tmp_path).list()) == []


def test_a_missing_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"none\.jsonl: cannot be opened \(No such file or directory\)"):
        _read(LocalFolder(tmp_path), "none.jsonl")


def test_a_folder_cannot_be_read_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    with pytest.raises(StorageError, match=r"below: cannot be read \(Is a directory\)"):
        _read(LocalFolder(tmp_path), "below")


def test_a_name_that_is_no_utf8_is_listed_and_named_when_read(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jsonl")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes names in UTF-8 alone")
    folder = LocalFolder(tmp_path)
    (key,) = _keys(folder)
    with pytest.raises(StorageError, match="caf\N{REPLACEMENT CHARACTER}\\.jsonl: its name is not UTF-8; rename"):
        _read(folder, key)


@pytest.mark.parametrize("root", ["missing", "file"])
def test_a_root_that_is_no_folder_is_refused(tmp_path: Path, root: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match=f"{root}: there is no such folder"):
        LocalFolder(tmp_path / root)


def test_a_root_that_goes_away_cannot_be_listed(tmp_path: Path) -> None:
    root = tmp_path / "landing"
    root.mkdir()
    folder = LocalFolder(root)
    root.rmdir()
    with pytest.raises(StorageError, match=r"landing.*: cannot be listed \(No such file or directory\)"):
        list(folder.list())
