"""Files and texts of strangers are one error each, whatever they hold; the same in every command that reads some."""

import os
import threading
import time

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.synthetic_runs import write_run
from vsseval.cli import invoke
from vsseval.errors import UsageError
from vsseval.store import journal
from vsseval.store.scores import read_scores
from vsseval.text import readers
from vsseval.text.arrays import arrays
from vsseval.text.readers import LARGEST_TOML, Unreadable, csv_rows, file_bytes, json_value, toml_tables

DEEP = "a = " + "[" * 100_000


@pytest.mark.parametrize("text", [DEEP, "[a]\n[a]", "a = ", "x" * (LARGEST_TOML + 1), 'a = "\\q"'])
def test_what_is_none_is_one_error(text):
    with pytest.raises(Unreadable):
        toml_tables(text)


def test_tables_are_read():
    assert toml_tables('[a]\nb = [1, "é"]') == {"a": {"b": [1, "é"]}}


def test_margins_of_a_stranger_are_told_in_one_line(tmp_path, capsys):
    margins = tmp_path / "margins.toml"
    margins.write_text(DEEP)
    (tmp_path / "runs").mkdir()
    assert invoke(["gate", str(tmp_path / "runs"), "--against", str(tmp_path / "runs"), "--margins", str(margins)]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) <= 3


@pytest.mark.parametrize(
    "text", [DEEP[4:], '{"a":' * 50_000, "", "nan", "[1,]", b"\xff", '"\\ud800"', "1" * 10_000, "[NaN]", "{'a': 1}"]
)
def test_what_is_no_json_is_one_error(text):
    with pytest.raises(Unreadable):
        json_value(text)


def test_numbers_with_more_digits_than_python_takes_are_no_toml():
    with pytest.raises(Unreadable):
        toml_tables("a = " + "9" * 10_000)


def test_rows_of_a_table_know_their_lines():
    assert [*csv_rows('a,b\n\n"x\ny",2\nz,3')] == [(1, ["a", "b"]), (2, []), (3, ["x\ny", "2"]), (5, ["z", "3"])]
    for text in ('a\n"open', "a\n" + "x" * 200_000, 'a\n"b"c'):
        with pytest.raises(Unreadable, match="line 2"):
            list(csv_rows(text))


def test_pipes_devices_and_folders_are_never_opened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    opened = []
    plain = os.open
    monkeypatch.setattr(os, "open", lambda *more: opened.append(more) or plain(*more))
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "none", type(tmp_path)("/dev/zero")):
        for read in (file_bytes, arrays):
            with pytest.raises(OSError, match=r"pipe|directory|No such"):
                read(path)
    assert not opened


def test_a_file_that_became_a_pipe_meanwhile_does_not_wait(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(readers.os, "stat", lambda path: os.lstat(__file__))
    with pytest.raises(OSError, match="pipe"):
        file_bytes(tmp_path / "pipe")


def test_large_and_sparse_files_are_not_read(tmp_path):
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OSError, match=r"it has 1,099,511,627,776 bytes, more than the 1,000 that are read"):
        file_bytes(tmp_path / "sparse", 1000)
    (tmp_path / "text").write_bytes(b"x" * 1000)
    assert len(file_bytes(tmp_path / "text", 1000)) == 1000


def test_scores_of_other_types_are_refused(tmp_path):
    write_run(tmp_path, "a", 0.2)
    (run,) = tmp_path.iterdir()
    table = pq.read_table(run / "scores.parquet")
    for name, column in (
        ("value", pa.array(["1"] * len(table))),
        ("detail", pa.array([{"a": 1}] * len(table))),
        ("sample_id", pa.array([b"x"] * len(table))),
    ):
        pq.write_table(table.set_column(table.column_names.index(name), name, column), tmp_path / "odd.parquet")
        with pytest.raises(UsageError, match=f"its column {name} holds"):
            read_scores(tmp_path / "odd.parquet")


@pytest.mark.parametrize("verb", ["table", "report"])
def test_a_pipe_in_the_place_of_a_record_holds_nobody_up(tmp_path, capsys, monkeypatch, verb):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs", "a", 0.2)
    (tmp_path / "runs" / "b").mkdir()
    os.mkfifo(tmp_path / "runs" / "b" / "run.json")
    done = []
    thread = threading.Thread(target=lambda: done.append(invoke([verb, "--runs", str(tmp_path / "runs")])), daemon=True)
    thread.start()
    thread.join(60)
    assert done == [0]
    assert "it is a pipe" in capsys.readouterr().err


@pytest.mark.parametrize("named", ["../../x.flac", "/etc/hostname", "audio/../../x", "a/\\u0000b"])
def test_a_journal_that_names_a_file_outside_its_run_is_not_believed(tmp_path, caplog, named):
    path = tmp_path / "shards" / "0000.jsonl"
    path.parent.mkdir()
    sound = '{"id":"%s","status":"ok","path":"%s","sha256":"00"}'
    picture = sound[:-1] + ',"picture":{"path":"%s","sha256":"00"}}'
    path.write_text(
        "\n".join([sound % ("a", "audio/a.flac"), sound % ("b", named), picture % ("p", "audio/p.flac", named), ""])
    )
    assert set(journal.read_journal(path)) == {"a"}
    assert len([line for line in caplog.messages if "not in its run" in line]) == 2
    assert msgspec.json.decode(path.read_bytes().splitlines()[0])["id"] == "a"


@pytest.mark.parametrize(
    "before", ["", "z = '#'\n", 'z = "\\""\n', 'z = """"x""""\n', "z = '''\n'''\n", '# "\n'], ids=range(6)
)
@pytest.mark.parametrize("key", ["a", '"a b"', "'#'"])
@pytest.mark.parametrize("line", ["{} = 1", "[{}]", "[[{}]]", "b = {{ {} = 1 }}"])
def test_a_key_of_many_parts_is_not_read_at_all(before, key, line):
    toml_tables(before + line.format(".".join([key] * 16)))
    with pytest.raises(Unreadable, match=f"line {before.count(chr(10)) + 1}: a key has more than the 16 parts"):
        toml_tables(before + line.format(" . ".join([key] * 17)))


def test_dots_in_texts_and_numbers_are_no_key():
    text = "x." * 100
    for line in (f'a = "{text}"', f'a = """\n{text}\n"""', f"a = '''{text}'''", f"a = 1  # {text}", f"'{text}' = 1.5"):
        assert toml_tables(line)


@pytest.mark.parametrize("text", ["a" + ".a" * 300_000 + "=1", 'a="' + '\\"' * 500_000, '"\\' * 500_000, "'" * 999_999])
def test_no_toml_takes_time_with_the_square_of_its_size(text):
    begun = time.process_time()
    with pytest.raises(Unreadable):
        toml_tables(text)
    assert time.process_time() - begun < 5
