"""Clips that are texts alone: systems are seen by the pictures that they make, or not at all; N stays the list."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import partial

import pytest

from support.data_trees import put, registered
from vsseval import media
from vsseval.benchmarks.folder import folder
from vsseval.benchmarks.mini import mini_v2s
from vsseval.benchmarks.verse_bench import verse_bench
from vsseval.datasets.dataset import Pin, Variant
from vsseval.datasets.metadata_table import FILES, entries
from vsseval.errors import UsageError
from vsseval.records import RunSpec
from vsseval.stages.run import run
from vsseval.store.record import load_run
from vsseval.store.scores import read_scores

PROMPTS = 'id,caption,transcript,duration\na,a dog barks,,2\nb,"rain, then a voice",hello there,2.5\nc,a bell,,2\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return outputs with a picture of their own for two of the three prompts; that of `b` cannot be heard."""
    root = tmp_path_factory.mktemp("made")
    first, second, _ = mini_v2s().samples()[:3]
    for name, sample in (("a", first), ("b", second)):
        sound = media.load_audio(sample.reference.path)
        media.dub(sample.video.path, root / f"{name}.mp4", sound.samples * (name == "a"), sound.sample_rate)
    return root


def listed(root, text=PROMPTS, name="clips.csv"):
    return folder(str(put(root, {name: text})))


def test_a_list_of_texts_with_lengths_is_a_benchmark_of_prompts(tmp_path):
    found = listed(tmp_path)
    assert [(one.id, one.duration, one.video, one.problem) for one in found.samples()] == [
        ("a", 2.0, None, None), ("b", 2.5, None, None), ("c", 2.0, None, None),
    ]  # fmt: skip
    assert found.card.task == "joint"
    assert {"desync@onset", "lip_sync@landmarks", "wer@whisper-tiny.en"} <= {*found.card.metrics}
    assert not {"fad@aisfx", "fad@logmel"} & {*found.card.metrics}  # there is no recording to compare with


def test_sentences_alone_are_speech(tmp_path):
    assert listed(tmp_path, "id,transcript,duration\na,hello there,2\n").card.task == "tts"


def test_a_clip_that_lost_its_video_becomes_no_prompt(tmp_path):
    shutil.copy(mini_v2s().samples()[0].video.path, tmp_path / "a.mp4")
    by_id = {one.id: one for one in listed(tmp_path).samples()}
    assert by_id["a"].problem is None
    assert by_id["a"].duration != 2.0  # as long as its video
    assert "no video named 'c'" in by_id["c"].problem
    named = listed(tmp_path / "named", "id,video,caption,duration\na,gone.mp4,a dog,2\n").samples()[0]
    assert "unusable video" in named.problem


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e9", "long"])
def test_a_length_that_is_none_is_told_with_its_line(tmp_path, seconds):
    with pytest.raises(UsageError, match="line 2: .*duration"):
        listed(tmp_path, f"id,caption,duration\na,a dog,{seconds}\n")


def test_a_length_without_words_is_no_prompt(tmp_path):
    (only,) = listed(tmp_path, "id,duration\na,2\n").samples()
    assert "no video named" in only.problem


def measured(tmp_path, made, model):
    listed(tmp_path / "prompts")
    asked = RunSpec(
        model=f"{model}:{made}", benchmark=f"folder:{tmp_path / 'prompts'}",
        metrics=("desync@onset", "av_align@javisbench"), runs=tmp_path / "runs", store=tmp_path / "store", jobs=1,
    )  # fmt: skip
    (record,) = run([asked])
    found = load_run(asked.runs / record.id)
    rows = [row for row in read_scores(found.paths.scores) if row.metric == "desync@onset"]
    return found, {row.sample_id: (row.status, json.loads(row.detail).get("reason")) for row in rows}


def test_a_system_with_pictures_is_measured_on_them_and_its_faults_stay_in_n(tmp_path, made):
    found, rows = measured(tmp_path, made, "av")
    assert rows["a"] == ("ok", None)
    assert rows["b"][0] == "failed"  # silence has no onset
    assert rows["c"][0] == "missing"
    cell = found.cell("desync@onset")
    assert (cell.n, cell.total) == (1, 3)
    aligned = found.cell("av_align@javisbench")
    assert (aligned.n, aligned.missing, aligned.total) == (2, 1, 3)  # a silent sound under motion agrees with nothing
    assert "|picture:own|" in aligned.signature
    assert "|picture:own|" in cell.signature


def test_to_a_system_without_pictures_what_looks_at_a_video_does_not_apply(tmp_path, made):
    _, rows = measured(tmp_path, made, "audio")
    assert {*rows.values()} == {("not_applicable", "the clip has no video, and the model makes none")}


def test_a_data_set_of_prompts_is_registered_without_media(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_DATA", str(tmp_path / "registered"))

    table = "id,caption\na,a dog barks\nb,rain\n"
    root = put(tmp_path / "data", {"test.csv": table})
    reader = partial(entries, own_sound=False, prompts=True)
    test = Variant(name="test", optional=True, seconds=5.0, pin=Pin(names=FILES))
    prompts = replace(verse_bench, prompts=True, list_clips=reader, variants=(test,))
    assert [(one.id, one.duration, one.problem) for one in registered(prompts, root).values()] == [
        ("a", 5.0, None), ("b", 5.0, None),
    ]  # fmt: skip
    longer = prompts("test@8").samples()
    assert [one.duration for one in longer] == [8.0, 8.0]
    assert {one.problem for one in longer} == {None}
