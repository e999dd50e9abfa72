"""Phrases and their voices, and a dialogue of two shipped voices from the sound to its rate."""

import numpy as np
import pytest

from support import build_plugins
from vsseval.benchmarks.mini import mini_vtts
from vsseval.extractors.dialogue import Word, phrases
from vsseval.extractors.ge2e import GE2E
from vsseval.media import Audio, load_audio

MAN, WOMAN = ("vtts-28", "vtts-33"), ("vtts-29",)
"""Shipped clips of two voices of which no word is in doubt."""


@pytest.fixture(scope="module")
def extractor():
    return build_plugins.build_extractor("dialogue_tiny_en")


@pytest.fixture(scope="module")
def clips():
    samples = {sample.id: sample for sample in mini_vtts().samples()}
    return {name: (load_audio(samples[name].reference.path).mono(16_000), samples[name].transcript)
            for name in (*MAN, *WOMAN)}  # fmt: skip


def together(clips, *names):
    pause = np.zeros(4_000, np.float32)
    return Audio(np.concatenate([part for name in names for part in (clips[name][0], pause)]), 16_000)


def test_phrases_end_with_sentences_and_pauses():
    words = [Word(" Hi", 0.0, 0.2), Word(" you.", 0.2, 0.5), Word(" Yes", 0.5, 0.7), Word(" so", 1.0, 1.2),
             Word(' "no?"', 1.2, 1.4), Word(" Go", 1.4, 1.5)]  # fmt: skip
    assert [[word.text for word in phrase] for phrase in phrases(words)] == [
        [" Hi", " you."], [" Yes"], [" so", ' "no?"'], [" Go"],
    ]  # fmt: skip
    assert phrases([]) == []


def test_a_dialogue_of_two_voices_is_heard_as_two_and_of_one_as_one(extractor, clips):
    metric = build_plugins.build_metric("cpwer@whisper-tiny.en")
    (man, other), (woman,) = MAN, WOMAN
    found = extractor.extract(together(clips, man, woman))
    assert found["voices"].shape == (len(found["seconds"]), 256)
    assert len(str(found["text"]).split("\n")) == len(found["seconds"]) >= 2
    two = metric.score(found, f"[S1] {clips[man][1]} [S2] {clips[woman][1]}")
    assert (two.value, two.detail["heard"]) == (0, 2)
    one = metric.score(extractor.extract(together(clips, man, other)), f"[S1] {clips[man][1]} [S2] {clips[other][1]}")
    assert one.detail["heard"] == 1
    assert one.value > 0.8


def test_the_voice_of_a_whole_clip_is_ge2es(extractor, clips):
    samples, _ = clips[MAN[0]]
    (voice,) = extractor.extract(Audio(samples, 16_000))["voices"]
    assert voice @ GE2E().extract(Audio(samples, 16_000))["embedding"] > 0.95
    assert np.linalg.norm(voice) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(32_000), np.full(500, 0.1)])
def test_silence_and_scraps_have_no_phrases(extractor, samples):
    found = extractor.extract(Audio(samples, 16_000))
    assert (str(found["text"]), found["voices"].shape, found["seconds"].shape) == ("", (0, 256), (0,))
    with pytest.raises(TypeError, match="takes audio"):
        extractor.extract("words")
