"""TOML of strangers is one error, whatever it holds; the same in every command that reads some."""

import pytest

from vsseval import toml_tables
from vsseval.cli import invoke

DEEP = "a = " + "[" * 100_000


@pytest.mark.parametrize("text", [DEEP, "[a]\n[a]", "a = ", "x" * (toml_tables.LARGEST + 1), 'a = "\\q"'])
def test_what_is_none_is_one_error(text):
    with pytest.raises(toml_tables.TOMLDecodeError):
        toml_tables.parse(text)


def test_tables_are_read():
    assert toml_tables.parse('[a]\nb = [1, "é"]') == {"a": {"b": [1, "é"]}}


def test_margins_of_a_stranger_are_told_in_one_line(tmp_path, capsys):
    margins = tmp_path / "margins.toml"
    margins.write_text(DEEP)
    (tmp_path / "runs").mkdir()
    assert invoke(["gate", str(tmp_path / "runs"), "--against", str(tmp_path / "runs"), "--margins", str(margins)]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) <= 3
