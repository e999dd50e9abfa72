"""What is kept of distances: the same after a round trip, the same bytes, and damage that is named with its way out."""

from __future__ import annotations

import hashlib
import re
import shlex

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.synthetic_runs import FAD, WER, write_run, write_table
from vsseval.cli import invoke
from vsseval.errors import UsageError
from vsseval.store.record import find_runs, load_run
from vsseval.store.replicates import Replicates, clips_sha256, content_sha256, read_replicates, write_replicates
from vsseval.tables.layout import blocks

NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=8)


@st.composite
def kept(draw):
    count = draw(st.integers(0, 6))
    groups = sorted(draw(st.sets(st.integers(0, 19), min_size=count, max_size=count)))
    some = st.lists(NUMBERS, min_size=count, max_size=count).map(tuple)
    return Replicates(
        metric=draw(TEXTS), subset=draw(TEXTS), n=draw(st.integers(0, 10**6)), total=draw(st.integers(0, 10**6)),
        clips=hashlib.sha256(draw(TEXTS).encode()).hexdigest(), value=draw(NUMBERS), reason=draw(TEXTS),
        groups=tuple(groups), without=draw(some) if count > 1 else (),
        without_two=draw(some) if count > 3 and draw(st.booleans()) else (),
    )  # fmt: skip


@given(st.lists(kept(), max_size=4))
def test_what_is_written_is_read(tmp_path_factory, found):
    path = tmp_path_factory.mktemp("r") / "replicates.npz"
    write_replicates(path, found)
    again = read_replicates(path)
    assert again == tuple(found)
    assert content_sha256(again) == content_sha256(found)
    whole = path.read_bytes()
    write_replicates(path, again)
    assert path.read_bytes() == whole


def test_groups_are_the_same_where_clips_and_their_groups_are(tmp_path):
    members = [(f"clip{i}", i % 4) for i in range(9)]
    assert clips_sha256(members) == clips_sha256(reversed(members))
    for other in (members[1:], [*members[1:], ("clip0", 1)], [*members[1:], ("clip9", 0)]):
        assert clips_sha256(other) != clips_sha256(members)


def test_a_changed_number_is_another_content(tmp_path):
    (one,) = load_run(write_run(tmp_path, "a", 0.2)).replicates
    changed = msgspec.structs.replace(one, without=(one.without[0] + 1e-12, *one.without[1:]))
    assert content_sha256([changed]) != content_sha256([one])


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_torn_file_is_named_with_the_command_that_mends_it(tmp_path, part, capsys):
    paths = {name.rpartition("/")[2]: path for name, path in write_table(tmp_path).items()}
    file = paths["good"] / "replicates.npz"
    whole = file.read_bytes()
    file.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(UsageError, match=rf"is damaged: .*vsseval score {paths['good']}"):
        read_replicates(file)
    assert invoke(["table", "--runs", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert re.search(rf"warning: {file} is damaged: .*vsseval score {paths['good']}", shown.err)
    (block,) = blocks(find_runs(tmp_path))
    assert not any(cell.best for cell in block.rows[0].cells)


def test_a_file_that_lacks_a_column_or_has_one_too_short_is_damaged(tmp_path):
    path = write_run(tmp_path, "a", 0.2)
    with np.load(path / "replicates.npz") as stored:
        columns = {name: stored[name] for name in stored.files}
    for name in columns:
        np.savez(path / "replicates.npz", **{key: value for key, value in columns.items() if key != name})
        with pytest.raises(UsageError, match="is damaged"):
            read_replicates(path / "replicates.npz")
    np.savez(path / "replicates.npz", **{**columns, "without": columns["without"][:-1]})
    with pytest.raises(UsageError, match="is damaged"):
        read_replicates(path / "replicates.npz")


@pytest.mark.parametrize("how", ["gone", "another's", "a number changed"])
@pytest.mark.parametrize("verb", ["compare", "gate", "leaderboard"])
def test_what_is_missing_or_changed_is_refused_where_distances_are_needed(tmp_path, capsys, how, verb):
    a, b = write_run(tmp_path, "a", 0.2), write_run(tmp_path, "b", 0.5)
    file = a / "replicates.npz"
    if how == "gone":
        file.unlink()
    elif how == "another's":
        file.write_bytes((b / "replicates.npz").read_bytes())
    else:
        (one,) = read_replicates(file)
        write_replicates(file, [msgspec.structs.replace(one, value=one.value / 2)])
    (tmp_path / "gates.toml").write_text('["*"."fad@toy"]\nmargin = 9.0\n')
    arguments = {
        "compare": [a, b, "--metric", FAD.id],
        "gate": [a, "--against", b, "--margins", tmp_path / "gates.toml"],
        "leaderboard": ["add", a, "--leaderboards", tmp_path / "lb"],
    }[verb]
    assert invoke([verb, *map(str, arguments)]) == 2
    shown = capsys.readouterr()
    assert f"{file} {'is not there' if how == 'gone' else 'was changed after the run'}" in shown.err
    assert f"vsseval score {a}" in shown.err
    # What has a value for each clip is compared by its scores, and the damage is said beside it.
    assert invoke(["compare", str(a), str(b), "--metric", WER.id]) == 0
    assert f"warning: {file}" in capsys.readouterr().err


def test_runs_of_an_older_layout_are_named_together_with_the_commands_that_make_them_anew(tmp_path, capsys):
    paths = [write_run(tmp_path, name, 0.2, seed=7) for name in ("audio:my wavs", "b", "c")]
    for path in paths[:2]:
        header = msgspec.json.decode((path / "run.json").read_bytes())
        (path / "run.json").write_bytes(msgspec.json.encode({**header, "schema": 1, "provenance": 3}))
    assert invoke(["table", "--runs", str(tmp_path)]) == 0
    text = capsys.readouterr().err
    assert text.count("passed over: ") == 1
    assert f"2 runs in {tmp_path} have a layout older than 3" in text
    for path, asked in zip(paths, ("'audio:my wavs'", "b"), strict=False):
        moved = shlex.join(["mv", str(path), f"{path}.old"])
        assert f"{moved} && vsseval run --model {asked} --benchmark toy_joint --seed 7 --runs {tmp_path}\n" in text
    assert str(paths[2]) not in text
    assert invoke(["compare", str(paths[0]), str(paths[2])]) == 2
    text = capsys.readouterr().err
    assert f"{paths[0]}/run.json has layout 1, this vsseval reads 3. Move it away and make it anew with: mv" in text
