"""What is staged comes back from DuckDB as the plain reader has it: every line, its key and its fault."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.domain.json_lines import MAX_LINE_BYTES, read_object
from usagelake.domain.landing import Source, source_of
from usagelake.engines.dialect import SESSION_SQL
from usagelake.engines.duckdb import landing_relations
from usagelake.engines.staging import Staged, batches, stage
from usagelake.engines.staging import objects as staging
from usagelake.engines.staging.objects import GZIP_EXPANDS, JOIN_BELOW_BYTES
from usagelake.storage import LocalFolder, ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Lines = Counter[tuple[str, str, str | None]]

EVENT = b'{"id":"a","properties":{"usage":1}}'
BIG = b"".join(b'{"id":"%d","pad":"%s"}\n' % (number, b"x" * 100) for number in range(4_000))

OBJECTS: dict[str, bytes] = {
    "a/empty.jsonl": b"",
    "a/line_feeds.jsonl": b"\n\n\n",
    "a/spaces.jsonl": b"  \n\t\n \r\n",
    "a/one.jsonl": EVENT,
    "a/ended.jsonl": EVENT + b"\n",
    "a/blank_between.jsonl": EVENT + b"\n\n\n" + EVENT + b"\n",
    "a/crlf.jsonl": EVENT + b"\r\n" + EVENT + b"\r\n",
    "a/bare_cr.jsonl": b'{"id":"a\rb"}\n{"a":\r1}\r',
    "a/crs_before_lf.jsonl": EVENT + b"\r\r\n" + EVENT,
    "a/nul.jsonl": b'{"id":"a\x00b"}\n\x00\n',
    "a/separator.jsonl": b'{"id":"a\x01b"}\n\x01\n1\x01\x01{}\n',
    "a/mark.jsonl": b"\xef\xbb\xbf" + EVENT + b"\n",
    "a/half_mark.jsonl": b"\xef\xbb" + EVENT + b"\n",
    "a/mark_inside.jsonl": EVENT + b"\n\xef\xbb\xbf" + EVENT + b"\n",
    "a/only_mark.jsonl": b"\xef\xbb\xbf",
    "a/not_utf8.jsonl": b'{"id":"\xff"}\n' + EVENT + b"\n\xc3\n",
    "a/surrogate.jsonl": b'{"id":"\xed\xa0\x80"}\n',
    "a/too_long.jsonl": b'{"id":"' + b"x" * MAX_LINE_BYTES + b'"}\n' + EVENT + b"\n",
    "a/longest.jsonl": b'"' + b"x" * (MAX_LINE_BYTES - 2) + b'"\n' + EVENT + b"\n",
    "a/longest_of_controls.jsonl": b"\x02" * MAX_LINE_BYTES + b"\r\n" + EVENT + b"\n",
    "a/long_after_spaces.jsonl": b" " * (MAX_LINE_BYTES + 5) + EVENT + b"\n",
    "a/joined.jsonl": EVENT + EVENT + b" \t" + EVENT + b"\r\n",
    "a/quotes.jsonl": b'"\n\'\n""\n\\\n\\n\n"unended\n#comment\n,\n;\n|\nNULL\nnull\n-\n',
    "a/odd_space.jsonl": "\u00a0x\u2028y\u2029z\u0085\u000b\u000c\n\u3000\n".encode(),
    "a/characters.jsonl": '{"id":"é ☃ 𝄞 \u0301 \ufffd"}\n'.encode(),
    "a/escapes.jsonl": b'{"id":"\\u0000\\n\\"\\\\\\u0001\\ud834\\udd1e"}\n',
    "a/escapes_read_alone.jsonl": b'{"id":"\\u0000\\n\\"\\\\\\u0001\\ud834\\udd1e"}\r\r\n',
    "a/trailing_space.jsonl": b" " + EVENT + b" \t\n",
    "a/apigw_access/requests.jsonl": b'{"extendedRequestId":"a"}\n',
    "apigw_access/damaged.jsonl.gz": gzip.compress(BIG)[:-2_000],
    "apigw_access/no_gzip.jsonl.gz": EVENT + b"\n",
    "apigw_access/nothing.jsonl.gz": b"",
    "apigw_access/empty.jsonl.gz": gzip.compress(b""),
    "apigw_access/sound.jsonl.gz": gzip.compress(EVENT + b"\n" + EVENT),
    "apigw_access/crlf.jsonl.gz": gzip.compress(EVENT + b"\r\n\r\n" + EVENT),
    "apigw_access/bare_cr.jsonl.gz": gzip.compress(b'{"a":\r1}'),
    "apigw_access/members.jsonl.gz": gzip.compress(EVENT + b"\n") + gzip.compress(EVENT + b"\n"),
    "apigw_access/rest.jsonl.gz": gzip.compress(EVENT + b"\n") + b"rest",
    "apigw_access/mark.jsonl.gz": gzip.compress(b"\xef\xbb\xbf" + EVENT),
    "apigw_access/not_utf8.jsonl.gz": gzip.compress(b"\xff\n" + EVENT),
    "big/clean.jsonl": BIG,
    "big/unended.jsonl": BIG.removesuffix(b"\n"),
    "big/crlf.jsonl": BIG.replace(b"\n", b"\r\n"),
    "big/not_utf8.jsonl": BIG + b"\xff\n" + BIG,
    "big/mark.jsonl": b"\xef\xbb\xbf" + BIG,
    "big/glob[ab]*?.jsonl": BIG,
    'big/it\'s "quoted" {x}=1, é ☃.jsonl': BIG,
    "big/year=2025/month=10/it's é=1.jsonl": BIG,
    "big/apigw_access/quotes.jsonl": b'"\n\'a\n\\\n"a"b\n' * 40_000,
    "a/key \"with\", 'quotes' and\ttab.jsonl": EVENT,
    "a/key\nwith line feed.jsonl": EVENT,
}


def _put(root: Path, objects: Mapping[str, bytes]) -> list[ObjectInfo]:
    """Write objects, and list them."""
    for key, content in objects.items():
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return sorted(LocalFolder(root).list(), key=lambda info: info.key)


def _expected(objects: Mapping[str, bytes], source: Source) -> Lines:
    """Give the lines of a source as the plain reader has them; blank ones are none."""
    return Counter(
        (key, line.text, line.reason)
        for key, content in objects.items()
        if source_of(key) is source
        for line in read_object([content], gzipped=key.endswith(".gz"))
    )


def _shown(connection: duckdb.DuckDBPyConnection, source: Source) -> Lines:
    """Give the lines of a source as DuckDB has them, trimmed, parted and without blank ones.

    That is what the landing queries do with a line; that DuckDB gives it whole is what is shown here.
    """
    relation = f"landing_{source}"
    found = connection.execute(f"SELECT object_key, line, fault FROM {relation}").fetchall()
    shown: Lines = Counter()
    for key, line, fault in found:
        if fault is not None:
            shown[key, line, fault] += 1
        else:
            for part in read_object([b"\n" + (line or "").encode()], gzipped=False):
                shown[key, part.text, part.reason] += 1
    return shown


def _stage(root: Path, folder: Path, infos: list[ObjectInfo]) -> Staged:
    folder.mkdir()
    return stage(LocalFolder(root), infos, folder)


def _show(connection: duckdb.DuckDBPyConnection, staged: Staged, root: Path) -> None:
    landing_relations.show(connection, staged, f"{root}/")


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for statement in SESSION_SQL:
            connection.execute(statement)
        yield connection


@pytest.mark.parametrize("key", OBJECTS, ids=lambda key: key.replace("\n", "LF"))
def test_an_object_comes_back(tmp_path: Path, connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Alone in its batch."""
    objects = {key: OBJECTS[key]}
    root = tmp_path / "landing"
    staged = _stage(root, tmp_path / "batch", _put(root, objects))
    _show(connection, staged, root)
    assert staged.unreadable == []
    for source in Source:
        assert _shown(connection, source) == _expected(objects, source)


def test_all_objects_of_a_batch_come_back(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """No line is another object's, and every object is known by its number, key, digest, size and version."""
    root = tmp_path / "landing"
    infos = _put(root, OBJECTS)
    staged = _stage(root, tmp_path / "batch", infos)
    _show(connection, staged, root)
    for source in Source:
        assert _shown(connection, source) == _expected(OBJECTS, source)
    assert staged.size == sum(map(len, OBJECTS.values()))
    assert connection.execute("SELECT * FROM batch_objects ORDER BY number").fetchall() == [
        (number, info.key, hashlib.sha256(OBJECTS[info.key]).hexdigest(), info.size, info.version)
        for number, info in enumerate(infos)
    ]


def test_only_large_clean_files_stay_where_they_lie(tmp_path: Path) -> None:
    """A name that DuckDB would take for a pattern does not."""
    root = tmp_path / "landing"
    staged = _stage(root, tmp_path / "batch", _put(root, OBJECTS))
    in_place = {str(path.relative_to(root)) for paths in staged.files.values() for path in paths}
    assert in_place == {
        "big/clean.jsonl",
        "big/unended.jsonl",
        "big/year=2025/month=10/it's é=1.jsonl",
        "big/apigw_access/quotes.jsonl",
    }


@pytest.mark.parametrize(("size", "in_place"), [(JOIN_BELOW_BYTES - 1, False), (JOIN_BELOW_BYTES, True)])
def test_small_files_are_joined(tmp_path: Path, size: int, in_place: bool) -> None:
    root = tmp_path / "landing"
    objects = {"a.jsonl": (EVENT + b"\n") * (size // (len(EVENT) + 1) + 1)}
    objects["a.jsonl"] = objects["a.jsonl"][: size - 1] + b"\n"
    staged = _stage(root, tmp_path / "batch", _put(root, objects))
    assert bool(staged.files[Source.BILLING_EVENTS]) is in_place
    assert (Source.BILLING_EVENTS in staged.chunks) is not in_place


def test_an_object_too_large_to_hold_is_streamed(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a gzip object inflates to, or an object itself, is above the limit of what is held in memory."""
    monkeypatch.setattr(staging, "INFLATE_AT_MOST_BYTES", 1_000)
    objects = {"a.jsonl.gz": gzip.compress(BIG), "b.jsonl": b"\xff\n" + EVENT * 100, "c.jsonl.gz": os.urandom(5_000)}
    root = tmp_path / "landing"
    staged = _stage(root, tmp_path / "batch", _put(root, objects))
    _show(connection, staged, root)
    assert _shown(connection, Source.BILLING_EVENTS) == _expected(objects, Source.BILLING_EVENTS)


def test_an_object_that_cannot_be_opened_is_named_and_left_out(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    """Its neighbours are there, each under its own number."""
    objects = {"a.jsonl": b'"a"\n', "c.jsonl": b'"c"\r\r\n'}
    root = tmp_path / "landing"
    _put(root, objects)
    (root / "b.jsonl").symlink_to(root / "nowhere")
    infos = sorted(LocalFolder(root).list(), key=lambda info: info.key)
    staged = _stage(root, tmp_path / "batch", infos)
    _show(connection, staged, root)
    (missed,) = staged.unreadable
    assert (missed.key, "b.jsonl: cannot be opened" in missed.message) == ("b.jsonl", True)
    assert [row[:2] for row in staged.rows] == [(0, "a.jsonl"), (2, "c.jsonl")]
    assert _shown(connection, Source.BILLING_EVENTS) == _expected(objects, Source.BILLING_EVENTS)


def test_a_batch_of_nothing_shows_nothing(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """What the batch before has shown is gone."""
    root = tmp_path / "landing"
    _show(connection, _stage(root, tmp_path / "first", _put(root, {"a.jsonl": EVENT})), root)
    _show(connection, _stage(root, tmp_path / "second", []), root)
    for source in Source:
        assert _shown(connection, source) == Counter()
    assert connection.execute("SELECT count(*) FROM batch_objects").fetchall() == [(0,)]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    root = tmp_path / "landing"
    infos = _put(root, {"a.jsonl": EVENT})
    with pytest.raises(FileNotFoundError, match=r"batch/billing_events\.lines"):
        stage(LocalFolder(root), infos, tmp_path / "batch")


PIECES = (
    *(EVENT, b"{}", b'{"a":"\\u0000"}', b'"', b"'", b"\\", b"-", b"a", b"1", b" ", b"\t", b","),
    *(b"\n", b"\n", b"\n", b"\r\n", b"\r", b"\x00", b"\x01", b"\x02", b"\xff", b"\xef\xbb\xbf"),
    *("é".encode(), "☃".encode(), "\u2028".encode(), "\u00a0".encode(), "𝄞".encode()),
)
CONTENT = st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(CONTENT, st.sampled_from(["", "zipped", "cut"])), min_size=1, max_size=30))
def test_any_bytes_come_back(tmp_path_factory: pytest.TempPathFactory, made: list[tuple[bytes, str]]) -> None:
    objects = {}
    for number, (content, how) in enumerate(made):
        if how:
            zipped = gzip.compress(content, mtime=0)
            objects[f"{number}.jsonl.gz"] = zipped[: len(zipped) // 2] if how == "cut" else zipped
        else:
            objects[f"{number}.jsonl"] = content
    folder = tmp_path_factory.mktemp("any")
    root = folder / "landing"
    staged = _stage(root, folder / "batch", _put(root, objects))
    with duckdb.connect() as connection:
        _show(connection, staged, root)
        assert _shown(connection, Source.BILLING_EVENTS) == _expected(objects, Source.BILLING_EVENTS)


def _info(key: str, size: int) -> ObjectInfo:
    return ObjectInfo(key, size, "1")


SIZES = st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=40)


@given(SIZES, st.integers(1, 100), st.integers(1, 10))
def test_batches_keep_their_limits(sizes: list[tuple[int, bool]], size: int, count: int) -> None:
    """All objects in their order; a batch is above its bytes only by a single object, and could take no more."""
    infos = [_info(f"{number}.jsonl{'.gz' * zipped}", bytes_) for number, (bytes_, zipped) in enumerate(sizes)]
    cut = list(batches(iter(infos), size=size, count=count))
    assert [info for batch in cut for info in batch] == infos
    weights = [[info.size * (GZIP_EXPANDS if info.key.endswith(".gz") else 1) for info in batch] for batch in cut]
    for weight in weights:
        assert 1 <= len(weight) <= count
        assert sum(weight) <= size or len(weight) == 1
    for weight, after in pairwise(weights):
        assert len(weight) == count or sum(weight) + after[0] > size


def test_batches_by_hand() -> None:
    infos = [_info("a.jsonl", 3), _info("b.jsonl", 3), _info("c.jsonl.gz", 1), _info("d.jsonl", 99), _info("e", 0)]
    assert [[info.key for info in batch] for batch in batches(infos, size=10, count=2)] == [
        ["a.jsonl", "b.jsonl"],
        ["c.jsonl.gz"],
        ["d.jsonl"],
        ["e"],
    ]
    assert list(batches([], size=10, count=2)) == []
