"""Tables of strangers, in every form that users give them: rows, or one short error; never a fault, never for long."""

import random
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vsseval.datasets import clip_lists, metadata_table
from vsseval.datasets.folder_csv import read_list
from vsseval.datasets.ratings import read_ratings
from vsseval.errors import UsageError
from vsseval.store.scores import ScoreRow, read_columns, read_frame, read_scores, write_scores
from vsseval.tables.reported import examine
from vsseval.text import readers

HEAD = b"id,video,caption\n"
WIDE = 20_000
CSV = {
    "columns without end": b",".join(b"c%d" % i for i in range(WIDE)) + b"\n" + b"," * (WIDE - 1),
    "one column again and again": b",".join([b"id"] * WIDE) + b"\na\n",
    "cells without columns": HEAD + b"," * WIDE + b"\n",
    "a line without end": HEAD + b"a" * 2_000_000,
    "nothing but a line": b"a" * 2_000_000,
    "a cell that is never closed": HEAD + b'"a,b.mp4,c\n' * 9,
    "a cell of many lines": HEAD + b'"' + b"a\n" * 100_000 + b'"',
    "UTF-16": ("\ufeff" + HEAD.decode()).encode("utf-16-le"),
    "UTF-16 from the other end": ("\ufeff" + HEAD.decode()).encode("utf-16-be"),
    "UTF-32": HEAD.decode().encode("utf-32"),
    "Latin": HEAD + b"a,b.mp4,caf\xe9\n",
    "half a character": HEAD + b"a,b.mp4,\xed\xa0\x80\n",
}
READ = {
    "alone": HEAD + b"a,b.mp4,c\n",
    "a mark of its order": b"\xef\xbb\xbf" + HEAD + b"a,b.mp4,c\n",
    "lines of a Macintosh": b"id,video,caption\ra,b.mp4,c\r",
    "lines of all kinds": b"id,video,caption\r\n\n\ra,b.mp4,c\r\n",
}
OBJECTS = {
    "members without end": b"{" + b",".join(b'"k%d":1' % i for i in range(WIDE)) + b"}",
    "a nest": b'{"id":' + b"[" * 100_000,
    "no number": b'{"id":NaN}',
    "half a character": b'{"id":"\\ud800"}',
    "a long number": b'{"id":' + b"9" * 5000 + b"}",
    "a list": b"[1]",
    "a text": b'"a"',
}


def refused(read):
    with pytest.raises(UsageError) as error:
        read()
    assert len(str(error.value)) < 1000


def faults(path):
    """Read the list of a folder of clips; what is wrong with it, whichever way it is told."""
    try:
        rows, found = read_list(path)
    except UsageError as error:
        return [str(error)]
    assert not rows
    return found


@pytest.mark.parametrize("data", CSV.values(), ids=CSV)
def test_what_is_no_table_is_one_short_error(tmp_path, data):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    refused(lambda: metadata_table.rows(clip_lists.read_list(path)))
    refused(lambda: read_ratings(path, ["a", "b"]))
    found = faults(path)
    assert 0 < len(found) < 10
    assert max(map(len, found)) < 1000
    try:
        rows, wrong = examine(path)
    except UsageError as error:
        rows, wrong = [], [str(error)]
    assert not rows
    assert max(map(len, wrong)) < 2000


@pytest.mark.parametrize("data", READ.values(), ids=READ)
def test_line_ends_and_marks_of_all_kinds_are_read(tmp_path, data):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    assert [row.cells for row in read_list(path)[0]] == [{"id": "a", "video": "b.mp4", "caption": "c"}]
    assert [row["id"] for _, row in metadata_table.rows(clip_lists.read_list(path))] == ["a"]


@pytest.mark.parametrize("form", ["{}", "[{}]"])
@pytest.mark.parametrize("data", OBJECTS.values(), ids=OBJECTS)
def test_lines_that_are_no_clips_are_one_short_error(tmp_path, data, form):
    path = tmp_path / "a.jsonl"
    path.write_bytes(form.encode().replace(b"{}", data))
    refused(lambda: read_ratings(path, ["a", "b"]))
    found = faults(path)
    assert len(found) == 1
    assert len(found[0]) < 1000


def test_many_unknown_columns_are_counted_and_not_listed(tmp_path, caplog):
    path = tmp_path / "a.csv"
    path.write_bytes(b"id," + b",".join(b"c%d" % i for i in range(5000)) + b"\na\n")
    refused(lambda: read_list(path))
    path.rename(tmp_path / "metadata.csv")
    assert len(read_list(tmp_path / "metadata.csv")[0]) == 1
    assert len(caplog.text) < 2000
    refused(lambda: read_ratings(tmp_path / "metadata.csv", ["a", "b"]))


def test_a_list_that_is_larger_than_any_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(readers.file_bytes, "__defaults__", (1000,))
    monkeypatch.setattr(readers.file_text, "__defaults__", (1000,))
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(500 << 20)
    for read in (read_list, clip_lists.read_list, examine):
        refused(lambda read=read: read(path))


ROWS = [ScoreRow(f"c{i}", "k", "s", 0, "m", "1", "ok", 0.5, 1.0) for i in range(9)]


@pytest.fixture
def scores(tmp_path):
    write_scores(tmp_path / "plain.parquet", ROWS)
    return pq.read_table(tmp_path / "plain.parquet")


def nest(deep):
    kind = pa.int64()
    for _ in range(deep):
        kind = pa.list_(kind)
    return kind


COLUMNS = {
    "dictionaries of numbers": ("detail", pa.array([1] * 9).dictionary_encode()),
    "lists": ("detail", pa.array([["a"]] * 9)),
    "lists of lists of lists": ("detail", pa.nulls(9, nest(200))),
    "tables": ("detail", pa.array([{"a": {"b": 1}}] * 9)),
    "maps": ("detail", pa.array([[("a", 1)]] * 9, pa.map_(pa.string(), pa.int64()))),
    "nothing of no type": ("detail", pa.nulls(9)),
    "numbers in the place of counts": ("seed", pa.array([1.0] * 9)),
    "texts in the place of numbers": ("value", pa.array(["1"] * 9)),
    "times": ("value", pa.array([1] * 9, pa.timestamp("s"))),
    "nobody": ("sample_id", pa.nulls(9, pa.string())),
}


@pytest.mark.parametrize(("name", "column"), COLUMNS.values(), ids=COLUMNS)
def test_columns_of_scores_that_are_none_are_refused(tmp_path, scores, name, column):
    path = tmp_path / "scores.parquet"
    pq.write_table(scores.set_column(scores.column_names.index(name), name, column), path)
    for read in (read_scores, read_columns):
        refused(lambda read=read: read(path))


def test_other_columns_and_what_pandas_says_are_passed_over(tmp_path, scores):
    path = tmp_path / "scores.parquet"
    said = {b"pandas": b"[" * 100_000, b"long": b"x" * 1_000_000}
    more = scores.append_column("other", pa.array([[1]] * 9)).replace_schema_metadata(said)
    pq.write_table(more.set_column(9, "detail", more["detail"].dictionary_encode()), path)
    assert read_scores(path) == ROWS
    assert len(read_columns(path).value) == len(read_frame(path)) == 9


def test_scores_with_too_many_columns_or_two_of_one_name_are_refused(tmp_path, scores):
    wide = {f"x{i}": pa.array([1] * 9) for i in range(1000)}
    tables = [
        pa.Table.from_arrays([*scores.columns, *wide.values()], names=[*scores.column_names, *wide]),
        pa.Table.from_arrays([*scores.columns, scores["value"]], names=[*scores.column_names, "value"]),
    ]
    for table in tables:
        pq.write_table(table, tmp_path / "scores.parquet")
        for read in (read_scores, read_columns, read_frame):
            refused(lambda read=read: read(tmp_path / "scores.parquet"))


def test_rows_that_a_few_bytes_stand_for_are_not_unfolded(tmp_path, monkeypatch):
    monkeypatch.setattr("vsseval.store.scores.FEW_ROWS", 1000)
    write_scores(tmp_path / "many.parquet", [ROWS[0]] * 200_000)
    ordinary = [ScoreRow(f"c{i}", "k", "s", 0, "m", "1", "ok", 0.5, 1.0) for i in range(9999)]
    write_scores(tmp_path / "true.parquet", ordinary)
    assert len(read_scores(tmp_path / "true.parquet")) == 9999
    for read in (read_scores, read_columns, read_frame):
        refused(lambda read=read: read(tmp_path / "many.parquet"))


@pytest.mark.parametrize("seed", range(4))
def test_damaged_scores_are_read_or_refused(tmp_path, scores, seed):
    draw, path = random.Random(seed), tmp_path / "scores.parquet"
    whole = (tmp_path / "plain.parquet").read_bytes()
    good = 0
    for _ in range(100):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 3)):
            data[draw.randrange(4, len(data))] = draw.choice([0, 1, 0x7F, 0x80, 0xFF])
        path.write_bytes(data)
        for read in (read_scores, read_columns):
            with suppress(UsageError):
                read(path)
                good += 1
    assert good < 200
