"""Second stage: every clip becomes latents and conditions once, so that flow training reads no pictures."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from vssflow.small.audio import LATENT_RATE, SAMPLES_PER_LATENT, fit, frames_of
from vssflow.small.model import VSSFlow
from vssflow.small.phones import BLANK, IDS, ROWS, phone_frames
from vssflow.small.scenes import gist
from vssflow.small.voice import voice_vector
from vssflow.training.data import Row, Split
from vssflow.training.landmarks import imitated, speech_frames
from vssflow.training.loop import ProcessGroup, save_atomically

FLITE = {name.lower(): place for name, place in IDS.items()} | {
    "ax": IDS["AH"], "ix": IDS["IH"], "axr": IDS["ER"], "dx": IDS["T"], "nx": IDS["N"], "em": IDS["M"], "en": IDS["N"],
    "el": IDS["L"], "hv": IDS["HH"], "pau": BLANK,
}  # fmt: skip
"""Phones of the synthesiser as ids."""
SHORTEST = 10
"""Frames of the shortest piece of a clip from which a scene is learnt to be known."""
CHUNK = 128
"""Clips in one file of features."""

Item = dict[str, Tensor]
"""latent (channels, T), lip, sync, scene (T, width), speaker (256,) in half precision; phones and phones_blind (T,)
uint8, the latter laid without the help of the lips. Of clips that speak also lip_measured and phones_measured: the same
by the curves of the mouth alone, as landmarks would give them."""


def fit_codec(model: VSSFlow, split: Split, clips: int = 600) -> None:
    """Learn the principal components from an even choice of clips."""
    stride = max(1, len(split.rows) // clips)
    blocks = []
    for row in split.rows[::stride]:
        mel = model.codec.mel(sound_of(split.arrays(row)["audio"]).unsqueeze(0))[0]
        blocks.append(mel.unflatten(0, (-1, 4)).flatten(1))
    model.codec.fit_components(torch.cat(blocks))


def fit_phones(model: VSSFlow, split: Split) -> None:
    """Learn how long phones last, and how often they are seen, from the times of the split's clips."""
    counts, sums, logs = (torch.zeros(ROWS) for _ in range(3))
    for row in split.rows:
        frames = label_phones(row, frames_of(row.seconds))
        counts += torch.bincount(frames, minlength=ROWS)
        for name, start, end in row.phones:
            place = FLITE.get(name, BLANK)
            sums[place] += 1
            logs[place] += math.log(max(0.02, end - start) * LATENT_RATE)
    model.phone_durations.copy_(logs / sums.clamp_min(1))
    model.phone_shares.copy_(((counts + 1) / (counts + 1).sum()).log())


def label_phones(row: Row, frames: int) -> Tensor:
    """Id of the phone that is said in the middle of each latent frame: (frames,), 0 where there is no speech."""
    ids = torch.zeros(frames, dtype=torch.long)
    for name, start, end in row.phones:
        first, last = (min(frames, max(0, round(second * LATENT_RATE))) for second in (start, end))
        ids[first:last] = FLITE.get(name, BLANK)
    return ids


def sound_of(audio: object) -> Tensor:
    """16-bit samples to float, cut to whole latent frames."""
    samples = torch.as_tensor(audio).float() / 32768
    return fit(samples, round(len(samples) / SAMPLES_PER_LATENT) * SAMPLES_PER_LATENT)


def fit_scenes(model: VSSFlow, items: Sequence[Item], split: Split) -> None:
    """Learn which scenes are known: each class alone, and each with somebody who speaks in it; whole and in part."""
    places = {label: place for place, label in enumerate(split.labels())}
    classes = [2 * places[row.label or "speech"] + (row.voice is not None) for row in split.rows]
    generator = torch.Generator().manual_seed(0)
    scenes = [item["scene"].float() for item in items]
    gists = [gist(scene) for scene in (*scenes, *(part(scene, generator) for scene in scenes))]
    model.scenes.learn(torch.stack(gists), torch.tensor(classes + classes))


def part(frames: Tensor, generator: torch.Generator) -> Tensor:
    """Cut a piece of any length from `SHORTEST` frames on out of (frames, width)."""
    least = min(SHORTEST, len(frames))
    length = int(torch.randint(least, len(frames) + 1, (), generator=generator))
    start = int(torch.randint(0, len(frames) - length + 1, (), generator=generator))
    return frames[start : start + length]


@torch.no_grad()
def encode(model: VSSFlow, split: Split, row: Row) -> Item:
    """Latent and conditions of one clip."""
    arrays = split.arrays(row)
    sound = sound_of(arrays["audio"])
    frames = len(sound) // SAMPLES_PER_LATENT
    streams = model.vision(torch.from_numpy(arrays["frames"][:frames]).unsqueeze(0))

    def laid(lip: Tensor, *, seen: bool = True) -> Tensor:
        lips = model.read_lips(lip, seen=seen)
        return phone_frames(row.transcript, row.speech_window, frames, lips).to(torch.uint8)

    by_curves: Item = {}
    if row.voice is not None:
        generator = torch.Generator().manual_seed(zlib.crc32(row.id.encode()))
        curves = imitated(torch.from_numpy(arrays["mouth"][:frames]), generator, speech_frames(row))
        lip = model.mouth(curves.unsqueeze(0))[0]
        by_curves = {"lip_measured": lip.half(), "phones_measured": laid(lip)}
    return by_curves | {
        "latent": model.codec.encode(sound.unsqueeze(0))[0].half(),
        "lip": streams.lip[0].half(),
        "sync": streams.sync[0].half(),
        "scene": streams.scene[0].half(),
        "phones": laid(streams.lip[0]),
        "phones_blind": laid(streams.lip[0], seen=False),
        # a clip's own description is a prompt for other clips of the same voice, never for itself
        "speaker": voice_vector(sound, model.codec.mel).half() if row.task == "vtts" else torch.zeros(256).half(),
    }


def prepare(model: VSSFlow, split: Split, folder: Path, processes: ProcessGroup) -> list[Item]:
    """Encode the whole split, or read what an earlier call has written to `folder`.

    The clips are encoded in chunks, one file each; the processes of a process group share the chunks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.eval()
    chunks = [split.rows[first : first + CHUNK] for first in range(0, len(split.rows), CHUNK)]
    paths = [folder / f"{place:04d}.pt" for place in range(len(chunks))]
    for place in range(processes.rank, len(chunks), processes.size):
        if not paths[place].exists():
            save_atomically([encode(model, split, row) for row in chunks[place]], paths[place])
    processes.wait()
    return [item for path in paths for item in torch.load(path, weights_only=True)]
