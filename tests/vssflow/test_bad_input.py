"""Every unusual input of docs/vssflow.md: none a crash, none silently dropped."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from support.small_model import quick, untrained
from vsseval.errors import UsageError
from vsseval.media import write_mp4
from vsseval.models.base import ModelOptions
from vsseval.types import Medium, Request
from vssflow.cli import invoke
from vssflow.generate import generate, read_prompt
from vssflow.notes import REFERENCE, SMALL, notes, refuse, unread
from vssflow.plugin import vssflow_model
from vssflow.prompt import Prompt

WORDS = "bin blue at f two now"
SECONDS = 2.0


@pytest.fixture(scope="module")
def model():
    return quick(untrained())


@pytest.fixture(scope="module")
def folder(tmp_path_factory, model):
    """Clips, voices and weights."""
    where = tmp_path_factory.mktemp("bad")
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 255, (50, 64, 64, 3), dtype=np.uint8)
    write_mp4(where / "clip.mp4", noise, 25)
    write_mp4(where / "grey.mp4", np.full((50, 64, 64, 3), 128, np.uint8), 25)
    write_mp4(where / "blink.mp4", noise[:1], 1000)
    write_mp4(where / "long.mp4", noise[:21], 2)
    (where / "empty.mp4").write_bytes(b"")
    (where / "text.mp4").write_text("no video")
    hum = 0.05 * generator.standard_normal(4 * 16000)
    soundfile.write(where / "voice.wav", hum, 16000)
    soundfile.write(where / "short.wav", hum[:16000], 16000)
    soundfile.write(where / "click.wav", hum[:100], 16000)
    soundfile.write(where / "silent.wav", 0 * hum, 16000)
    soundfile.write(where / "empty.wav", hum[:0], 16000)
    soundfile.write(where / "nan.wav", np.full(16000, np.nan), 16000, subtype="FLOAT")
    np.save(where / "lips.npy", np.zeros((50, 1024), np.float32))
    model.network.save(where / "untrained.safetensors")
    return where


def prompt(**given):
    return Prompt(**{"seconds": SECONDS, **given})


NOTED = {
    "a window of no frame": (
        {"transcript": WORDS, "speech_window": (1.0, 1.0)},
        "no word is spoken: the speech window 1:1 holds no frame",
    ),
    "a window of one frame": (
        {"transcript": WORDS, "speech_window": (1.0, 1.04)},
        "speech is cut short: 14 phones do not fit into 1 frame of 0.04 s",
    ),
    "a window too short for the words": (
        {"transcript": WORDS, "speech_window": (1.0, 1.4)},
        "speech is cut short: 14 phones do not fit into 10 frames of 0.04 s",
    ),
    "speech past the end": (
        {"transcript": WORDS, "speech_window": (0.5, 12.0)},
        "the speech window ends at 12 s, the clip at 2.00 s: the words are spoken by then",
    ),
    "speech after the clip": (
        {"transcript": WORDS, "speech_window": (2.5, 4.0)},
        "no word is spoken: the speech window begins at 2.5 s, the clip ends at 2.00 s",
    ),
    "a window without a transcript": (
        {"speech_window": (0.5, 1.0)},
        "there is a speech window but no transcript: no word is spoken",
    ),
    "an empty transcript": ({"transcript": " \n"}, "no word of the transcript is spoken: it is empty"),
    "no pronounceable word": ({"transcript": "... ?!"}, "nothing in it can be pronounced"),
    "nothing but emoji": ({"transcript": "😀 👩‍👩‍👧"}, "nothing in it can be pronounced"),
    "nothing but another script": ({"transcript": "你好 мир"}, "nothing in it can be pronounced"),
    "emoji among words": (
        {"transcript": "hello 😀 there"},
        "left out of the transcript, because nothing says how to pronounce it: 😀",
    ),
    "another script among words": ({"transcript": "hello мир"}, "because nothing says how to pronounce it: мир"),
    "signs": ({"transcript": "5% of $3.20"}, "because nothing says how to pronounce it: % $ ."),
    "a clip below a frame": ({"seconds": 0.001}, "the clip lasts 1 ms, less than one frame"),
    "a short voice": ({"voice": 0.1 * torch.randn(16000)}, "the voice prompt lasts 1 s: it is used as it is"),
    "a voice of ten minutes": ({"voice": 0.1 * torch.randn(16000).repeat(600)}, "the first 600 s are heard"),
    "a silent voice": ({"voice": torch.zeros(64000)}, "the voice prompt is silent or next to nothing"),
    "an empty voice": ({"voice": torch.zeros(0)}, "the voice prompt is silent or next to nothing"),
    "lips": ({"lips": torch.zeros(50, 1024)}, "the lip features are not used"),
}


@pytest.mark.parametrize("case", NOTED)
def test_what_is_not_honoured_is_noted_and_the_sound_is_whole(model, case):
    given, words = NOTED[case]
    made = generate(model, prompt(**given))
    assert [note for note in made.notes if words in note], made.notes
    assert made.sound.shape == (max(1, round(made.prompt.seconds * 16000)),)
    assert torch.isfinite(made.sound).all()


HONOURED = {
    "nothing but the length": {},
    "no window": {"transcript": WORDS},
    "no voice": {"transcript": WORDS, "speech_window": (0.2, 1.8)},
    "digits": {"transcript": "meet me at 10 in room 7"},
    "accents and apostrophes": {"transcript": "Don’t go to the café"},  # noqa: RUF001
    "a window to the very end": {"transcript": WORDS, "speech_window": (0.0, 2.015)},
    "a voice of three seconds": {"transcript": WORDS, "voice": 0.1 * torch.randn(48000)},
}


@pytest.mark.parametrize("case", HONOURED)
def test_what_is_honoured_needs_no_note(model, case):
    made = generate(model, prompt(**HONOURED[case]))
    assert made.notes == ()
    assert made.sound.shape == (32000,)


@pytest.mark.parametrize("window", [(3.0, 1.0), (-1.0, 2.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_impossible_windows_are_refused(model, window):
    with pytest.raises(UsageError, match="--speech-window 0.5:2.5"):
        refuse(prompt(speech_window=window))
    with pytest.raises(UsageError):
        generate(model, prompt(transcript=WORDS, speech_window=window))


@pytest.mark.parametrize("case", [*NOTED, *HONOURED])
def test_the_network_itself_takes_all_of_it(model, case):
    given = NOTED[case][0] if case in NOTED else HONOURED[case]
    assert torch.isfinite(model.network.generate(prompt(**given), seed=0, steps=1, guidance=1.0)).all()


def command(folder, *arguments):
    weights = str(folder / "untrained.safetensors")
    return invoke(["generate", "--checkpoint", weights, "--steps", "1", "--guidance", "1", *map(str, arguments)])


@pytest.mark.parametrize(
    ("video", "options", "note"),
    [
        ("clip.mp4", ["-t", "..."], "nothing in it can be pronounced"),
        ("clip.mp4", ["-t", ""], "it is empty"),
        ("clip.mp4", ["-t", WORDS, "--speech-window", "1:1"], "holds no frame"),
        ("clip.mp4", ["-t", WORDS, "--speech-window", "1:1.04"], "speech is cut short"),
        ("clip.mp4", ["-t", WORDS, "--speech-window", "1:9"], "the words are spoken by then"),
        ("clip.mp4", ["-t", "hi 😀"], "😀"),
        ("clip.mp4", ["-t", WORDS, "-p", "short.wav"], "the voice prompt lasts 1 s"),
        ("clip.mp4", ["-t", WORDS, "-p", "click.wav"], "silent or next to nothing"),
        ("clip.mp4", ["-t", WORDS, "-p", "silent.wav"], "silent or next to nothing"),
        ("clip.mp4", ["--lips", "lips.npy"], "the lip features are not used"),
        ("blink.mp4", ["-t", WORDS], "less than one frame"),
        ("grey.mp4", ["-t", WORDS, "-p", "voice.wav"], None),
        ("long.mp4", ["-t", WORDS, "-p", "voice.wav"], None),
    ],
)
def test_the_command_says_in_one_line_what_it_does_not_honour(
    folder, tmp_path, capsys, monkeypatch, video, options, note
):
    monkeypatch.chdir(folder)
    assert command(folder, video, *options, "-o", tmp_path / "out.mp4") == 0
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note: ")]
    assert note is None or any(note in line for line in said)
    assert note is not None or not said
    sound = soundfile.info(tmp_path / "out.wav")
    assert sound.frames == max(1, round(read_prompt(folder / video).seconds * 16000))


@pytest.mark.parametrize(
    ("video", "options", "words"),
    [
        ("clip.mp4", ["--speech-window", "2:1"], "the speech window 2:1 ends before it begins"),
        ("clip.mp4", ["--speech-window", "-1:1"], "the speech window -1:1 begins before the clip"),
        ("clip.mp4", ["-p", "empty.wav"], "empty.wav: the audio holds no samples"),
        ("clip.mp4", ["-p", "nan.wav"], "nan.wav: 16000 of 16000 samples are NaN or infinite"),
        ("clip.mp4", ["-p", "grey.mp4"], "grey.mp4: has no audio track"),
        ("empty.mp4", [], "empty.mp4: the file is empty"),
        ("text.mp4", [], "text.mp4: not readable as media"),
        ("voice.wav", [], "voice.wav: holds no video stream"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_nothing_is_written(
    folder, tmp_path, capsys, monkeypatch, video, options, words
):
    monkeypatch.chdir(folder)
    assert command(folder, video, *options, "-o", tmp_path / "out.mp4") == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_in_a_run_a_mistake_fails_its_clip_only(folder):
    video = Medium(path=folder / "clip.mp4", sha256="0" * 64)
    requests = [
        Request(id="bad", duration=SECONDS, seed=1, video=video, transcript=WORDS, speech_window=(1.5, 0.5)),
        Request(id="good", duration=SECONDS, seed=1, video=video, transcript=WORDS),
    ]
    bad, good = vssflow_model(ModelOptions(checkpoint=folder / "untrained.safetensors")).generate(requests)
    assert "ends before it begins" in bad.error
    assert good.samples.shape == (32000,)


def test_characters_without_a_pronunciation_are_found_once_each():
    assert unread("plain words, with — punctuation… “and” 'quotes' (in) [brackets]; a-b") == []
    assert unread("😀 two 😀 你好") == ["😀", "你好"]
    assert unread("I ❤️ it") == ["❤"]
    assert unread("at 10:30 for 3.5") == [":", "."]


def test_the_authors_reader_transliterates():
    pytest.importorskip("unidecode")
    lips = torch.zeros(50, 1024)
    assert notes(prompt(transcript="мир", lips=lips), REFERENCE) == []
    assert notes(prompt(transcript="мир"), SMALL) != []
    assert "😀" in notes(prompt(transcript="hello 😀", lips=lips), REFERENCE)[0]
    assert "nothing in it can be pronounced" in notes(prompt(transcript="😀", lips=lips), REFERENCE)[0]


def test_what_the_authors_configuration_lacks_is_noted():
    assert notes(prompt(), REFERENCE) == []
    assert "the lips are not seen" in notes(prompt(transcript=WORDS), REFERENCE)[0]
    assert "not heard" in notes(prompt(voice=torch.zeros(64000)), REFERENCE._replace(hears=False))[0]


def test_the_documentation_lists_every_case():
    text = (Path(__file__).parents[2] / "docs" / "vssflow.md").read_text()
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    assert len(rows) > 20
    listed = " ".join(left for left, _ in rows)
    for case in (
        "no speech window", "no frame", "one frame", "past the end", "reversed", "negative", "pronounceable word",
        "digits", "emoji", "other scripts", "shorter than one frame", "longer than 10 s", "no face", "no voice prompt",
        "shorter than 3 s", "ten minutes", "silent",
    ):  # fmt: skip
        assert case in listed, case
