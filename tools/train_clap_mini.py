"""Trains the encoder of `clap_mini` on sounds and captions of the mini benchmarks' training split.

    python -m tools.mini train --out train --v2s 1200 --vtts 3600 --joint 400 --seed 1 --jobs 2
    python -m tools.train_clap_mini --data train --out clap_mini.safetensors

One thread, some ten minutes. Every tenth clip is held out; the last line tells how well they find each other.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vsseval.errors import UsageError
from vsseval.extractors import clap_mini
from vsseval.networks.spectrum import FLOOR, log_mel

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

_log = logging.getLogger(__name__)

HELD_OUT = 10
"""Every how many-th clip is never trained on."""
CROP = 200
"""Windows (2 s) of a training example."""
BATCH = 64
SMOOTHING = 0.3
"""Share of the target that goes to other clips of the same class: their captions fit as well, or nearly."""
BLANKS = 8
"""Examples of silence and of noise in every batch that no caption fits."""

SPEECH = 300
"""Clips of speech alone that are used: a class among the others."""
TALKED_OVER = 0.25
"""Share of other sounds that are heard under speech, as in mini_joint."""

_LEADS = ("", "", "", "the sound of ", "a recording of ", "you can hear ", "sound of ", "audio of ")
_TAILS = ("", "", "", "", " in the background", " can be heard", " up close")
_WORDS = {
    "someone": ("a person", "somebody", "a man", "a woman"),
    "bouncing": ("bounce", "bounces"),
    "rain": ("rainfall", "a rain shower"),
    "engine": ("motor",),
    "bell": ("a bell", "church bell"),
    "water": ("drops", "water drops"),
    "knocking": ("knock", "rapping"),
    "shatters": ("breaks", "smashes"),
    "footsteps": ("steps", "someone walking"),
    "wind": ("a breeze", "windy weather"),
    "siren": ("an alarm", "an emergency siren"),
    "hammer": ("a hammer blow", "hammering"),
    "drum": ("drums", "drumming"),
    "speaking": ("talking", "speech", "says something"),
    "a": ("one", ""),
    "the": ("",),
}
"""Other words for those of the makers' captions."""


@dataclass(frozen=True)
class Clip:
    """One sound with what is said of it."""

    bands: np.ndarray
    """Mel magnitudes, float32 (windows, 64)."""
    caption: str
    label: str


def load(folder: Path) -> list[Clip]:
    """Return all clips of a training split that have a caption, in the order of its index.

    Raises:
        UsageError: there is no index, or no clip in it has a caption.
    """
    index = folder / "index.jsonl"
    if not index.is_file():
        raise UsageError(f"{folder}: no index.jsonl: python -m tools.mini train --out {folder}")
    rows = [json.loads(line) for line in index.read_text().splitlines()]
    skipped = {row["id"] for row in [row for row in rows if row["task"] == "vtts"][SPEECH:]}
    clips = [
        Clip(
            magnitudes(np.load(folder / "clips" / f"{row['id']}.npz")["audio"] / 32768),
            row["caption"],
            row["label"] or "speech",
        )
        for row in rows
        if row["caption"] and row["id"] not in skipped
    ]
    if not clips:
        raise UsageError(f"{index}: no clip has a caption")
    return clips


def paraphrase(rng: np.random.Generator, clip: Clip) -> str:
    """Return another way to put a clip's caption; now and then the bare name of its class."""
    if rng.random() < 0.1:
        return clip.label.replace("_", " ")
    words = [
        str(rng.choice(_WORDS[word])) if word in _WORDS and rng.random() < 0.25 else word
        for word in re.findall(r"[\w']+", clip.caption.lower())
    ]
    kept = [word for word in words if rng.random() > 0.08] or words
    return str(rng.choice(_LEADS)) + " ".join(kept) + str(rng.choice(_TAILS))


def magnitudes(samples: np.ndarray) -> np.ndarray:
    """Return the mel magnitudes (windows, 64) of 16 kHz mono: the spectrogram before its logarithm."""
    return np.asarray(np.exp(log_mel(samples)) - FLOOR, np.float32)


def spectrogram(bands: np.ndarray) -> np.ndarray:
    """Return what the network reads, from mel magnitudes."""
    return clap_mini.scaled(np.log(bands + FLOOR))


def crop(rng: np.random.Generator, bands: np.ndarray) -> np.ndarray:
    """Return a random stretch of `CROP` windows, filled up with silence where the sound is shorter."""
    start = int(rng.integers(max(1, len(bands) - CROP + 1)))
    piece = bands[start : start + CROP]
    return np.asarray(np.pad(piece, ((0, CROP - len(piece)), (0, 0))))


def steady(rng: np.random.Generator, level: float) -> np.ndarray:
    """Return mel magnitudes (CROP, 64) of noise of some colour whose spectrum does not change."""
    tilt = np.linspace(0.3, 1.0, 64) ** rng.uniform(-2.0, 2.0)
    return np.asarray(level * tilt * rng.rayleigh(1.0, (CROP, 64)).astype(np.float32))


def augment(rng: np.random.Generator, clip: Clip, speech: list[Clip]) -> np.ndarray:
    """Return the spectrogram (CROP, 64) of a stretch, at a random level, in some noise, at times under speech.

    Sounds are added by their power, as if their phases were unrelated.
    """
    power = np.square(crop(rng, clip.bands) * 10 ** rng.uniform(-0.7, 0.3))
    if speech and clip.label != "speech" and rng.random() < TALKED_OVER:
        voice = speech[int(rng.integers(len(speech)))]
        power += np.square(crop(rng, voice.bands) * 10 ** rng.uniform(-0.7, 0.1))
    power += np.square(steady(rng, 10 ** rng.uniform(-4.0, -1.0)))
    return spectrogram(np.sqrt(power))


def blank(rng: np.random.Generator) -> np.ndarray:
    """Return the spectrogram of silence or of steady noise of some colour and level."""
    return spectrogram(steady(rng, 0.0 if rng.random() < 0.25 else 10 ** rng.uniform(-2.0, 1.0)))


def batches(rng: np.random.Generator, clips: list[Clip]) -> Iterator[tuple[np.ndarray, list[str], np.ndarray]]:
    """Yield an epoch: spectrograms (BATCH + BLANKS, 1, CROP, 64), captions, targets (BATCH, BATCH)."""
    order = rng.permutation(len(clips))
    speech = [clip for clip in clips if clip.label == "speech"]
    for start in range(0, len(order) - BATCH + 1, BATCH):
        chosen = [clips[index] for index in order[start : start + BATCH]]
        levels = [augment(rng, clip, speech) for clip in chosen] + [blank(rng) for _ in range(BLANKS)]
        labels = np.array([clip.label for clip in chosen])
        alike = (labels[:, None] == labels[None]).astype(np.float32)
        targets = (1 - SMOOTHING) * np.eye(BATCH, dtype=np.float32) + SMOOTHING * alike / alike.sum(1, keepdims=True)
        yield np.stack(levels)[:, None], [paraphrase(rng, clip) for clip in chosen], targets


def embed_texts(network: Any, texts: list[str]) -> torch.Tensor:
    """Return unit embeddings (n, 128) of texts."""
    import torch

    rows = [torch.tensor(clap_mini.tokens(text) or [0]) for text in texts]
    offsets = torch.tensor([0, *np.cumsum([len(row) for row in rows])[:-1]])
    bag, *rest = network["text"]
    vectors = bag(torch.cat(rows), offsets)
    for layer in rest:
        vectors = layer(vectors)
    return torch.nn.functional.normalize(vectors, dim=1)


def train(clips: list[Clip], epochs: int, seed: int) -> Any:
    """Return a trained network; symmetric cross-entropy of similarities (Radford et al., CLIP, ICML 2021)."""
    import torch
    from torch.nn.functional import log_softmax, normalize

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = clap_mini.build()
    sharpness = torch.nn.Parameter(torch.tensor(np.log(1 / 0.1), dtype=torch.float32))
    optimiser = torch.optim.AdamW([*network.parameters(), sharpness], lr=2e-3, weight_decay=1e-2)
    steps = epochs * (len(clips) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    for epoch in range(epochs):
        losses = []
        for levels, texts, wanted in batches(rng, clips):
            sounds = normalize(network["audio"](torch.from_numpy(levels)), dim=1)
            logits = embed_texts(network, texts) @ sounds.T * sharpness.exp().clamp(max=30.0)
            target = torch.from_numpy(wanted)
            # Captions choose among all sounds, blanks included; sounds choose among captions.
            by_text = -(target * log_softmax(logits, dim=1)[:, :BATCH]).sum(dim=1).mean()
            by_sound = -(target * log_softmax(logits[:, :BATCH].T, dim=1)).sum(dim=1).mean()
            loss = (by_text + by_sound) / 2
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        _log.info("epoch %d of %d: loss %.3f", epoch + 1, epochs, np.mean(losses))
    return network.eval()


def evaluate(network: Any, clips: list[Clip]) -> dict[str, float]:
    """Return how well held-out sounds and captions find each other.

    `class`: share of sounds whose nearest caption is of their class; `top10`: share of captions whose own sound is
    among the ten nearest of all; `own`, `other`, `silence`, `noise`: mean cosine of a caption with its own sound, with
    that of another class, with silence, and with white noise.
    """
    import torch
    from torch.nn.functional import normalize

    rng = np.random.default_rng(0)
    with torch.inference_mode():
        texts = embed_texts(network, [clip.caption for clip in clips])

        def embed(bands: np.ndarray) -> torch.Tensor:
            vector = network["audio"](torch.from_numpy(spectrogram(bands))[None, None])
            return normalize(vector, dim=1)[0]

        sounds = torch.stack([embed(clip.bands) for clip in clips])
        silence = embed(np.zeros((400, 64), np.float32))
        noise = embed(magnitudes(0.05 * rng.standard_normal(4 * clap_mini.RATE)))
        cosines = (texts @ sounds.T).numpy()
        labels = np.array([clip.label for clip in clips])
        other = labels[:, None] != labels[None]
        rank = (cosines > np.diag(cosines)[:, None]).sum(axis=1)
        return {
            "clips": float(len(clips)),
            "class": float((labels[cosines.argmax(axis=0)] == labels).mean()),
            "top10": float((rank < 10).mean()),
            "own": float(np.diag(cosines).mean()),
            "other": float(cosines[other].mean()),
            "silence": float((texts @ silence).mean()),
            "noise": float((texts @ noise).mean()),
        }


def main() -> None:
    """Train, write and report."""
    from safetensors.torch import save_file

    parser = argparse.ArgumentParser(description="train the encoder of clap_mini")
    parser.add_argument("--data", type=Path, required=True, help="training split of the mini benchmarks")
    parser.add_argument("--out", type=Path, required=True, help="safetensors file to write")
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    clips = load(options.data)
    held = clips[::HELD_OUT]
    network = train([clip for index, clip in enumerate(clips) if index % HELD_OUT], options.epochs, options.seed)
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, options.out)
    _log.info("%s", json.dumps({key: round(value, 3) for key, value in evaluate(network, held).items()}))


if __name__ == "__main__":
    main()
