"""What raters send back: simulated ones whose tastes are known, and files that nobody ought to send."""

from __future__ import annotations

import csv
import json
import os

import pytest
from click.testing import CliRunner

from support.heard_runs import write_heard
from support.raters import answer_all, save
from vsseval.cli.correlate import command as correlate
from vsseval.cli.listen import command
from vsseval.errors import UsageError
from vsseval.listening.key import read_key

GIVEN = {"audio:fine": 1.0, "audio:fair": 0.0, "audio:poor": -1.0}


@pytest.fixture(scope="module")
def tests(tmp_path_factory):
    """A test of each kind."""
    root = tmp_path_factory.mktemp("tests")
    write_heard(root / "runs", clips=8)
    for kind in ("ab", "mos", "mushra"):
        found = CliRunner().invoke(command, ["--runs", str(root / "runs"), "--kind", kind, "-o", str(root / kind)])
        assert found.exception is None, found.exception
    return root


def imported(folder, *paths, code=0):
    found = CliRunner().invoke(command, ["import", "--test", str(folder), "--json", *map(str, paths)],
                               standalone_mode=False)  # fmt: skip
    assert found.exception is None, found.exception
    assert found.return_value == code, found.stderr
    return json.loads(found.stdout), found.stderr


@pytest.fixture
def raters(tests, tmp_path):
    def made(kind, number=8, **options):
        key = read_key(tests / kind)
        for i in range(number):
            save(tmp_path / kind, answer_all(key, f"P{i:02d}", GIVEN, **options))
        return key, tmp_path / kind

    return made


@pytest.mark.parametrize("kind", ["ab", "mos", "mushra"])
def test_the_ranking_of_known_preferences_is_recovered(kind, tests, raters):
    _, folder = raters(kind)
    found, said = imported(tests / kind, folder)
    assert said == ""
    systems = {one["name"]: one for one in found["results"]["systems"]}
    ranked = [name for name in systems if name in GIVEN]
    assert ranked == sorted(GIVEN, key=lambda name: -GIVEN[name])
    first = next(d for d in found["results"]["differences"] if (d["a"], d["b"]) == ("audio:fine", "audio:poor"))
    assert first["p"] < 0.05
    assert first["value"]["low"] > 0
    if kind == "ab":
        for name, one in systems.items():
            assert one["worth"]["low"] < GIVEN[name] < one["worth"]["high"]
        assert 0.05 < found["results"]["ties"] < 0.5
        assert found["results"]["left"]["low"] < 0.5 < found["results"]["left"]["high"]
    else:
        assert found["results"]["agreement"]["value"] > 0.5
        assert systems["reference"]["score"]["value"] > systems["audio:fine"]["score"]["value"]
        assert "check noise" not in systems


@pytest.mark.parametrize(("kind", "why"), [("ab", "attention checks"), ("mos", "attention checks"),
                                           ("mushra", "hidden reference less than 90")])  # fmt: skip
def test_who_does_not_listen_does_not_count(kind, why, tests, raters):
    key, folder = raters(kind)
    save(folder, answer_all(key, "careless", GIVEN, careless=True, seed=1))
    found, said = imported(tests / kind, folder)
    assert "careless does not count" in said
    assert why in said
    assert [one["rater"] for one in found["raters"] if one["out"]] == ["careless"]
    assert found["checklist"]["listeners"] == "9, of whom 8 count"
    with (tests / kind / "ratings.csv").open() as file:
        assert {row["rater"] for row in csv.DictReader(file)} == {f"P{i:02d}" for i in range(8)}


def test_who_means_the_opposite_is_named_and_counts(tests, raters):
    key, folder = raters("ab")
    turned = answer_all(key, "turned", GIVEN)
    checks = {trial.id for trial in key.trials if trial.always}
    for answer in turned["answers"]:
        if answer["trial"] not in checks and answer["better"] != "tie":
            answer["better"] = next(one for one in answer["stimuli"] if one != answer["better"])
    save(folder, turned)
    found, _ = imported(tests / "ab", folder)
    doubts = {one["rater"]: one.get("doubt") for one in found["raters"] if one.get("doubt")}
    assert doubts == {"turned": "opposes the others"}
    assert found["checklist"]["listeners"] == "9, of whom 9 count"


@pytest.mark.parametrize("kind", ["ab", "mos"])
def test_correlate_takes_the_table_of_ratings(kind, tests, raters):
    _, folder = raters(kind)
    imported(tests / kind, folder)
    runs = [str(path) for path in (tests / "runs").iterdir()]
    found = CliRunner().invoke(correlate, [str(tests / kind / "ratings.csv"), *runs, "--json"])
    assert found.exception is None, found.exception
    levels = {(one["metric"], one["level"]): one for one in json.loads(found.stdout)["agreement"]}
    assert levels["wer@toy", "system"]["kendall"]["value"] == pytest.approx(1)
    assert levels["wer@toy", "pair"]["n"] > 20


def refused(tests, tmp_path, text, kind="ab"):
    """Import a good file beside a bad one, and return what is said of that."""
    save(tmp_path / "good", answer_all(read_key(tests / kind), "good", GIVEN))
    bad = tmp_path / "bad.json"
    bad.write_bytes(text if isinstance(text, bytes) else text.encode())
    found, said = imported(tests / kind, tmp_path / "good", bad, code=3)
    assert len(found["raters"]) == 1
    assert "bad.json" in said
    return said


def bad_file(tests, kind="ab", **changes):
    made = answer_all(read_key(tests / kind), "bad", GIVEN)
    return json.dumps(made | changes)


@pytest.mark.parametrize(("text", "why"), [
    (b"", "broken off"), (b"\xff\xfe\x00", "broken off"), ("[1, 2]", "no file of answers"),
    ("{}", "no file of answers"),
    ("[" * 100_000, "no file of answers"), ('{"schema": NaN}', "no file of answers"), (b"x" * 5_000_001, "5 MB"),
])  # fmt: skip
def test_files_that_hold_no_answers_are_named(text, why, tests, tmp_path):
    assert why in refused(tests, tmp_path, text)


def test_a_pipe_is_not_waited_for(tests, tmp_path):
    save(tmp_path / "good", answer_all(read_key(tests / "ab"), "good", GIVEN))
    os.mkfifo(tmp_path / "bad.json")
    _, said = imported(tests / "ab", tmp_path / "good", tmp_path / "bad.json", code=3)
    assert "it is a pipe, a socket or a device" in said


def test_a_file_that_broke_off_is_named(tests, tmp_path):
    assert "broken off" in refused(tests, tmp_path, bad_file(tests)[:-400])


@pytest.mark.parametrize(("changes", "why"), [
    ({"test": "0" * 16}, "answers to another test"), ({"rater": " \n"}, "names no rater"),
    ({"answers": []}, "no answer that can be used"), ({"answers": [{"trial": 3}]}, "no file of answers"),
    ({"answers": [{"trial": "t999"}]}, "trials that this test does not have"),
    ({"answers": [{"trial": "t000", "better": "nobody"}]}, "neither of the sounds"),
    ({"answers": [{"trial": "t000", "better": "tie"}]}, "not heard"),
    ({"answers": [{"trial": "t000", "skipped": "EncodingError"}]}, "could not play"),
])  # fmt: skip
def test_answers_that_cannot_be_are_named(changes, why, tests, tmp_path):
    assert why in refused(tests, tmp_path, bad_file(tests, **changes))


@pytest.mark.parametrize("score", [0, 6, 2.5, -1, 1e308])
def test_grades_beyond_the_scale_are_named(score, tests, tmp_path):
    made = answer_all(read_key(tests / "mos"), "bad", GIVEN)
    made["answers"] = made["answers"][:1]
    made["answers"][0]["scores"] = dict.fromkeys(made["answers"][0]["scores"], score)
    assert "not from 1 to 5" in refused(tests, tmp_path, json.dumps(made), "mos")


def test_grades_without_a_number_are_named(tests, tmp_path):
    made = bad_file(tests, "mos").replace('"scores": {"', '"scores": {"x": NaN, "', 1)
    assert "no file of answers" in refused(tests, tmp_path, made, "mos")


def test_a_rater_counts_once(tests, raters):
    key, folder = raters("ab", 3)
    again = answer_all(key, "p01", GIVEN, seed=3) | {"session": "another", "started": "2026-11-30T00:00:00Z"}
    save(folder, again)
    half = answer_all(key, "P02", GIVEN)
    save(folder, half | {"answers": half["answers"][:3]})
    found, said = imported(tests / "ab", folder, code=3)
    assert len(found["raters"]) == 3
    assert "p01 answered before" in said
    assert "the same session as" in said
    assert {one["answers"] for one in found["raters"]} == {len(key.trials)}


def test_names_are_text_and_nothing_else(tests, tmp_path):
    key = read_key(tests / "ab")
    for name in ("=1+1", "<script>alert(1)</script>", "a\x1b[31m\nb" + "x" * 500):
        save(tmp_path / "odd", answer_all(key, name, GIVEN))
    found = CliRunner().invoke(command, ["import", "--test", str(tests / "ab"), str(tmp_path / "odd"),
                                         "--style", "markdown"], standalone_mode=False)  # fmt: skip
    assert found.exception is None, found.exception
    assert "\x1b" not in found.output
    assert "<script>" not in found.stdout
    with (tests / "ab" / "ratings.csv").open() as file:
        names = {row["rater"] for row in csv.DictReader(file)}
    assert "'=1+1" in names
    assert max(map(len, names)) <= 80


def test_nothing_left_is_a_usage_error_and_so_is_a_test_without_its_key(tests, tmp_path):
    for folder in (tests / "ab", tmp_path):
        (tmp_path / "x.json").write_text("{}")
        found = CliRunner().invoke(command, ["import", "--test", str(folder), str(tmp_path / "x.json")])
        assert isinstance(found.exception, UsageError)
    found = CliRunner().invoke(command, ["import", "--test", str(tests / "ab"), "--state", "x=y", str(tmp_path)])
    assert "recruitment" in str(found.exception)


def test_the_terminal_says_it_all(tests, raters):
    _, folder = raters("ab", 4)
    found = CliRunner().invoke(command, ["import", "--test", str(tests / "ab"), str(folder), "--state",
                                         "payment=12 EUR an hour"], standalone_mode=False)  # fmt: skip
    assert found.exception is None, found.exception
    for words in ("What people said", "log strength", "wer@toy", "Krippendorff", "payment: 12 EUR an hour",
                  "recruitment: not stated", "ratings.csv"):  # fmt: skip
        assert words in found.stdout


@pytest.mark.parametrize("edit", [("schema", 9), ("trials", None), ("stimuli", []), ("systems", [])])
def test_a_key_that_was_edited_is_refused(edit, tests, tmp_path):
    key = json.loads((tests / "ab" / "key.json").read_text()) | {edit[0]: edit[1]}
    (tmp_path / "key.json").write_text(json.dumps(key))
    answers = save(tmp_path / "answers", {})
    found = CliRunner().invoke(command, ["import", "--test", str(tmp_path), str(answers)])
    assert isinstance(found.exception, UsageError)
    assert "key.json" in str(found.exception)


def test_few_answers_give_shares_before_there_are_strengths(tests, tmp_path):
    key = read_key(tests / "ab")
    made = answer_all(key, "first", GIVEN)
    systems = {one.id: one.system for one in key.stimuli}
    pair = {"audio:fine", "audio:fair"}
    made["answers"] = [one for one in made["answers"] if {systems[i] for i in one["stimuli"]} == pair]
    found, _ = imported(tests / "ab", save(tmp_path / "few", made))
    assert {one["name"] for one in found["results"]["systems"]} == pair
    notes = " ".join(found["results"]["notes"])
    assert "audio:poor was not rated yet" in notes
    assert "One rater alone" in notes
    assert all(one["score"].get("se") is None for one in found["results"]["systems"])
