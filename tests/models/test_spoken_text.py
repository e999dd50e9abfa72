"""What synthesisers are given to say: numbers read out, invisible characters gone, commands of GRID word by word."""

import numpy as np
import pytest

from vsseval.models.tts_dub import TtsDub
from vsseval.models.tts_dub.engines import Speech
from vsseval.types import Request
from vssflow.small.phones import pronounce


class Recorder:
    """An engine that keeps the texts it is given."""

    family, name, version, speeds = "espeak", "recorder", "1", (0.5, 2.0)

    def __init__(self):
        self.texts = set()

    def say(self, text, voice, speed, pitch):
        self.texts.add(text)
        return Speech(np.sin(np.arange(8000) / 5).astype(np.float32), 16000)


@pytest.mark.parametrize(
    ("transcript", "language", "said"),
    [
        ("It costs $5 at 3:30\u200b.", "en", "It costs five dollars at three thirty."),
        ("Well, I never!", "en-US", "Well, I never!"),
        ("Bin blue at A 2, now.", "en-x-grid", "bin blue at ay two now"),
        ("bin blue at a two now", "en-grid", "bin blue at ay two now"),
    ],
)
def test_a_synthesiser_is_given_words(transcript, language, said):
    engine = Recorder()
    request = Request(id="a", duration=1.0, seed=0, transcript=transcript, language=language)
    (output,) = TtsDub("tts_dub", engine).generate([request])
    assert output.error is None
    assert engine.texts == {said}


def test_what_holds_nothing_visible_is_nothing_to_say():
    request = Request(id="a", duration=1.0, seed=0, transcript="\u200b\ufeff")
    (output,) = TtsDub("tts_dub", Recorder()).generate([request])
    assert "no transcript" in output.error


def test_phones_are_those_of_the_words_that_are_read():
    assert pronounce("It\u2019s $5 at 3:30 p.m., I\u200b think") == pronounce(
        "it's five dollars at three thirty p m i think"
    )
    assert pronounce("the 3rd of 25, 10%") == pronounce("the third of twenty five ten percent")
