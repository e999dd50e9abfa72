"""Second stage: every clip becomes latents and conditions once, so that flow training reads no pictures."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from vssflow.small.audio import SAMPLES_PER_LATENT, fit
from vssflow.small.model import VSSFlow
from vssflow.small.phones import phone_frames
from vssflow.small.voice import describe
from vssflow.training.data import Row, Split
from vssflow.training.loop import Crew, save_atomically

CHUNK = 128
"""Clips in one file of features."""

Item = dict[str, Tensor]
"""latent (channels, T), lip, sync, scene (T, width), speaker (256,) in half precision; phones (T,) uint8."""


def fit_codec(model: VSSFlow, split: Split, clips: int = 600) -> None:
    """Learn the principal components from an even choice of clips."""
    stride = max(1, len(split.rows) // clips)
    blocks = []
    for row in split.rows[::stride]:
        mel = model.codec.mel(sound_of(split.arrays(row)["audio"]).unsqueeze(0))[0]
        blocks.append(mel.unflatten(0, (-1, 4)).flatten(1))
    model.codec.fit_components(torch.cat(blocks))


def sound_of(audio: object) -> Tensor:
    """16-bit samples to float, cut to whole latent frames."""
    samples = torch.as_tensor(audio).float() / 32768
    return fit(samples, round(len(samples) / SAMPLES_PER_LATENT) * SAMPLES_PER_LATENT)


@torch.no_grad()
def encode(model: VSSFlow, split: Split, row: Row) -> Item:
    """Latent and conditions of one clip."""
    arrays = split.arrays(row)
    sound = sound_of(arrays["audio"])
    frames = len(sound) // SAMPLES_PER_LATENT
    streams = model.vision(torch.from_numpy(arrays["frames"][:frames]).unsqueeze(0))
    return {
        "latent": model.codec.encode(sound.unsqueeze(0))[0].half(),
        "lip": streams.lip[0].half(),
        "sync": streams.sync[0].half(),
        "scene": streams.scene[0].half(),
        "phones": phone_frames(row.transcript, row.speech_window, frames).to(torch.uint8),
        # a clip's own description is a prompt for other clips of the same voice, never for itself
        "speaker": describe(sound, model.codec.mel).half() if row.task == "vtts" else torch.zeros(256).half(),
    }


def prepare(model: VSSFlow, split: Split, folder: Path, crew: Crew) -> list[Item]:
    """Encode the whole split, or read what an earlier call has written to `folder`.

    The clips are encoded in chunks, one file each; the processes of a crew share the chunks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.eval()
    chunks = [split.rows[first : first + CHUNK] for first in range(0, len(split.rows), CHUNK)]
    paths = [folder / f"{place:04d}.pt" for place in range(len(chunks))]
    for place in range(crew.rank, len(chunks), crew.size):
        if not paths[place].exists():
            save_atomically([encode(model, split, row) for row in chunks[place]], paths[place])
    crew.wait()
    return [item for path in paths for item in torch.load(path, weights_only=True)]
