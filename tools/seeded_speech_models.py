"""Tiny recognisers and speaker encoders with seeded weights, in the files in which the real ones are published."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import torch

from vsseval.weights.find import Weights
from vsseval.weights.verify import WeightsRecord, hash_file, joint_sha256, write_weights_record

LANGUAGES = ("en", "zh", "de")


def installed(root: Path, name: str) -> Weights:
    """Declare the files of `root/name` to be that set of weights, as `vsseval weights pull` does."""
    folder = root / name
    files = {path.name: hash_file(path) for path in sorted(folder.iterdir()) if path.name != "weights.json"}
    write_weights_record(folder, WeightsRecord(files, pinned=False))
    return Weights(
        name, folder, tuple(files), joint_sha256({file: known.sha256 for file, known in files.items()}), False
    )


def seeded_state(listing: dict[str, list[int]]) -> dict[str, torch.Tensor]:
    """The weights of the golden embeddings: each tensor is drawn from a generator seeded by the CRC-32 of its key."""
    state = {}
    for key, shape in listing.items():
        generator = torch.Generator("cpu").manual_seed(zlib.crc32(key.encode()))
        draw = torch.randn(tuple(shape), generator=generator)
        if key.endswith("num_batches_tracked"):
            state[key] = torch.zeros((), dtype=torch.int64)
        elif key.endswith("running_var"):
            state[key] = 1 + 0.1 * draw.abs()
        elif key.endswith("weight_g"):
            state[key] = 1 + 0.05 * draw.abs()
        elif key.endswith("grep_a"):
            state[key] = 1 + 0.1 * draw
        elif key == "feature_weight":
            state[key] = draw
        elif len(shape) > 1:
            state[key] = draw / draw[0].numel() ** 0.5
        else:
            state[key] = 1 + 0.1 * draw if key.endswith("weight") else 0.1 * draw
    return state


def speech(seconds: float = 1.5, rate: int = 16_000, seed: int = 0, channels: int = 1) -> np.ndarray:
    """A buzz through moving resonances, float32 (channels, n)."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(rate * seconds)) / rate
    pitch = 110 + 20 * seed
    buzz = sum(
        np.sin(2 * np.pi * pitch * k * t) / k * (1 + np.sin(2 * np.pi * (2 + 0.3 * k) * t)) for k in range(1, 30)
    )
    wave = 0.2 * buzz / np.abs(buzz).max() + 0.003 * rng.standard_normal(t.size)
    return np.stack([wave * (1 - 0.3 * channel) for channel in range(channels)]).astype(np.float32)


def fill(network: torch.nn.Module, seed: int = 0, gain: float = 1.0) -> torch.nn.Module:
    """Weights that let different sounds through to different outputs."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, value in network.state_dict().items():
            if not value.is_floating_point():
                continue
            draw = torch.randn(value.shape, generator=generator)
            if key.endswith("running_var"):
                value.copy_(1 + 0.1 * draw.abs())
            elif value.ndim > 1:
                value.copy_(gain * draw / value[0].numel() ** 0.5)
            elif "norm" in key and key.endswith("weight"):
                value.copy_(1 + 0.05 * draw)
            else:
                value.copy_(0.05 * draw)
    return network.eval()


def byte_letters() -> list[str]:
    """The letters by which byte-level tokenizers write the 256 bytes, in the order of GPT-2."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + place) for place in range(len(rest))]


def whisper_tokenizer(folder: Path, *, english_only: bool = False) -> dict[str, int]:
    """Write a tokenizer of single bytes and Whisper's special tokens; return the ids of the special ones."""
    from transformers import WhisperTokenizer

    base = {letter: place for place, letter in enumerate(byte_letters())}
    special = ["<|endoftext|>", "<|startoftranscript|>"]
    special += [f"<|{code}|>" for code in (() if english_only else LANGUAGES)]
    special += [
        "<|translate|>",
        "<|transcribe|>",
        "<|startoflm|>",
        "<|startofprev|>",
        "<|nospeech|>",
        "<|notimestamps|>",
    ]
    special += [f"<|{step / 50:.2f}|>" for step in range(1501)]
    ids = {token: len(base) + place for place, token in enumerate(special)}
    tokenizer = WhisperTokenizer(vocab={**base, "<|endoftext|>": ids["<|endoftext|>"]}, merges=[])
    tokenizer.add_tokens(special[1:], special_tokens=True)
    assert all(tokenizer.convert_tokens_to_ids(token) == place for token, place in ids.items())
    tokenizer.save_pretrained(folder)
    return ids


def whisper(root: Path, size: str, seed: int = 0, positions: int = 40, gain: float = 3.0) -> Weights:
    """Write a repository of transformers' Whisper."""
    from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

    folder = root / f"whisper_{size}"
    folder.mkdir(parents=True)
    english_only = size.endswith("_en")
    ids = whisper_tokenizer(folder, english_only=english_only)
    end, start = ids["<|endoftext|>"], ids["<|startoftranscript|>"]
    config = WhisperConfig(
        vocab_size=max(ids.values()) + 1,
        **dict.fromkeys(("encoder_layers", "decoder_layers", "encoder_attention_heads", "decoder_attention_heads"), 2),
        **dict.fromkeys(("d_model", "encoder_ffn_dim", "decoder_ffn_dim"), 32),
        max_target_positions=positions,
        **dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id"), end),
        decoder_start_token_id=start,
    )
    network = fill(WhisperForConditionalGeneration(config), seed, gain)
    network.tie_weights()
    known = (
        {}
        if english_only
        else {
            "lang_to_id": {f"<|{code}|>": ids[f"<|{code}|>"] for code in LANGUAGES},
            "task_to_id": {task: ids[f"<|{task}|>"] for task in ("transcribe", "translate")},
        }
    )
    network.generation_config = GenerationConfig(
        **dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id"), end),
        decoder_start_token_id=start,
        is_multilingual=not english_only,
        no_timestamps_token_id=ids["<|notimestamps|>"],
        suppress_tokens=[],
        begin_suppress_tokens=[end],
        max_length=positions,
        max_initial_timestamp_index=50,
        prev_sot_token_id=ids["<|startofprev|>"],
        alignment_heads=[[1, 0]],
        return_timestamps=False,
        **known,
    )
    network.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    return installed(root, f"whisper_{size}")


def faster_whisper(root: Path, size: str, seed: int = 0, gain: float = 3.0) -> Weights:
    """Write a repository of CTranslate2's Whisper, converted from one of transformers."""
    from ctranslate2.converters import TransformersConverter

    source = whisper(root / "source", size, seed, 448, gain).folder
    folder = root / f"faster_whisper_{size}"
    TransformersConverter(str(source), copy_files=["tokenizer.json", "preprocessor_config.json"]).convert(str(folder))
    return installed(root, f"faster_whisper_{size}")


def openai_whisper(root: Path, size: str, seed: int = 0) -> Weights:
    """Write a checkpoint of openai-whisper: its own vocabulary, and a network of 16 channels."""
    from whisper.model import ModelDimensions
    from whisper.model import Whisper as Network

    dims = ModelDimensions(
        n_mels=80,
        n_audio_ctx=1500,
        n_audio_state=16,
        n_audio_head=2,
        n_audio_layer=1,
        n_vocab=51865,
        n_text_ctx=48,
        n_text_state=16,
        n_text_head=2,
        n_text_layer=1,
    )
    network = fill(Network(dims), seed, 3.0)
    folder = root / f"openai_whisper_{size}"
    folder.mkdir(parents=True)
    state = {key: value.half() for key, value in network.state_dict().items()}
    torch.save({"dims": vars(dims), "model_state_dict": state}, folder / f"{size.replace('_', '-')}.pt")
    return installed(root, f"openai_whisper_{size}")
