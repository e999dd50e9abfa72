"""What a listening test is made of: who is heard, how loud, on which clips, and what its page gives away."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from support.heard_runs import BADNESS, write_heard
from vsseval.cli.listen import command
from vsseval.errors import UsageError
from vsseval.listening.key import read_key
from vsseval.listening.sounds import lowpass, match
from vsseval.media import Audio, integrated_loudness, peak


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("heard") / "runs"
    write_heard(root)
    return root


def called(*arguments, fails=False):
    found = CliRunner().invoke(command, [*map(str, arguments)])
    if fails:
        assert isinstance(found.exception, UsageError), found.exception
        return str(found.exception)
    assert found.exception is None, found.exception
    return found.output


def made(tmp_path, runs, *arguments):
    called("--runs", runs, "-o", tmp_path / "test", *arguments)
    return read_key(tmp_path / "test"), (tmp_path / "test" / "test.html").read_text()


def heard(page):
    """The sounds of a page, by their ids."""
    found = re.findall(r'<script type="text/plain" id="s-(\w+)">([^<]*)<', page)
    return {name: Audio(*_read(base64.b64decode(data))) for name, data in found}


def _read(data):
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return samples.T, rate


def test_a_page_of_pairs_has_every_pair_of_every_clip_and_checks(runs, tmp_path):
    key, page = made(tmp_path, runs, "--clips", 4, "--checks", 2)
    roles = {system.name: system.role for system in key.systems}
    assert roles == dict.fromkeys(BADNESS, "system") | {"reference": "check", "check noise": "check"}
    assert len([t for t in key.trials if not t.always]) == 4 * 3
    assert len([t for t in key.trials if t.always]) == len(key.checks) == 2
    assert len({t.group for t in key.trials if not t.always}) == 3
    assert len(set(key.clusters)) == 4
    assert "No clip has a picture" in called("--runs", runs, "-o", tmp_path / "other")
    assert heard(page).keys() == {one.id for one in key.stimuli}


@pytest.mark.parametrize("kind", ["ab", "mos", "mushra"])
def test_the_page_says_nothing_of_which_sound_is_whose(kind, runs, tmp_path):
    key, page = made(tmp_path, runs, "--kind", kind, "--question", 'Which is <b>better</b> & "why"?')
    for system in key.systems:
        if system.role == "system":
            assert system.name not in page
            assert system.run.name not in page
    assert not re.search(r"clip\d\d", page)
    assert "<b>better" not in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)


def test_sounds_of_a_clip_are_equally_loud_and_none_clips(runs, tmp_path):
    key, page = made(tmp_path, runs, "--kind", "mushra", "--loudness", -12)
    sounds = heard(page)
    for clip in key.clusters:
        mine = [sounds[one.id] for one in key.stimuli if one.clip == clip]
        loudness = [integrated_loudness(one) for one in mine]
        assert max(loudness) - min(loudness) < 0.2
        assert max(map(peak, mine)) < 10 ** (-0.9 / 20)
    before = [one.lufs for one in key.stimuli]
    assert max(before) - min(before) > 3


def test_silence_stays_silence_and_loud_ones_come_down():
    quiet = Audio(0.01 * np.random.default_rng(0).normal(size=16000), 16000)
    loud = Audio(20 * quiet.samples, 16000)
    found = match({"quiet": quiet, "loud": loud, "silence": Audio(np.zeros(16000), 16000)}, -23)
    assert integrated_loudness(found["quiet"].audio) == pytest.approx(
        integrated_loudness(found["loud"].audio), abs=0.01
    )
    assert found["loud"].gain < found["quiet"].gain
    assert found["silence"].lufs is None


def test_the_low_anchor_ends_at_three_and_a_half_kilohertz():
    noise = Audio(np.random.default_rng(0).normal(0, 0.1, 48000), 48000)
    power = np.abs(np.fft.rfft(lowpass(noise).samples[0])) ** 2
    hertz = np.fft.rfftfreq(48000, 1 / 48000)
    assert power[hertz > 4000].mean() < 1e-5 * power[hertz < 3000].mean()  # BS.1534: 25 dB at 4 kHz, 50 at 4.5


def test_the_same_seed_is_the_same_test_and_another_is_not(runs, tmp_path):
    keys = [made(tmp_path / str(i), runs, "--clips", 3, "--seed", seed)[0] for i, seed in enumerate((1, 1, 2))]
    assert keys[0].trials == keys[1].trials
    assert {*keys[0].clusters} != {*keys[2].clusters} or keys[0].trials != keys[2].trials
    assert {one.id for one in keys[0].stimuli}.isdisjoint(one.id for one in keys[2].stimuli)


def test_a_set_holds_the_hidden_reference_and_its_anchors(runs, tmp_path):
    key, page = made(tmp_path, runs, "--kind", "mushra")
    names = {one.id: one.system for one in key.stimuli}
    assert {names[one] for one in key.trials[0].stimuli} == {*BADNESS, "reference", "shuffled", "lowpass"}
    data = json.loads(re.search(r'id="test">(.*?)</script>', page)[1])
    assert all(names[trial["reference"]] == "reference" for trial in data["trials"])


def test_what_cannot_be_is_refused_with_what_to_do(runs, tmp_path):
    one = next(path for path in runs.iterdir() if "fine" in path.name)
    text = called(one, "-o", tmp_path / "a", fails=True)
    assert "one system only (audio:fine)" in text
    text = called("--runs", runs, "--kind", "mushra", "--anchor", "degraded:noise=10", "-o", tmp_path / "a", fails=True)
    assert "there is no run of the anchor degraded:noise=10" in text
    assert "vsseval run --model degraded:noise=10" in text
    called("--runs", runs, "-o", tmp_path / "a")
    assert "its answers mean nothing without that key" in called("--runs", runs, "-o", tmp_path / "a", fails=True)
    called("--runs", runs, "-o", tmp_path / "a", "--force")
    alone = tmp_path / "alone"
    write_heard(alone, bounds=())
    assert "MUSHRA needs it" in called("--runs", alone, "--kind", "mushra", "-o", tmp_path / "b", fails=True)
    assert "Reference and attention checks: no run" in called("--runs", alone, "-o", tmp_path / "b")
    assert not read_key(tmp_path / "b").checks


def test_runs_of_two_benchmarks_are_no_test(runs, tmp_path):
    other = write_heard(tmp_path / "runs", models=("audio:other",), bounds=())["audio:other"]
    header = other / "run.json"
    header.write_text(header.read_text().replace("toy_joint", "another"))
    text = called(*runs.iterdir(), other, "-o", tmp_path / "a", fails=True)
    assert "of one benchmark, and these runs are of 2" in text
