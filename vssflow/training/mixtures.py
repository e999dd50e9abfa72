"""Mixtures of the small configuration: cached features and sounds of a speech clip and a sound clip, as one item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from torch import Tensor
from torch.nn import functional as F

from vsseval.errors import UsageError
from vssflow.small.audio import SAMPLES_PER_LATENT, LatentCodec, fit
from vssflow.training.data import Split
from vssflow.training.features import Item, sound_of
from vssflow.training.mixing import Clip, Mode, Rates, draw, mixed

PER_FRAME = Rates(scene=1, sync=1, lip=1, phones=1, sound=SAMPLES_PER_LATENT)
"""All streams of the small configuration share the clock of the latent: time is counted in its frames."""


@dataclass(frozen=True)
class Mixing:
    """How much is mixed, and in which ways."""

    modes: tuple[Mode, ...]
    share: float
    """Share of the clips of a batch that are replaced by mixtures."""


class Mixtures:
    """Draws mixtures of the training clips; the latent is that of the mixed waveform."""

    def __init__(
        self, split: Split, items: list[Item], learn: Sequence[int], codec: LatentCodec, mixing: Mixing
    ) -> None:
        self.split, self.items, self.codec, self.mixing = split, items, codec, mixing
        self.speech = [index for index in learn if split.rows[index].task == "vtts"]
        self.sound = [index for index in learn if split.rows[index].task == "v2s"]
        if not self.speech or not self.sound:
            raise UsageError(f"--mix needs clips of both tasks, v2s and vtts; {split.root} lacks one of them")
        self.speech_frames = [float(len(items[index]["phones"])) for index in self.speech]
        self.sound_frames = [float(len(items[index]["phones"])) for index in self.sound]

    def draw(self, random: Random) -> tuple[Item, int] | None:
        """Return a mixture and the index of its speech clip, or None where a clip is to stay as it is."""
        mix = draw(random, self.mixing.share, self.speech_frames, self.sound_frames, self.mixing.modes)
        if mix is None:
            return None
        index = self.speech[mix.speech]
        # whole frames: waveform and features then move by the same time
        mix = mix._replace(start=float(int(mix.start)))
        speech = self._clip(index, int(self.speech_frames[mix.speech]))
        sound = self._clip(self.sound[mix.sound], int(mix.seconds))
        return self._item(mixed(speech, sound, mix, self.speech_frames[mix.speech], PER_FRAME), int(mix.seconds)), index

    def _clip(self, index: int, frames: int) -> Clip:
        item = self.items[index]

        def padded(key: str) -> Tensor:
            return F.pad(item[key].float(), (0, 0, 0, frames - len(item[key])))

        return Clip(
            scene=padded("scene"),
            sync=padded("sync"),
            lip=item["lip"].float(),
            phones=item["phones"].long(),
            speaker=item["speaker"],
            sound=fit(sound_of(self.split.sound(self.split.rows[index])), frames * SAMPLES_PER_LATENT),
        )

    def _item(self, clip: Clip, frames: int) -> Item:
        lip, phones = clip.lip[:frames], clip.phones[:frames]
        return {
            "latent": self.codec.encode(clip.sound.unsqueeze(0))[0],
            "lip": F.pad(lip, (0, 0, 0, frames - len(lip))),
            "sync": clip.sync,
            "scene": clip.scene,
            "phones": F.pad(phones, (0, frames - len(phones))),
        }
