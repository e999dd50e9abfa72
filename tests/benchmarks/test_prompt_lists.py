"""Published lists of prompts, on small folders of their exact layout: Verse-Bench, JavisBench, seed-tts-eval."""

from __future__ import annotations

import json

import pytest

from support.data_trees import put, registered, unpinned, wav
from vsseval.benchmarks.javisbench import javisbench
from vsseval.benchmarks.seedtts import seedtts
from vsseval.benchmarks.verse_bench import verse_bench
from vsseval.errors import UsageError

CHALK = {
    "video_prompt": "A woman writes.", "audio_prompt": ["Chalk.", "Steps."], "prompt": "A woman writes and walks.",
    "speech_prompt": {"speaker": "the woman", "text": "All you need."}, "videos": [], "first_frame_path": "",
}  # fmt: skip
CROWD = {**CHALK, "audio_prompt": ["A crowd."], "speech_prompt": {"speaker": "", "text": ""}}
SPEECH = {**CHALK, "audio_prompt": [], "speech_prompt": {"speaker": "a man", "text": "你必须赢。"}}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_DATA", str(tmp_path / "registered"))


def verse_folder(root):
    return put(root, {
        "set1/00000000.json": json.dumps(CHALK), "set1/00000000.jpg": b"picture",
        "set2/00000300.json": json.dumps(CROWD), "set2/00000300.wav": wav(5.0), "set2/00000301.json": json.dumps(CROWD),
        "set3/00001000.json": json.dumps(SPEECH), "mini_testset/00000000.wav": wav(5.0),
    })  # fmt: skip


def test_verse_bench_by_its_folder(tmp_path):
    found = registered(unpinned(verse_bench, "full"), verse_folder(tmp_path / "data"))
    assert [(one.id, one.subset, one.duration, one.problem) for one in found.values()] == [
        ("00000000", "set1", 5.0, None), ("00000300", "set2", 5.0, None), ("00000301", "set2", 5.0, None),
        ("00001000", "set3", 5.0, None),
    ]  # fmt: skip
    assert (found["00000000"].caption, found["00000000"].transcript) == ("Chalk. Steps.", "All you need.")
    assert (found["00000300"].caption, found["00000300"].transcript) == ("A crowd.", None)
    assert (found["00001000"].caption, found["00001000"].language) == (None, "zh")
    assert all(one.video is None for one in found.values())
    # Only set 2 has recordings; what lies elsewhere under a clip's name is a system's.
    assert [one.id for one in found.values() if one.reference] == ["00000300"]


def test_verse_bench_by_the_list_of_all(tmp_path):
    root = verse_folder(tmp_path / "data")
    whole = {"set1": {"00000000": CHALK}, "set2": {"00000300": CROWD}, "set3": {"00001000": SPEECH}}
    put(root, {"verse_bench_prompts.json": json.dumps(whole)})
    found = registered(unpinned(verse_bench, "full"), root)
    assert list(found) == ["00000000", "00000300", "00001000"]
    assert found["00000300"].reference.path == root / "set2" / "00000300.wav"


@pytest.mark.parametrize("text", ["[]", "{", '{"set9": {}}', '{"set1": []}', '{"set1": {"a": 3}}'])
def test_another_list_is_no_verse_bench(tmp_path, text):
    root = put(tmp_path / "data", {"verse_bench_prompts.json": text})
    with pytest.raises(UsageError, match="no JSON|no table"):
        registered(unpinned(verse_bench, "full"), root)


def test_a_list_that_was_edited_is_not_the_public_one(tmp_path):
    root = put(tmp_path / "data", {"verse_bench_prompts.json": json.dumps({"set1": {"00000000": CHALK}})})
    with pytest.raises(UsageError, match="not the public list"):
        registered(verse_bench, root)


JAVIS = 'path,text,cat0_ind,cat2_ind\ngone/a.mp4,a dog barks,2,"1,4"\ngone/b.mp4,"rain, then wind",0,0\n'


def test_javisbench_calls_prompts_by_their_place(tmp_path):
    root = put(tmp_path / "data", {"JavisBench.csv": JAVIS, "JavisBench-mini.csv": JAVIS})
    for variant in ("full", "mini"):
        found = registered(unpinned(javisbench, variant), root, variant)
        assert [(one.id, one.caption, one.subset, one.duration) for one in found.values()] == [
            ("sample_0000", "a dog barks", "living", 4.0), ("sample_0001", "rain, then wind", "natural", 4.0),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("path,prompt\na,b\n", "no column text"),
        ("text,cat0_ind\na dog,9\n", "line 2: '9' is no number of a scenario"),
        ("text,cat0_ind\n,1\n", "line 2: no text"),
    ],
)
def test_another_table_is_no_javisbench(tmp_path, text, fault):
    root = put(tmp_path / "data", {"JavisBench.csv": text})
    with pytest.raises(UsageError, match=fault):
        registered(unpinned(javisbench, "full"), root)


def test_a_list_of_another_length_is_refused(tmp_path):
    root = put(tmp_path / "data", {"JavisBench.csv": JAVIS})
    with pytest.raises(UsageError, match=r"gives 2 clips, javisbench:full has 10140"):
        registered(javisbench, root)


def seed_folder(root):
    return put(root, {
        "en/meta.lst": "cv_1-cv_2|What it says.|prompt-wavs/cv_1.wav|Fourteen chars\n"
                       "cv_3-cv_4|It says.|prompt-wavs/cv_3.wav|Another one.\n"
                       "cv_5-cv_6|Lost.|prompt-wavs/cv_5.wav|A third.\n",
        "en/prompt-wavs/cv_1.wav": wav(3.0), "en/prompt-wavs/cv_3.wav": wav(3.0), "en/wavs/cv_3-cv_4.wav": wav(2.0),
        "zh/hardcase.lst": "hard-1|你好|prompt-wavs/d.wav|四是四十是十\n", "zh/prompt-wavs/d.wav": wav(3.0),
        "zh/meta.lst": "d-1|你好|prompt-wavs/d.wav|四是四十|wavs/own.wav\n", "zh/wavs/own.wav": wav(2.5),
    })  # fmt: skip


def test_seedtts_finds_prompts_and_recordings_beside_its_list(tmp_path):
    found = registered(seedtts, seed_folder(tmp_path / "data"))
    assert list(found) == ["cv_1-cv_2", "cv_3-cv_4", "cv_5-cv_6"]
    guessed, recorded, lost = found.values()
    assert (guessed.transcript, guessed.duration, guessed.reference) == ("Fourteen chars", 2.0, None)
    assert (recorded.duration, recorded.reference.path.name) == (2.0, "cv_3-cv_4.wav")
    assert (recorded.speaker_prompt.path.name, recorded.cluster) == ("cv_3.wav", "cv_3")
    assert "no file is named en/prompt-wavs/cv_5.wav" in lost.problem


def test_seedtts_in_mandarin(tmp_path):
    root = seed_folder(tmp_path / "data")
    (hard,) = registered(seedtts, root, "zh-hard").values()
    assert (hard.language, hard.duration, hard.problem) == ("zh", 2.5, None)
    (own,) = registered(seedtts, root, "zh").values()
    assert (own.language, own.duration, own.reference.path.name) == ("zh", 2.5, "own.wav")


def test_a_line_of_another_kind_is_told(tmp_path):
    root = put(tmp_path / "data", {"en/meta.lst": "a|b|c\n"})
    with pytest.raises(UsageError, match="line 1: 3 cells; expected utterance"):
        registered(seedtts, root)


def test_a_damaged_recording_is_the_clips_problem(tmp_path):
    root = put(seed_folder(tmp_path / "data"), {"en/wavs/cv_3-cv_4.wav": b"half a file"})
    assert "unreadable reference" in registered(seedtts, root)["cv_3-cv_4"].problem
