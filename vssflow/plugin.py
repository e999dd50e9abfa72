"""VSSFlow as a model of vsseval: the only file that knows both."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.errors import EnvironmentFault, Unmeasurable, UsageError
from vsseval.media import load_audio
from vsseval.models.base import ModelCard, ModelOptions, Request, Take

if TYPE_CHECKING:
    from vssflow.prompt import Prompt
    from vssflow.small.model import VSSFlow

SHIPPED = "vssflow-small.safetensors"


def create(options: ModelOptions) -> VSSFlowModel:
    """Name the weights and hash them; the network itself is loaded at the first request.

    Raises:
        UsageError: the checkpoint does not exist.
    """
    path = options.checkpoint or Path(str(resources.files("vssflow") / "weights" / SHIPPED))
    if not path.is_file():
        if options.checkpoint is None:
            raise EnvironmentFault(f"the weights that ship with vssflow are gone: {path}; reinstall with pip")
        raise UsageError(f"--checkpoint {path}: no such file")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return VSSFlowModel(path, digest, own=options.checkpoint is None)


class VSSFlowModel:
    """Generates clip by clip: what else is in a shard never changes a clip, to the last bit."""

    def __init__(self, path: Path, digest: str, *, own: bool) -> None:
        self.path = path
        note = (
            "the small configuration that ships with vssflow, trained on rendered clips by `vssflow train`; "
            "not the authors' checkpoint"
        )
        self.card = ModelCard(
            name="vssflow",
            version="small-1" if own else path.stem,
            tasks=("v2s", "vtts", "joint", "tts"),
            weights=digest,
            licence="Apache-2.0",
            note=note if own else f"weights {path.name}",
        )
        self._network: VSSFlow | None = None

    def generate(self, requests: Sequence[Request]) -> Iterator[Take]:
        """Yield one take per request."""
        from vssflow.prompt import SAMPLE_RATE

        for request in requests:
            try:
                sound = self.network().generate(prompt_of(request), seed=request.seed)
            except Unmeasurable as reason:
                yield Take(request.id, None, SAMPLE_RATE, str(reason))
                continue
            samples = round(request.duration * SAMPLE_RATE)
            yield Take(request.id, sound[:samples].numpy(), SAMPLE_RATE)

    def network(self) -> VSSFlow:
        """Load the network once."""
        if self._network is None:
            from safetensors import SafetensorError

            from vssflow.small.model import VSSFlow

            try:
                self._network = VSSFlow.load(self.path)
            except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError, OSError) as error:
                raise UsageError(f"{self.path} cannot be loaded: {error}") from error
        return self._network


def prompt_of(request: Request) -> Prompt:
    """Say what the model is given: the video's path, and the voice at 16 kHz."""
    import torch

    from vssflow.prompt import SAMPLE_RATE, Prompt

    voice = None
    if request.speaker_prompt is not None:
        voice = torch.from_numpy(load_audio(request.speaker_prompt.path).mono(SAMPLE_RATE))
    return Prompt(
        seconds=request.duration,
        video=request.video.path if request.video is not None else None,
        transcript=request.transcript,
        speech_window=request.speech_window,
        voice=voice,
    )
