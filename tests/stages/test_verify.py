"""Tampering with a run: what every reader says of it, what a rerun mends, and what only `vsseval verify` can find."""

from __future__ import annotations

import json
import os
import shutil

import msgspec
import pytest

from support.fake_plugin import spec
from support.synthetic_runs import sealed
from vsseval.cli import invoke
from vsseval.stages.run import rescore, run
from vsseval.stages.verify import verify
from vsseval.store import journal
from vsseval.store.record import load_run, read_record, write_aggregates, write_record
from vsseval.store.scores import read_scores, write_scores

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def path(clips, tmp_path):
    (made,) = run([spec(clips, tmp_path)])
    return tmp_path / "runs" / made.id


def outcomes(path, **options):
    found = [*verify(path, **{"jobs": 1, **options})]
    return {one.what: one.outcome for one in found}, " | ".join(one.said for one in found)


def edit_json(file, change):
    plain = json.loads(file.read_text())
    change(plain)
    file.write_text(json.dumps(plain))


def tear(path):
    data = (path / "scores.parquet").read_bytes()
    (path / "scores.parquet").write_bytes(data[: len(data) // 2])


def edit_scores(path):
    rows = read_scores(path / "scores.parquet")
    place = next(number for number, row in enumerate(rows) if row.value is not None)
    rows[place] = msgspec.structs.replace(rows[place], value=rows[place].value + 0.5)
    write_scores(path / "scores.parquet", rows)


def edit_journal(path):
    (file,) = sorted((path / "shards").glob("*.jsonl"))[:1]
    file.write_bytes(file.read_bytes().replace(b'"seconds":', b'"seconds":1'))


TAMPERED = {
    "limit": (lambda path: edit_json(path / "run.json", lambda plain: plain["spec"].update(limit=99)), "run.json"),
    "model": (lambda path: edit_json(path / "run.json", lambda plain: plain["model"].update(version="9")), "run.json"),
    "clips": (lambda path: edit_json(path / "run.json", lambda plain: plain["clips"].update(ok=99)), "run.json"),
    "value": (
        lambda path: edit_json(path / "aggregates.json", lambda cells: cells[0].update(macro=0.5)), "aggregates.json"
    ),
    "flags": (lambda path: edit_json(path / "flags.json", lambda plain: plain.update(unseen=1)), "flags.json"),
    "no flags": (lambda path: (path / "flags.json").unlink(), "flags.json"),
    "edited scores": (edit_scores, "scores.parquet"),
    "torn scores": (tear, "scores.parquet"),
    "no scores": (lambda path: (path / "scores.parquet").unlink(), "scores.parquet"),
    "journal": (edit_journal, "journals"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_changed_is_named_refused_and_made_anew(path, clips, tmp_path, capsys, name):
    change, named = TAMPERED[name]
    files = ("scores.parquet", "aggregates.json", "flags.json", "replicates.npz")
    whole = {file: (path / file).read_bytes() for file in files}
    change(path)
    assert set(load_run(path).broken) == {named}
    assert invoke(["table", str(path)]) == 0
    assert invoke(["leaderboard", "add", str(path), "--leaderboards", str(tmp_path / "lb")]) == 2
    assert capsys.readouterr().err.count("change") + (name[:3] == "no ") >= 2
    run([spec(clips, tmp_path)])  # never "finished already"
    assert load_run(path).broken == {}
    assert {file: (path / file).read_bytes() for file in files} == whole


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(path, capsys):
    (path / "scores.parquet").unlink()
    os.mkfifo(path / "scores.parquet")
    assert invoke(["table", str(path)]) == 2
    assert "scores.parquet cannot be read: it is a pipe" in capsys.readouterr().err


def test_changed_scores_are_compared_with_nothing(path, capsys):
    whole = shutil.copytree(path, path.with_name("whole"))
    edit_scores(path)
    assert invoke(["compare", str(path), str(whole)]) == 2
    assert f"{path}/scores.parquet was changed after the run" in capsys.readouterr().err


def test_an_honest_run_holds_down_to_its_sounds_and_its_model(path, capsys):
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    found, said = outcomes(path, audit=3, seed=5)
    assert set(found.values()) == {"held"}, said
    assert found.keys() == {"chain", "sounds", "numbers", "audit"}
    assert "generated again, 3 clips are the same bytes" in said
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before
    assert invoke(["verify", str(path), "--jobs", "1"]) == 0
    assert capsys.readouterr().out.count("  held     ") == 3


def test_a_forger_who_seals_everything_again_is_found_by_the_sounds(path, capsys):
    edit_scores(path)
    cells = [msgspec.structs.replace(cell, value=None if cell.value is None else cell.value + 0.25,
                                     low=None, high=None, se=None) for cell in load_run(path).aggregates]  # fmt: skip
    write_aggregates(path, cells)
    sealed(path)
    assert load_run(path).broken == {}
    found, said = outcomes(path)
    assert found.pop("chain") == found.pop("sounds") == "held"
    assert "broken" in found.values(), said
    assert invoke(["verify", str(path), "--jobs", "1"]) == 2
    assert "the sounds give" in capsys.readouterr().out


def test_last_digits_are_another_processors_and_no_tampering(path):
    rows = read_scores(path / "scores.parquet")
    write_scores(path / "scores.parquet", [
        msgspec.structs.replace(row, value=None if row.value is None else row.value * (1 + 1e-9)) for row in rows
    ])  # fmt: skip
    sealed(path)
    found, said = outcomes(path)
    assert set(found.values()) == {"held"}
    assert "but for last digits" in said


def test_other_sounds_under_the_same_model_are_found_by_the_audit(path, tmp_path):
    lines = journal.read_samples(path / "shards")[None]
    one, other = [line for line in lines.values() if line.status == "ok"][:2]
    (path / one.path).write_bytes((path / other.path).read_bytes())
    found, said = outcomes(path)
    assert found["sounds"] == "broken"
    assert one.id in said
    # the forger's next step: the journal says so too, and everything is scored and sealed anew
    with journal.Journal(path / "shards/0000.jsonl") as file:
        file.append(msgspec.structs.replace(one, sha256=other.sha256))
    rescore(path)
    assert load_run(path).broken == {}
    assert set(outcomes(path)[0].values()) == {"held"}
    found, said = outcomes(path, audit=99)
    assert found["audit"] == "broken"
    assert one.id in said


def test_another_model_than_it_says_is_found_by_the_audit(path):
    made = read_record(path)
    write_record(path, msgspec.structs.replace(made, provenance={**made.provenance, "identity": "0" * 64}))
    found, said = outcomes(path, audit=1)
    assert found["audit"] == "broken"
    assert "not those that the run was made with" in said
