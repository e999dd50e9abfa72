"""What scripts call: the numbers of the command line, errors that begin with the argument, text that is escaped."""

import json
from pathlib import Path

import pandas as pd
import pytest

import vsseval
from support.synthetic_runs import write_run
from vsseval import cli
from vsseval.errors import UsageError, VssevalError


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place, (name, badness) in enumerate({"audio:a": 0.1, "audio:b": 0.4, "x<b>": 0.5, "silence": 1.0}.items()):
        write_run(tmp_path / "runs", name, badness, noise_seed=place, failed=(3,) if name == "audio:b" else ())
    return tmp_path / "runs"


def test_frames_have_the_numbers_of_the_command_line(runs, capsys):
    run = vsseval.load_run("audio:b")
    frame = run.to_frame()
    assert frame.loc["wer@toy", "value"] == pytest.approx(100 * run.cell("wer@toy").value)
    assert (frame.loc["wer@toy", "n"], frame.loc["wer@toy", "total"]) == (23, 24)
    clips = run.clips()
    assert set(clips[clips.status == "failed"].sample_id) == {"clip03"}
    cli.invoke(["compare", "audio:a", "audio:b", "--allow-partial", "--json"])
    deltas = json.loads(capsys.readouterr().out)
    found = vsseval.compare("audio:a", Path(run.path), allow_partial=True).to_frame().set_index("metric")
    for delta in deltas:
        wanted = None if delta["difference"] is None else delta["difference"] * delta["scale"]
        seen = found.loc[delta["metric"], "difference"]
        assert (pd.isna(seen) and wanted is None) or seen == pytest.approx(wanted)
    table = vsseval.table(metrics="wer", bounds=False, names={"audio:b": "B"})
    assert table.to_frame().loc[("toy_joint", "B"), "wer@toy"] == pytest.approx(frame.loc["wer@toy", "value"])
    assert len(table.to_frame()) == 3


def test_names_of_strangers_are_escaped(runs):
    shown = [vsseval.load_run("x<b>"), vsseval.table(), vsseval.compare("audio:a", "x<b>")]
    shown.append(vsseval.gate("x<b>", "audio:a", margins={"wer@toy": 5}))
    for one in shown:
        assert "x<b>" not in one._repr_html_()
        assert "x&lt;b&gt;" in one._repr_html_()


def test_a_gate_from_python_is_that_of_the_command_line(runs, capsys):
    assert vsseval.gate("audio:a", "audio:a", margins={"wer@toy": 30, "clap_score@toy": 0.5}).passed
    worse = vsseval.gate("x<b>", "audio:a", margins={"wer@toy": 1})
    assert not worse
    assert set(worse.to_frame().status) == {"passed", "regression"}
    Path("margins.toml").write_text('["*"."wer@toy"]\nmargin = 1\n')
    assert cli.invoke(["gate", "x<b>", "--against", "audio:a", "--margins", "margins.toml"]) == 1
    assert capsys.readouterr().out.strip() == repr(worse)


@pytest.mark.parametrize(
    ("call", "begins"),
    [
        (lambda: vsseval.score("nowhere", videos="."), "sounds='nowhere': "),
        (lambda: vsseval.score(3, videos="."), "sounds=3: "),
        (lambda: vsseval.score("."), "videos, benchmark: neither"),
        (lambda: vsseval.score(".", videos=".", benchmark="mini_v2s"), "videos, benchmark: both"),
        (lambda: vsseval.score(".", benchmark="mini_v2z"), "benchmark='mini_v2z': there is no benchmark"),
        (lambda: vsseval.score(".", benchmark="mini_v2s", metrics="fad"), "metrics=['fad']: 'fad' is measured by more"),
        (lambda: vsseval.score(".", benchmark="mini_v2s", metrics=[1]), "metrics=[1]: "),
        (lambda: vsseval.score(".", benchmark="mini_v2s", metrics=5), "metrics=5: "),
        (lambda: vsseval.score(".", benchmark="mini_v2s", profile="no"), "profile='no': "),
        (lambda: vsseval.score(".", benchmark="mini_v2s", jobs=-1), "jobs=-1: "),
        (lambda: vsseval.score(".", benchmark="mini_v2s", limit=0), "limit=0: "),
        (lambda: vsseval.load_run("audio:c"), "run='audio:c': "),
        (lambda: vsseval.compare("audio:a", "audio:c"), "a, b='audio:a, audio:c': "),
        (lambda: vsseval.compare("audio:a", "audio:b", metrics="nothing"), "metrics=['nothing']: "),
        (lambda: vsseval.table("nowhere"), "run='nowhere': "),
        (lambda: vsseval.table(runs_dir="empty"), "runs_dir='empty': "),
        (lambda: vsseval.gate("audio:a", "audio:b", margins="no.toml"), "margins='no.toml': "),
        (lambda: vsseval.gate("audio:a", "audio:b", margins={"wer@toy": "x"}), "margins['wer@toy']='x': "),
        (lambda: vsseval.gate("audio:a", "audio:z", margins={}), "against='audio:z': "),
        (lambda: vsseval.export("hubb"), "kind='hubb': there is no export 'hubb': did you mean hub?"),
    ],
)
def test_errors_begin_with_the_argument(runs, call, begins):
    with pytest.raises(VssevalError) as raised:
        call()
    assert str(raised.value).startswith(begins)
    assert isinstance(raised.value, UsageError)
