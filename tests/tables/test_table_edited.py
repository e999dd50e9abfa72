"""A real run whose aggregates are changed by hand: said in the table, refused by the leaderboard, mended by a rerun."""

from __future__ import annotations

import json
import shutil

import pytest

from support.fake_plugin import spec
from vsseval.cli import invoke
from vsseval.stages.run import rescore, run
from vsseval.store.chain import links
from vsseval.store.record import load_run

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def path(clips, tmp_path):
    (made,) = run([spec(clips, tmp_path)])
    return tmp_path / "runs" / made.id


def edit(path):
    file = path / "aggregates.json"
    cells = json.loads(file.read_text())
    number = next(cell for cell in cells if cell["value"] is not None)
    number["value"] += 1e-6
    file.write_text(json.dumps(cells))


def test_a_finished_run_knows_the_sha256_of_its_numbers(path):
    found = load_run(path)
    known = links(path)
    assert known.keys() == {"aggregates", "scores", "flags", "replicates", "journals"}
    assert {name: found.record.provenance[name] for name in known} == known
    assert found.problem == ""


def test_a_change_by_hand_is_noticed_everywhere(path, capsys):
    edit(path)
    assert "was changed after the run" in load_run(path).problem
    assert invoke(["table", str(path)]) == 0
    assert "was changed after the run" in capsys.readouterr().err
    other = shutil.copytree(path, path.with_name("other"))
    assert invoke(["compare", str(path), str(other)]) == 0
    assert capsys.readouterr().err.count("was changed after the run") == 2
    (path.parent / "gates.toml").write_text('["*"."level@fake"]\nmargin = 1.0\n')
    margins = ["--margins", str(path.parent / "gates.toml")]
    assert invoke(["gate", str(path), "--against", str(path), *margins]) == 2
    assert "was changed after the run" in capsys.readouterr().err
    assert invoke(["leaderboard", "add", str(path), "--leaderboards", str(path.parent / "lb")]) == 2
    assert "was changed after the run" in capsys.readouterr().err


def test_a_rerun_and_a_new_score_mend_it(path, clips, tmp_path):
    whole = (path / "aggregates.json").read_bytes()
    edit(path)
    run([spec(clips, tmp_path)])
    assert (path / "aggregates.json").read_bytes() == whole
    edit(path)
    rescore(path)
    assert (path / "aggregates.json").read_bytes() == whole
    assert load_run(path).problem == ""
