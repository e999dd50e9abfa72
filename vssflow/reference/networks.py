"""The networks of the reference configuration, each loaded when it is first used, and kept until it is released."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import nn

from vsseval.networks.clip import ClipVision
from vsseval.networks.frozen_clip import FrozenClip
from vsseval.networks.frozen_synchformer import FrozenSynchformer
from vsseval.networks.rawnet3 import RawNet3, load_rawnet3
from vsseval.networks.synchformer_vision import SynchformerVision, load_synchformer
from vssflow.conditions import ConditionAssembly
from vssflow.dit import DiT
from vssflow.reference.checkpoint import ReferenceParts, load_checkpoint
from vssflow.reference.files import WeightFiles
from vssflow.reference.vae import MelVAE
from vssflow.reference.vocoder import HifiGan

FRONT_ENDS = ("clip", "synchformer", "rawnet3")
DECODERS = ("vae", "vocoder")


class Networks:
    """Loads each network once, and keeps it on one device until it is released."""

    def __init__(self, files: WeightFiles, device: torch.device | str = "cpu", *, half: bool = False) -> None:
        """Name the files; nothing is read yet.

        Args:
            files: of weights.
            device: where networks run.
            half: on a processor, keep the matrices of both vision networks and of the sampler in bfloat16. Whether
                it multiplies in it is for `vssflow.reference.card.halved` to say.
        """
        self.files = files
        self.device = torch.device(device)
        self.half = half and self.device.type == "cpu"
        self._kept: dict[str, nn.Module] = {}
        self._parts: ReferenceParts | None = None

    @property
    def dit(self) -> DiT:
        """The transformer."""
        return cast("DiT", self._get("dit", lambda: self._checkpoint().dit))

    @property
    def conditions(self) -> ConditionAssembly:
        """The projections of the conditions."""
        return cast("ConditionAssembly", self._get("conditions", lambda: self._checkpoint().conditions))

    @property
    def clip(self) -> ClipVision | FrozenClip:
        """CLIP's vision tower; on a processor in the layout that it multiplies quickest."""
        if self.device.type != "cpu":
            return cast("ClipVision", self._get("clip", lambda: self._checkpoint().clip))
        return cast("FrozenClip", self._get("clip", lambda: FrozenClip(self._checkpoint().clip, dtype=self._dtype)))

    @property
    def vae(self) -> MelVAE:
        """The mel VAE."""
        return cast("MelVAE", self._get("vae", lambda: self._checkpoint().vae))

    @property
    def vocoder(self) -> HifiGan:
        """The vocoder."""
        return cast("HifiGan", self._get("vocoder", lambda: self._checkpoint().vocoder))

    @property
    def synchformer(self) -> SynchformerVision | FrozenSynchformer | None:
        """Synchformer's visual encoder, as `clip`; None where there are no weights of it."""
        path = self.files.synchformer
        if path is None:
            return None
        if self.device.type != "cpu":
            return cast("SynchformerVision", self._get("synchformer", lambda: load_synchformer(path)))
        return cast(
            "FrozenSynchformer",
            self._get("synchformer", lambda: FrozenSynchformer(load_synchformer(path), dtype=self._dtype)),
        )

    @property
    def rawnet3(self) -> RawNet3 | None:
        """The speaker encoder; None where there are no weights of it."""
        path = self.files.rawnet3
        if path is None:
            return None
        return cast("RawNet3", self._get("rawnet3", lambda: load_rawnet3(path)))

    def load(self) -> None:
        """Open every file now, so that a faulty one is reported before any work is done.

        Raises:
            UsageError: a file is damaged, or holds another network.
        """
        for name in ("dit", "synchformer", "rawnet3"):
            getattr(self, name)

    def release(self, *names: str) -> None:
        """Let go of networks; they are loaded again when they are used again."""
        for name in names:
            self._kept.pop(name, None)
        self._parts = None

    @property
    def _dtype(self) -> torch.dtype:
        return torch.bfloat16 if self.half else torch.float32

    def _get(self, name: str, load: Callable[[], nn.Module]) -> nn.Module:
        if name not in self._kept:
            self._kept[name] = load().to(self.device).eval()
        return self._kept[name]

    def _checkpoint(self) -> ReferenceParts:
        # weights lie on the file until they are used, so that what nobody asks for costs nothing
        if self._parts is None:
            self._parts = load_checkpoint(self.files.checkpoint)
        return self._parts
