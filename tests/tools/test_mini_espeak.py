"""Speech of the training split by eSpeak NG: its phones in flite's alphabet, in time with the sound."""

import ctypes

import numpy as np
import pytest

from tools.mini import espeak, visemes
from tools.mini.clip import SAMPLE_RATE
from tools.mini.sentences import free_sentence, grid_sentence
from tools.mini.speech import DERIVED_VOICES, SEEN_VOICES, UNSEEN_VOICES, speak
from vsseval.errors import UsageError

VOICE = next(voice for voice in DERIVED_VOICES if voice.name == "espeak-f3")


def missing():
    try:
        ctypes.CDLL(espeak.LIBRARY)
    except OSError:
        return True
    return False


needs_espeak = pytest.mark.skipif(missing(), reason="eSpeak NG is not here: apt-get install libespeak-ng1")


def test_more_than_two_hundred_voices_are_trained_on_and_none_that_is_kept_for_judging():
    names = [voice.name for voice in (*SEEN_VOICES, *DERIVED_VOICES)]
    assert len(set(names)) == len(names) > 200
    assert not {voice.speaker for voice in DERIVED_VOICES} & {voice.speaker for voice in UNSEEN_VOICES}


@needs_espeak
def test_speech_is_a_function_of_its_text():
    first, second, other = (speak(text, VOICE) for text in ("bin blue", "bin blue", "bin green"))
    assert np.array_equal(first.audio, second.audio)
    assert first.phones == second.phones
    assert [name for name, _, _ in first.phones if name != "pau"] == ["b", "ih", "n", "b", "l", "uw"]
    assert other.phones != first.phones


@needs_espeak
def test_phones_cover_the_sound_and_vowels_are_louder_than_pauses():
    said = speak("we want to listen to the music in november", VOICE)
    ends = [end for _, _, end in said.phones]
    assert ends == sorted(ends)
    assert abs(ends[-1] - len(said.audio) / SAMPLE_RATE) < 0.01
    energy = {"vowel": [], "pause": []}
    for name, start, end in said.phones:
        part = said.audio[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
        if len(part):
            kind = "pause" if name == "pau" else "vowel" if name[0] in "aeiou" else None
            energy.get(kind, []).append(float(np.sqrt(np.mean(part**2))))
    assert np.mean(energy["vowel"]) > 10 * np.mean(energy["pause"])


@needs_espeak
def test_every_phone_of_the_training_sentences_has_a_mouth():
    rng = np.random.default_rng(0)
    for _ in range(3):
        text = ". ".join(draw(rng, "train") for draw in (free_sentence, grid_sentence) for _ in range(20))
        speech = espeak.utter(text, "m3", stretch=1.0, pitch=50)
        assert len(visemes.mouth_track(speech.phones, 0.0, 4000).viseme) == 4000


@needs_espeak
def test_what_cannot_be_said_and_who_is_not_there_are_named():
    with pytest.raises(UsageError, match="nothing to say"):
        espeak.utter("", "f1", stretch=1.0, pitch=50)
    with pytest.raises(UsageError, match="no speaker 'nobody'"):
        espeak.utter("hello", "nobody", stretch=1.0, pitch=50)
