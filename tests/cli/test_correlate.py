"""`vsseval correlate`: tables of ratings as they come, and what is printed of them."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from click.testing import CliRunner

from support.synthetic_runs import FAD, METRICS, WER, write_run
from vsseval.cli.correlate import command
from vsseval.datasets.ratings import read_ratings
from vsseval.errors import UsageError

BADNESS = {"good": 0.1, "fair": 0.2, "poor": 0.4, "worse": 0.6, "bad": 0.8, "awful": 0.95}
CLIPS = 12


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    for i, (name, badness) in enumerate(BADNESS.items()):
        write_run(root, f"audio:{name}", badness, clips=CLIPS, noise_seed=i)
    return root


def score(name, clip, rng):
    return 5 - 4 * BADNESS[name] + rng.normal(0, 0.3) + (clip % 3) / 3


@pytest.fixture
def ratings(tmp_path):
    rng = np.random.default_rng(0)
    lines = ["clip,system,rater,score,clarity"]
    for name in BADNESS:
        for clip in range(CLIPS):
            said = [(rater, score(name, clip, rng)) for rater in "xy"]
            lines += [f"clip{clip:02d},{name},{rater},{one:.3f},{6 - one:.3f}" for rater, one in said]
    path = tmp_path / "ratings.csv"
    path.write_text("\n".join(lines))
    return path


def called(*arguments, fails=False):
    found = CliRunner().invoke(command, [*map(str, arguments)])
    if fails:
        assert isinstance(found.exception, UsageError)
        return str(found.exception)
    assert found.exception is None, found.exception
    return found.stdout


def rows(ratings, runs, *more):
    text = called(ratings, "--runs", runs, "--style", "csv", *more)
    return {(row["metric"], row["level"]): row for row in csv.DictReader(io.StringIO(text))}


def test_metrics_that_follow_quality_agree_with_people_whichever_way_they_point(ratings, runs):
    found = rows(ratings, runs)
    assert {metric for metric, _ in found} == {metric.id for metric in METRICS}
    for metric in ("wer@toy", "clap_score@toy", "fad@toy"):
        assert (found[metric, "system"]["verdict"], float(found[metric, "system"]["spearman"])) == ("agrees", 1.0)
    assert found["wer@toy", "clip"]["n"] == str(CLIPS * len(BADNESS))
    assert found["wer@toy", "clip"]["clusters"] == str(CLIPS // 2)
    assert float(found["clap_score@toy", "pair"]["kendall low"]) > 0
    assert found["fad@toy", "clip"]["kendall"] == ""


def test_another_question_is_another_column(ratings, runs):
    found = rows(ratings, runs, "--score", "Clarity", "--metric", WER.id, "--signatures")
    assert found[WER.id, "system"]["verdict"] == "opposes"
    sign = found[WER.id, "system"]["signature"]
    assert "question:clarity" in sign
    assert "x:toy-1-9f8e7d6c" in sign
    assert "ratings:ratings.csv@" in sign


def test_names_of_files_say_clip_and_system(runs, tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "mos.tsv"
    lines = ["video_name\tAudio Quality\tConsistency"]
    for name in BADNESS:
        for clip in range(CLIPS):
            lines.append(f"clip{clip:02d}_sora_{name}_0.mp4\t{score(name, clip, rng):.2f}\t3")
            lines.append(f"clip{clip:02d}_sora_unheard_0.mp4\t3\t3")
    path.write_text("\n".join(lines))
    named = read_ratings(path, [*BADNESS], "audio quality", "{clip}_sora_{system}_{}")
    assert len(named.scores) == CLIPS * len(BADNESS)
    assert named.passed_over == CLIPS * len(BADNESS)
    text = called(path, "--runs", runs, "--names", "{clip}_sora_{system}_{}", "--score", "audio quality")
    assert f"{CLIPS * len(BADNESS)} rows of mos.tsv name systems of which there is no run." in text


def test_pairs_say_who_is_better(runs, tmp_path):
    path = tmp_path / "pairs.jsonl"
    names = [*BADNESS]
    path.write_text("\n".join(
        json.dumps({"clip": f"clip{clip:02d}", "a": a, "b": b, "answer": "tie" if clip == 0 else said})
        for clip in range(CLIPS) for i, a in enumerate(names)
        for b, said in [*((b, a if clip % 2 else "a") for b in names[i + 1 :]), *((b, "B") for b in names[:i])]
    ))  # fmt: skip
    found = rows(path, runs)
    assert found[WER.id, "system"]["spearman"] == "1.0000"
    assert int(found[WER.id, "pair"]["n"]) == (CLIPS - 1) * 15
    assert float(found[WER.id, "pair"]["kendall"]) > 0.6
    assert found[WER.id, "clip"]["reason"] == "people compared pairs and scored none alone"


def test_four_systems_cannot_tell(ratings, runs):
    kept = [run for run in sorted(runs.iterdir()) if "awful" not in run.name and "bad" not in run.name]
    text = called(ratings, *kept, "--metric", WER.id)
    assert "cannot tell with 4 systems, about 5 would" in " ".join(text.split())
    assert "Fewer than 5 systems agree perfectly by chance" in text


@pytest.mark.parametrize("style", ["terminal", "markdown", "latex"])
def test_every_style_says_the_same_numbers(ratings, runs, style):
    text = called(ratings, "--runs", runs, "--style", style, "--metric", WER.id)
    row = next(row for key, row in rows(ratings, runs, "--metric", WER.id).items() if key[1] == "clip")
    shown = f"{float(row['spearman']):.2f} [{float(row['spearman low']):.2f}, {float(row['spearman high']):.2f}]"
    assert shown in text.replace("\\[", "[").replace("\\]", "]")
    assert text.count("agrees") >= 3


def test_json_is_the_same_nouns(ratings, runs):
    found = json.loads(called(ratings, "--runs", runs, "--json"))
    assert {one["level"] for one in found["agreement"]} == {"system", "clip", "pair"}


def test_a_run_may_be_named_as_the_table_has_it(ratings, runs, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text(ratings.read_text().replace(",good,", ",System A,"))
    good = next(run for run in runs.iterdir() if "good" in run.name)
    found = rows(path, runs, "--system", f"System A={good}", "--metric", FAD.id)
    assert found[FAD.id, "system"]["n"] == "6"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clip,system\nclip00,good", "none of the columns score, mos"),
        ("clip,system,score\nclip00,nobody,3", "none of its 1 rows names one of the systems"),
        ("clip,system,score\nclip00,good,fine", "line 2: the score 'fine' is no number"),
        ("clip,a,b,answer\nclip00,good,bad,perhaps", "the answer 'perhaps' is none of a, b, tie, good, bad"),
        ("clip,system,score\nelsewhere,good,3\nelsewhere,bad,2", "it has 'elsewhere', they have 'clip00'"),
        ("clip,system,score\n", "holds no ratings"),
    ],
)
def test_tables_that_say_nothing_are_refused(runs, tmp_path, text, said):
    path = tmp_path / "ratings.csv"
    path.write_text(text)
    assert said in called(path, "--runs", runs, fails=True)


def test_runs_that_cannot_be_ranked_together_are_refused(ratings, runs, tmp_path):
    other = write_run(tmp_path / "more", "audio:good", 0.1, clips=CLIPS, manifest="ff" * 32)
    kept = [run for run in runs.iterdir() if "good" not in run.name]
    assert "manifest" in called(ratings, *kept, other, fails=True)
    assert "--names" in called(ratings, *kept, "--names", "{clip}", fails=True)
