"""Runs are named by system and benchmark on every verb; what is ambiguous is listed, what is misspelt is guessed."""

import json

import pytest

from support.synthetic_runs import CLAP, write_run
from vsseval import cli
from vsseval.benchmarks.folder import folder
from vsseval.errors import UsageError
from vsseval.store.run_names import RunFinder


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Three systems and a bound on one benchmark, one of the systems on a second one too; each has a note."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    root = tmp_path / "runs"
    for place, (name, badness) in enumerate({"audio:a": 0.1, "audio:b": 0.4, "vss": 0.6, "silence": 1.0}.items()):
        write_run(root, name, badness, noise_seed=place, note=f"Note on {name}.")
    write_run(root, "audio:a", 0.2, benchmark="toy_two", noise_seed=7)
    return root


def invoke(capsys, *arguments):
    code = cli.invoke([*map(str, arguments)])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_two_systems_are_compared_by_their_names_where_they_share_one_benchmark(runs, capsys):
    code, out, _ = invoke(capsys, "compare", "audio:a", "b", "--json")
    assert code == 0
    assert {(delta["a"], delta["b"], delta["benchmark"]) for delta in json.loads(out)} == {
        ("audio", "audio", "toy_joint")
    }
    same = invoke(capsys, "compare", RunFinder(runs).one("audio:a@toy_joint").path, "./audio:b/", "--json")[1]
    assert same == out


def test_several_systems_are_compared_with_the_first_and_tested_together(runs, capsys):
    asked = ("compare", "audio:a", "audio:b", "vss", "--metric", "clap_score", "--metric", "wer", "--json")
    found = json.loads(invoke(capsys, *asked, "--name", "b=B", "--name", "audio:a=Ours")[1])
    assert [(delta["a"], delta["b"], delta["metric"]) for delta in found] == [
        ("Ours", "B", "clap_score@toy"), ("Ours", "B", "wer@toy"),
        ("Ours", "vss", "clap_score@toy"), ("Ours", "vss", "wer@toy"),
    ]  # fmt: skip
    least = min(found, key=lambda delta: delta["p"])
    assert least["p_holm"] == pytest.approx(4 * least["p"])
    assert len(json.loads(invoke(capsys, *asked, "--all-pairs")[1])) == 6
    shown = invoke(capsys, *asked[:-1])[1]
    assert "audio - vss" in shown
    assert "all 4 tests" in shown


def test_what_is_ambiguous_is_listed_by_names_that_are_not(runs, capsys):
    code, _, said = invoke(capsys, "power", "audio:a")
    assert code == 2
    names = [line.split()[0] for line in said.splitlines() if line.startswith("  ")]
    assert sorted(names) == ["audio:a@toy_joint", "audio:a@toy_two"]
    assert all(RunFinder(runs).one(name) for name in names)
    write_run(runs, "vss", 0.6, limit=8, created="2026-01-03T00:00:00Z")
    (line,) = [one for one in invoke(capsys, "power", "vss")[2].splitlines() if "limit 8" in one]
    assert RunFinder(runs).one(line.split()[0]).record.spec.limit == 8  # no name tells them apart: the directory does


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("compare", "audio:a", "audio:c"), "did you mean audio:"),
        (("compare", "audio:a"), "Missing argument"),
        (("compare", "audio:a@toy_joint", "a@toy_joint"), "one run is named twice"),
        (("compare", "vss", "audio:a@toy_two"), "cannot be compared"),
        (("table", "nowhere"), "no run in runs is called so"),
        (("table", "--benchmark", "toy_jont"), "did you mean toy_joint"),
        (("table", "--metric", "clap"), "did you mean clap_score"),
        (("table", "--name", "audio:z=Z"), "there is no system or metric 'audio:z'"),
        (("table", "--name", "audio:a"), "--name audio:a=Ours"),
        (("table", "--caption", "x"), "--style latex"),
        (("table", "--style", "latex", "--label", "tab:x"), "--benchmark toy_joint, --benchmark toy_two"),
        (("table", "--style", "latex", "--benchmark", "toy_two", "--label", "a}b"), "letters, digits"),
        (("gate", "audio:a", "--against", "bse"), "no run in runs is called so"),
        (("report", "nowhere"), "vsseval list runs"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_type(runs, arguments, says, capsys):
    code, _, said = invoke(capsys, *arguments)
    assert (code, says in said) == (2, True), said


def test_a_table_for_a_paper_needs_no_hand(runs, capsys):
    asked = ("table", "--style", "latex", "--benchmark", "toy_joint", "--metric", "wer", "--metric", CLAP.id)
    more = ("--no-bounds", "--label", "tab:x", "--caption", "50% of all", "--name", "a=Ours", "--name", "wer=WER")
    code, out, _ = invoke(capsys, *asked, *more)
    assert code == 0
    assert r"\caption{50\% of all}\label{tab:x}" in out
    assert out.index("{WER ") < out.index(r"{clap\_score@toy ")
    assert "WER is wer@toy." in out
    rows = [
        line.split("&")[0].partition("$")[0].strip()
        for line in out.splitlines()
        if line.startswith("    ") and "&" in line
    ]
    assert rows[-3:] == ["Ours", "audio:b", "vss"]
    assert "silence" not in "\n".join(rows)
    assert "Note on audio:a" not in out  # which folder the author's sounds are from
    assert "Note on vss." in out  # what a reader has to know of a system stays, whatever it is called


def test_runs_are_listed_by_the_names_that_verbs_take(runs, capsys):
    write_run(runs, "begun", 0.5, status="started")
    items = json.loads(invoke(capsys, "list", "runs", "--json")[1])
    finder = RunFinder(runs)
    for item in items:
        if item["status"] == "finished":
            assert str(finder.one(item["name"]).path.relative_to(runs.parent)) == item["path"]
    with pytest.raises(UsageError, match="started, not finished"):
        finder.one("begun")
    shown = invoke(capsys, "list", "runs")[1].splitlines()
    assert [line.split()[0] for line in shown] == sorted(item["name"] for item in items)


def test_a_folder_of_clips_is_called_by_its_name(clips, tmp_path):
    (tmp_path / "kitchen").mkdir()
    (tmp_path / "kitchen" / "one.mp4").write_bytes((clips / "v0.mp4").read_bytes())
    card = folder(str(tmp_path / "kitchen")).card
    assert card.title == "folder:kitchen"
    (tmp_path / "kitchen").rename(tmp_path / "cellar")
    again = folder(str(tmp_path / "cellar")).card
    assert (again.name, again.version) == (card.name, card.version)  # renamed, its runs are still comparable
