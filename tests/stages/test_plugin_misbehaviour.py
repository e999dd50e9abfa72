"""Whatever a plugin raises or hands over is taken where its meaning is plain, or is that clip's or that row's failure.

Every odd value stands in every place where a plugin hands one over, and every kind of exception is raised there:
more than a thousand misbehaviours in a few whole commands, of which none may end in a traceback.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from vsseval.cli import invoke
from vsseval.store.record import find_runs
from vsseval.store.scores import read_scores

PLUGIN = Path(__file__).parents[1] / "plugin" / "vsseval_odd.py"


@pytest.fixture
def odd(tmp_path, monkeypatch):
    """The misbehaving plugins, installed; the module that holds them."""
    site = tmp_path / "site"
    info = site / "vsseval_odd-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "vsseval_odd.py").symlink_to(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vsseval-odd\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(site)
    monkeypatch.chdir(tmp_path)
    import vsseval_odd

    (info / "entry_points.txt").write_text(vsseval_odd.entry_points())
    for package, rows in vsseval_odd.tables().items():
        (site / package).mkdir()
        (site / package / "rows.toml").write_text(rows)
    yield vsseval_odd
    sys.modules.pop("vsseval_odd", None)


def run(capsys, *arguments):
    """Run the command; return its exit code, the table's run by model, and what was said."""
    code = invoke(["run", "--no-bounds", "--store", "store", "--jobs", "1", *arguments])
    said = capsys.readouterr().err
    assert code != 70, said
    assert "Traceback" not in said
    return code, {run.record.model.name: run for run in find_runs("runs")}, said


def benchmark(*ids):
    Path("ids.txt").write_text("\n".join(ids))
    return "odd:ids.txt"


def test_a_model_misbehaves_for_every_clip_in_another_way(odd, capsys):
    code, runs, _ = run(capsys, "--model", "odd", "--benchmark", benchmark("good", *odd.MODEL, "well"))
    assert code == 3
    rows = {row.sample_id: row for row in read_scores(runs["odd"].paths.scores)}
    assert len(rows) == len(odd.MODEL) + 2
    assert rows["good"].status == rows["well"].status == "ok"
    for plain in ("list", "nested", "grad", "bfloat16", "half", "tuple"):
        assert rows[f"samples.{plain}"].status == "ok", rows[f"samples.{plain}"].detail
    for broken in ("ragged", "objects", "hostile", "complexes", "ints", "empty", "function", "meta", "text"):
        assert rows[f"samples.{broken}"].status == "failed"
    assert {row.status for row in rows.values()} == {"ok", "failed", "missing"}
    for kind in odd.FAULTS:
        row = rows[f"raise.{kind}"]
        assert row.status == "failed"
        assert "(vsseval_odd.py:" in json.loads(row.detail)["reason"]
        assert ", in odd)" in row.detail


def test_every_metric_and_extractor_misbehaves_in_another_way(odd, capsys):
    ids = [
        *(f"metric{n}" for n in range(len(odd.METRIC))), *(f"extractor{n}" for n in range(len(odd.EXTRACTOR))),
        *(f"distance{n}" for n in range(len(odd.DISTANCE))), *(f"value{n}" for n in range(len(odd.DISTANCE))),
    ]  # fmt: skip
    named = [word for name in ids for word in ("--metric", f"{name}@odd")]
    code, runs, said = run(capsys, "--model", "odd", "--benchmark", benchmark("a", "b", "c"), *named)
    done = runs["odd"]
    assert code in {0, 3}, said
    assert {(cell.total, cell.n + cell.failed + cell.missing) for cell in done.aggregates} == {(3, 3)}
    cells = {cell.metric: cell for cell in done.aggregates}
    assert cells.keys() == {f"{name}@odd" for name in ids}
    taken = {what for n, what in enumerate(odd.METRIC) if cells[f"metric{n}@odd"].status == "ok"}
    assert taken >= {
        "score.float", "score.numpy_float", "score.numpy_0d", "score.tensor_0d", "score.tuple", "value.tensor_0d",
        "weight.numpy_int", *(f"detail.{name}" for name in odd.NAMES), *(f"fields.{name}" for name in odd.NAMES),
    }  # fmt: skip
    assert not taken & {"score.none", "score.nan", "value.nan", "value.text", "score.ragged", "weight.negative"}
    features = {what for n, what in enumerate(odd.EXTRACTOR) if cells[f"extractor{n}@odd"].status == "ok"}
    assert features >= {"array.grad", "array.bfloat16", "array.list", "array.float", "array.tensor_0d", "array.text"}
    assert not features & {"array.none", "array.ragged", "arrays.none", "arrays.list", "arrays.grad", "array.objects"}
    for kind in odd.FAULTS:
        for name, list_of in (("metric", odd.METRIC), ("distance", odd.DISTANCE), ("value", odd.DISTANCE)):
            cell = cells[f"{name}{list_of.index(f'raise.{kind}')}@odd"]
            assert cell.status == "failed"
            assert "vsseval_odd.py:" in cell.reason


def test_a_model_of_several_that_cannot_be_built_costs_its_own_row(odd, capsys):
    models = ["odd", *(f"odd_factory{n}" for n in range(len(odd.FACTORY))), "odd_mute"]
    named = [word for name in models for word in ("--model", name)]
    code, runs, said = run(capsys, *named, "--benchmark", benchmark("a", "b"))
    assert code == 3
    assert runs.keys() == {"odd", "mute"}
    assert runs["odd"].record.clips == {"ok": 2}
    assert runs["mute"].record.clips == {"failed": 2}
    for name in models[1:-1]:
        assert f"{name} on odd:ids.txt: not run: " in said
    for kind in odd.FAULTS:
        number = odd.FACTORY.index(f"raise.{kind}")
        assert f"model 'odd_factory{number}' of 'vsseval-odd 1.0' cannot be built: " in said


def test_a_model_alone_that_cannot_be_built_is_one_message(odd, capsys):
    code, _, said = run(capsys, "--model", "odd_factory0", "--benchmark", benchmark("a"))
    assert (code, said.count("error: ")) == (4, 1)


def test_a_bound_that_was_named_is_one_of_several_and_one_that_was_not_is_none(odd, capsys):
    where = ("--benchmark", benchmark("a"), "--metric", "well@odd")
    code, runs, said = run(capsys, "--model", "silence", "--model", "odd_factory0", *where)
    assert code == 3
    assert runs.keys() == {"silence"}
    assert "odd_factory0 on odd:ids.txt: not run: " in said
    assert invoke(["run", "--store", "store", "--jobs", "1", "--model", "odd_factory0", *where]) == 4


def test_every_benchmark_misbehaves_in_another_way(odd, capsys):
    names = [f"odd_clips{n}" for n in range(len(odd.CLIPS))]
    named = [word for name in names for word in ("--benchmark", name)]
    code, _, said = run(capsys, "--model", "odd", *named, "--benchmark", benchmark("a"))
    assert code == 3
    done = find_runs("runs")
    clips = [run.record.clips for run in done]
    assert {"ok": 1} in clips
    assert {"failed": 1, "ok": 1} in clips
    for kind in odd.FAULTS:
        name = f"odd_clips{odd.CLIPS.index(f'raise.{kind}')}"
        assert f"odd on {name}: not run: benchmark '{name}' gives no clips: " in said
    assert len(done) + said.count(": not run: ") == len(names) + 1


def test_there_are_enough_of_them(odd):
    lists = (odd.MODEL, odd.METRIC, odd.EXTRACTOR, odd.DISTANCE, odd.DISTANCE, odd.FACTORY, odd.CLIPS)
    assert sum(map(len, lists)) > 1000
