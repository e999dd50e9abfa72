"""Sounds and pictures that nobody meant to make: metrics give a reason, or a value within their bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from support import build_plugins
from vsseval.errors import Unmeasurable
from vsseval.media import Audio, Video, write_mp4
from vsseval.types import Feature, Need

RATE = 16_000
NOISE = np.random.default_rng(0).standard_normal((2, 2 * RATE)).astype(np.float32) * 0.1
SOUNDS = {
    "no samples": np.zeros((1, 0), np.float32),
    "one sample": np.full((1, 1), 0.5, np.float32),
    "silence": np.zeros((2, RATE), np.float32),
    "a constant": np.full((1, RATE), 0.25, np.float32),
    "one channel": NOISE[:1],
    "one side alone": np.stack([NOISE[0], 0 * NOISE[0]]),
    "three channels": np.concatenate([NOISE, NOISE[:1]]),
    "all but silent": NOISE * np.float32(1e-30),
    "full scale": np.sign(NOISE),
}
PICTURES = {
    "one picture": (1, 0), "two pictures": (2, 0), "a still": (30, 0), "noise": (30, 255),
}  # fmt: skip
METRICS = (
    "ild_error@gcc", "itd_error@gcc", "av_align@tempotokens", "av_align@tempotokens-asreported", "av_align@javisbench",
    "av_align@mova", "desync@onset", "onset_acc@condfoleygen", "onset_ap@condfoleygen", "sound_sim@aisfx", "kl@aisfx",
)  # fmt: skip


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    made = {}
    for name, (count, spread) in PICTURES.items():
        draw = np.random.default_rng(1).integers(0, spread + 1, (count, 48, 64, 3), dtype=np.uint8)
        write_mp4(folder / f"{count}-{spread}.mp4", draw, 15.0)
        made[name] = Video(folder / f"{count}-{spread}.mp4")
    return made


@pytest.fixture(scope="module")
def features(films):
    """Return what an extractor makes of a medium, or why it makes nothing; each once."""
    media = {name: Audio(samples, RATE) for name, samples in SOUNDS.items()} | films
    extractors, known = {}, {}

    def made(extractor, name):
        if (extractor, name) not in known:
            if extractor not in extractors:
                extractors[extractor] = build_plugins.build_extractor(extractor)
            try:
                known[extractor, name] = extractors[extractor].extract(media[name])
            except Unmeasurable as reason:
                known[extractor, name] = str(reason)
        return known[extractor, name]

    return made


def value(metric, features, sound, picture, reference):
    """Return the value of a metric, or the reason why there is none."""
    given = {}
    named = {Need.AUDIO: sound, Need.VIDEO: picture, Need.REFERENCE: reference}
    for name, wanted in metric.spec.inputs.items():
        assert isinstance(wanted, Feature)
        found = features(wanted.extractor, named[wanted.of])
        if isinstance(found, str):
            return found
        given[name] = found
    try:
        return metric.score(**given).value
    except Unmeasurable as reason:
        return str(reason)


@pytest.mark.parametrize("name", METRICS)
def test_a_reason_or_a_value_within_bounds(name, features):
    metric = build_plugins.build_metric(name)
    low, high = metric.spec.minimum, metric.spec.maximum
    numbers = 0
    for sound in SOUNDS:
        pictures = PICTURES if any(value.of is Need.VIDEO for value in metric.spec.inputs.values()) else ("a still",)
        for picture in pictures:
            for reference in ("one channel", "one side alone", "silence"):
                found = value(metric, features, sound, picture, reference)
                if isinstance(found, str):
                    assert len(found) > 10, (sound, picture, reference, found)
                    continue
                numbers += 1
                assert math.isfinite(found), (sound, picture, reference)
                assert low is None or found >= low - 1e-9, (sound, picture, reference, found)
                assert high is None or found <= high + 1e-9, (sound, picture, reference, found)
    assert numbers  # full scale noise, at least, has a value against something


@pytest.mark.parametrize("name", ["ild_error@gcc", "itd_error@gcc"])
def test_one_channel_is_from_the_middle_and_silence_is_from_nowhere(name, features):
    metric = build_plugins.build_metric(name)
    assert value(metric, features, "one channel", "a still", "one channel") == 0
    for sound, reference in (("silence", "one channel"), ("one channel", "silence"), ("no samples", "one channel")):
        assert isinstance(value(metric, features, sound, "a still", reference), str), (sound, reference)


@pytest.mark.parametrize("name", ["av_align@javisbench", "av_align@mova"])
def test_nothing_to_see_and_nothing_to_hear_is_no_agreement(name, features):
    metric = build_plugins.build_metric(name)
    assert "neither the sound nor the picture" in value(metric, features, "silence", "a still", "silence")
    assert "too few for a peak" in value(metric, features, "full scale", "one picture", "silence")
