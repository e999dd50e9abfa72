"""Exports hold every number of the record, in layouts that other tools read; nothing of a bound, nothing invented."""

import json
import sys
import types

import pytest
import yaml

from support.synthetic_runs import write_run
from vsseval import cli
from vsseval.errors import MissingExtra, UsageError
from vsseval.exports.base import export_names, export_runs, numbers
from vsseval.store.run_names import RunFinder


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs", 'audio:it\'s: a "test"', 0.2, subsets=True)
    write_run(tmp_path / "runs", "audio:b", 0.4, noise_seed=1)
    write_run(tmp_path / "runs", "audio:b", 0.4, noise_seed=2, benchmark="toy_two")
    write_run(tmp_path / "runs", "silence", 1.0, noise_seed=3)
    return RunFinder("runs")


def systems(finder):
    return [run for run in finder.runs if run.record.model.name != "silence"]


def test_a_model_card_is_yaml_with_one_result_for_each_run(runs, tmp_path, capsys):
    assert cli.invoke(["export", "hub", "-o", "out", "--name", "audio:b=B: the second"]) == 0
    paths = capsys.readouterr().out.split()
    assert len(paths) == 2
    cards = {}
    for path in paths:
        _, head, body = (tmp_path / path).read_text().split("---\n", 2)
        (entry,) = yaml.safe_load(head)["model-index"]
        cards[entry["name"]] = (entry["results"], body)
    results, body = cards["B: the second"]
    assert [result["dataset"]["name"] for result in results] == ["toy_joint", "toy_two"]
    wanted = numbers(runs.one("audio:b@toy_two"))
    assert [metric["value"] for metric in results[1]["metrics"]] == [number.value for number in wanted]
    assert all(metric["args"]["signature"] for result in results for metric in result["metrics"])
    assert f"{wanted[-1].value:.{wanted[-1].decimals}f}" in body
    assert 'audio:it\'s: a "test"' in cards


def test_the_folder_of_mlflow_is_laid_out_as_its_file_store(runs, tmp_path):
    homes = export_runs("mlflow", runs.runs, tmp_path / "out")
    assert len(homes) == 3
    for home, run in zip(homes, systems(runs), strict=True):
        meta = yaml.safe_load((home / "meta.yaml").read_text())
        assert meta["run_id"] == home.name
        experiment = yaml.safe_load((home.parent / "meta.yaml").read_text())
        assert experiment["experiment_id"] == meta["experiment_id"] == home.parent.name
        assert experiment["name"].startswith(run.record.benchmark.name)
        for number in (one for one in numbers(run) if not one.subset):
            _, value, step = (home / "metrics" / number.metric.replace("@", "/")).read_text().split()
            assert (float(value), step) == (number.value, "0")
        assert (home / "artifacts" / "aggregates.json").read_bytes() == run.paths.aggregates.read_bytes()
    again = export_runs("mlflow", runs.runs, tmp_path / "out")
    assert again == homes


def test_the_tables_of_papers_with_code_have_a_row_for_each_system(runs, tmp_path):
    (path,) = export_runs("papers_with_code", runs.runs, tmp_path)
    (task,) = json.loads(path.read_text())
    rows = {one["dataset"]: [row["model_name"] for row in one["sota"]["rows"]] for one in task["datasets"]}
    assert rows == {"toy_joint 1.0": ["audio:b", 'audio:it\'s: a "test"'], "toy_two 1.0": ["audio:b"]}
    for one in task["datasets"]:
        assert {metric for row in one["sota"]["rows"] for metric in row["metrics"]} == {*one["sota"]["metrics"]}


def test_wandb_is_written_by_its_own_package_offline(runs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingExtra, match="pip install wandb"):
        export_runs("wandb", runs.runs, tmp_path)
    begun = []

    class Offline:
        def __init__(self, **asked):
            self.asked, self.summary, self.finished = asked, {}, False
            self.dir = f"{asked['dir']}/wandb/offline-run-{asked['id']}/files"
            begun.append(self)

        def finish(self):
            self.finished = True

    stand_in = types.SimpleNamespace(init=Offline, Settings=lambda **settings: settings)
    monkeypatch.setitem(sys.modules, "wandb", stand_in)
    paths = export_runs("wandb", [runs.one("audio:b@toy_two")], tmp_path)
    (one,) = begun
    assert one.finished
    assert one.asked["mode"] == "offline"
    assert paths == [tmp_path / "wandb" / f"offline-run-{one.asked['id']}"]
    for number in numbers(runs.one("audio:b@toy_two")):
        assert one.summary[number.metric] == number.value


def test_what_cannot_be_exported_is_said(runs, tmp_path):
    assert {"hub", "mlflow", "papers_with_code", "wandb"} <= {*export_names()}
    with pytest.raises(UsageError, match="did you mean mlflow"):
        export_runs("mflow", runs.runs, tmp_path)
    write_run(tmp_path / "runs", "begun", 0.3, status="started")
    with pytest.raises(UsageError, match="started, not finished"):
        export_runs("hub", RunFinder("runs").runs, tmp_path)
