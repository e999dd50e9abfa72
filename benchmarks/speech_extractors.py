"""Clips per second of recognisers and speaker encoders against the libraries that others run them with.

Networks of the published sizes with drawn weights, the same clips (8 s, mono, 24 kHz) and the same number of threads,
in turns in one process; what both give is compared. Texts of drawn weights never end, so that Whisper writes 40 tokens
for each window. From the root of the repository:

    PYTHONPATH=. python benchmarks/speech_extractors.py
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from tools import seeded_speech_models as speech_models
from vsseval.extractors import ctc, ecapa, faster_whisper, wavlm_sv, whisper
from vsseval.extractors.speech import decoded, fourier, sinc
from vsseval.media import Audio

RATE, SECONDS = 24_000, 8


class Pair(NamedTuple):
    """What both make of a sound: a text, or an embedding (d,)."""

    ours: Callable[[Audio], Any]
    theirs: Callable[[Audio], Any]


def repository(folder: Path) -> Path:
    """Write a Whisper of the base size (74 M)."""
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    place = speech_models.whisper(folder, "base").folder
    rules = (place / "generation_config.json").read_text()
    small = WhisperConfig.from_pretrained(str(place)).to_dict()
    sizes = {"d_model": 512, **dict.fromkeys(("encoder_layers", "decoder_layers"), 6)}
    sizes |= dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 8)
    sizes |= {**dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim"), 2048), "max_target_positions": 448}
    network = speech_models.fill(WhisperForConditionalGeneration(WhisperConfig(**{**small, **sizes})), 0, 2.0)
    network.tie_weights()
    network.save_pretrained(place)
    (place / "generation_config.json").write_text(json.dumps({**json.loads(rules), "max_length": 40}))
    return place


def whisper_base(folder: Path) -> Pair:
    from transformers import WhisperForConditionalGeneration, WhisperProcessor

    place = repository(folder)
    extractor = whisper.Whisper(speech_models.installed(folder, "whisper_base"), "base")
    processor = WhisperProcessor.from_pretrained(str(place))
    network = WhisperForConditionalGeneration.from_pretrained(str(place)).eval()

    def theirs(audio: Audio) -> str:
        features = processor(fourier(audio), sampling_rate=16_000, return_tensors="pt").input_features
        tokens = network.generate(features, language="en", task="transcribe")
        return processor.batch_decode(tokens, skip_special_tokens=True)[0]

    return Pair(lambda audio: str(extractor.extract(audio)["text"]), theirs)


def faster_whisper_base(folder: Path) -> Pair:
    from ctranslate2.converters import TransformersConverter
    from faster_whisper import WhisperModel

    place = folder / "faster_whisper_base"
    files = ["tokenizer.json", "preprocessor_config.json"]
    TransformersConverter(str(repository(folder)), copy_files=files).convert(str(place))
    extractor = faster_whisper.FasterWhisper(speech_models.installed(folder, "faster_whisper_base"), "base")
    network = WhisperModel(str(place), device="cpu", compute_type="float32")
    # what is measured is one pass: fallback temperatures would be a different number of passes each time
    for one in (network, extractor.network):
        one.transcribe = _once(one.transcribe)

    def theirs(audio: Audio) -> str:
        segments, _ = network.transcribe(decoded(audio), beam_size=5, language="en")
        return "".join(" " + segment.text for segment in segments)

    return Pair(lambda audio: str(extractor.extract(audio)["text"]), theirs)


def _once(transcribe: Callable[..., Any]) -> Callable[..., Any]:
    return lambda samples, **options: transcribe(
        samples, **options, temperature=0.0, without_timestamps=True, max_new_tokens=40
    )


def wav2vec2_ctc(folder: Path) -> Pair:
    from torchaudio.models import wav2vec2_base

    network = speech_models.fill(wav2vec2_base(aux_num_out=29), 1)
    (folder / "wav2vec2_ctc").mkdir()
    torch.save(network.state_dict(), folder / "wav2vec2_ctc" / "weights.pth")
    extractor = ctc.CTC(speech_models.installed(folder, "wav2vec2_ctc"), "wav2vec2")

    def theirs(audio: Audio) -> str:
        places = torch.unique_consecutive(network(torch.from_numpy(sinc(audio))[None])[0][0].argmax(-1))
        return " ".join("".join(ctc.LETTERS[place] for place in places if place).replace("|", " ").split())

    return Pair(lambda audio: str(extractor.extract(audio)["text"]), theirs)


def ecapa_tdnn(folder: Path) -> Pair:
    from speechbrain.dataio.preprocess import AudioNormalizer
    from speechbrain.lobes.features import Fbank
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN
    from speechbrain.processing.features import InputNormalization

    network = speech_models.fill(
        ECAPA_TDNN(
            80,
            lin_neurons=192,
            channels=[1024, 1024, 1024, 1024, 3072],
            kernel_sizes=[5, 3, 3, 3, 1],
            dilations=[1, 2, 3, 4, 1],
            attention_channels=128,
        )
    )
    (folder / "ecapa").mkdir()
    torch.save(network.state_dict(), folder / "ecapa" / "embedding_model.ckpt")
    extractor = ecapa.ECAPA(speech_models.installed(folder, "ecapa"))
    load, bank = AudioNormalizer(), Fbank(n_mels=80)
    centre = InputNormalization(norm_type="sentence", std_norm=False)
    whole = torch.ones(1)

    def theirs(audio: Audio) -> np.ndarray:
        wave = load(torch.from_numpy(audio.samples.T), RATE)[None]
        return network(centre(bank(wave), whole), whole)[0, 0].numpy()

    return Pair(lambda audio: extractor.extract(audio)["embedding"], theirs)


def wavlm_base_plus_sv(folder: Path) -> Pair:
    from transformers import Wav2Vec2FeatureExtractor, WavLMConfig, WavLMForXVector

    place = folder / "wavlm_base_plus_sv"
    network = speech_models.fill(WavLMForXVector(WavLMConfig()), 1)
    network.save_pretrained(place)
    features = Wav2Vec2FeatureExtractor(do_normalize=True)
    features.save_pretrained(place)
    torch.save(network.state_dict(), place / "pytorch_model.bin")
    extractor = wavlm_sv.WavLMSV(speech_models.installed(folder, "wavlm_base_plus_sv"), "base_plus")

    def theirs(audio: Audio) -> np.ndarray:
        return network(**features(sinc(audio), sampling_rate=16_000, return_tensors="pt")).embeddings[0].numpy()

    return Pair(lambda audio: extractor.extract(audio)["embedding"], theirs)


PAIRS: dict[str, Callable[[Path], Pair]] = {
    "whisper_base": whisper_base,
    "faster_whisper_base": faster_whisper_base,
    "wav2vec2_ctc": wav2vec2_ctc,
    "ecapa": ecapa_tdnn,
    "wavlm_base_plus_sv": wavlm_base_plus_sv,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="extractors; all by default")
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--processor", action="store_true", help="count processor seconds of one thread")
    options = parser.parse_args()
    torch.set_num_threads(1 if options.processor else options.threads)
    clock = time.process_time if options.processor else time.perf_counter
    warnings.filterwarnings("ignore")
    clips = [speech_models.speech(SECONDS, RATE, seed) for seed in range(options.clips)]
    print(f"| extractor | ours, clips/s | library, clips/s | ratio | greatest difference | load |\n{'|---' * 6}|")
    for name in options.names or PAIRS:
        with tempfile.TemporaryDirectory() as folder:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                pair = PAIRS[name](Path(folder))
            print(row(name, pair, clips, options.rounds, clock), flush=True)


def row(name: str, pair: Pair, clips: list[np.ndarray], rounds: int, clock: Callable[[], float]) -> str:
    """Time both in turns, and compare what they give."""
    times = [float("inf"), float("inf")]
    with torch.inference_mode():
        for make in pair:
            make(Audio(clips[0], RATE))  # ours loads its weights now
        for _ in range(rounds):
            made = []
            for place, make in enumerate(pair):
                # new sounds each time: what was resampled once is kept
                sounds = [Audio(clip, RATE) for clip in clips]
                begun = clock()
                made.append([make(sound) for sound in sounds])
                times[place] = min(times[place], clock() - begun)
    ours, theirs = made
    if isinstance(ours[0], str):
        off = "same texts" if ours == theirs else "OTHER TEXTS"
    else:
        off = f"{max(np.abs(one - two).max() / np.abs(two).max() for one, two in zip(ours, theirs, strict=True)):.1e}"
    figures = (f"{len(clips) / times[0]:.2f}", f"{len(clips) / times[1]:.2f}", f"{times[1] / times[0]:.2f}", off)
    return f"| {name} | {' | '.join(figures)} | {os.getloadavg()[0]:.1f} |"


if __name__ == "__main__":
    main()
