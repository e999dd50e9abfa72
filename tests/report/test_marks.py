"""What is drawn over spectrograms: words at their times, onsets at theirs, and the same by one process as by two."""

from __future__ import annotations

import json
import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import vsseval
from vsseval import media
from vsseval.cli.report_marks import FeatureMarks
from vsseval.report import embed
from vsseval.report.clip_media import ClipJob, SoundJob
from vsseval.report.embed import MediaBudget, embedded
from vsseval.report.word_times import Aligner
from vsseval.store.features import FeatureStore, video_key
from vsseval.types import Medium

MINI = Path(vsseval.__file__).parent / "benchmarks/mini"
RATE = 16_000


def clip(suite, place):
    """Return one line of a manifest, and the folder that its paths are of."""
    lines = (MINI / suite / "manifest.jsonl").read_text().splitlines()
    return json.loads(lines[place]), MINI / suite


@pytest.fixture(scope="module")
def aligner():
    return Aligner()


@pytest.mark.parametrize("place", [0, 1])
def test_words_stand_where_the_face_speaks(aligner, place):
    known, folder = clip("vtts", place)
    audio = media.load_audio(folder / known["reference"]["path"])
    words = known["transcript"].split()
    times = aligner.times(words, audio)
    begin, end = known["speech_window"]
    assert len(times) == len(words)
    assert all(a < b for a, b in times)
    assert all(earlier[1] <= later[0] + 0.011 for earlier, later in pairwise(times))
    assert begin - 0.15 <= times[0][0] < begin + 0.3
    assert end - 0.4 < times[-1][1] <= end + 0.2
    digits = {"zero": "0", "four": "4."}
    assert aligner.times([digits.get(word, word) for word in words], audio) == times


def test_words_without_a_time_have_none(aligner):
    known, folder = clip("vtts", 0)
    audio = media.load_audio(folder / known["reference"]["path"])
    assert aligner.times([], audio) is None
    assert aligner.times(["set", "xqzzy"], audio) is None
    assert aligner.times(["set"], media.Audio(np.zeros(100, np.float32), RATE)) is None


def test_onsets_of_a_sound_are_where_it_sets_in():
    wanted = [0.4, 0.9, 1.6, 2.3]
    rng = np.random.default_rng(0)
    samples = 1e-4 * rng.standard_normal(3 * RATE)
    for at in wanted:
        start = int(at * RATE)
        samples[start : start + 1600] += 0.5 * rng.standard_normal(1600) * np.exp(-np.arange(1600) / 300)
    marks = FeatureMarks(None)
    found = marks.of_sound(media.Audio(np.clip(samples, -1, 1).astype(np.float32), RATE), None)
    assert found == pytest.approx(wanted, abs=0.03)
    assert marks.of_sound(media.Audio(np.zeros(3 * RATE, np.float32), RATE), None) == []


def test_events_of_a_picture_are_seen_near_those_that_are_annotated(tmp_path):
    known, folder = clip("v2s", 0)
    video = Medium(path=folder / known["video"]["path"], sha256=known["video"]["sha256"])
    found = FeatureMarks(None).of_picture(video)
    near = [event for event in known["events"] if any(abs(event - at) < 0.08 for at in found)]
    assert len(near) >= 0.8 * len(known["events"]) > 0
    # What a run has left in the store is taken, and the file not opened.
    store = FeatureStore(tmp_path)
    marks = FeatureMarks(tmp_path)
    marks.of_picture(video)
    curve = np.zeros((150, 64), np.float32)
    curve[[30, 90], 5] = 1.0
    store.write(marks._extractors["motion"].spec, video_key(video), {"tiles": curve, "rate": np.asarray(50.0)})
    gone = Medium(path=tmp_path / "gone.mp4", sha256=video.sha256)
    assert marks.of_picture(gone) == [0.61, 1.81]
    assert pickle.loads(pickle.dumps(marks)).of_picture(gone) == [0.61, 1.81]


def test_two_processes_embed_what_one_does(tmp_path, monkeypatch):
    jobs = []
    for place in range(3):
        known, folder = clip("vtts", place)
        sound = SoundJob(folder / known["reference"]["path"], None, tuple(known["transcript"].split()), None)
        jobs.append(("mini_vtts", ClipJob(place, known["duration"], None, {0: sound})))
    alone = list(embedded(jobs, MediaBudget(10_000_000), FeatureMarks(None)))
    monkeypatch.setattr(embed, "ALONE", 1)
    together = list(embedded(jobs, MediaBudget(10_000_000), FeatureMarks(None), processes=2))
    assert alone == together
    assert [place for _, place, _ in alone] == [0, 1, 2]
    assert all(json.loads(text)["sounds"]["0"]["times"] for _, _, text in alone)
