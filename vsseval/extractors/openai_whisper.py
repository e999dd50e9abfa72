"""Speech to the words that openai-whisper's own decoder hears: the recogniser of ESPnet's and StyleDubber's scripts.

Radford et al., "Robust speech recognition via large-scale weak supervision", 2022, section 4.5. Windows of 30 s follow
each other by predicted time stamps, so that all of the sound is heard. A window whose text is too repetitive or too
unlikely is decoded again at temperatures 0.2 to 1.0, by sampling: the generator is seeded anew for each sound, so that
its text does not depend on what was heard before; with another seed it may differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from vsseval.errors import Unmeasurable, UsageError
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, computed_on, sound
from vsseval.extractors.speech import RATE, decoded
from vsseval.networks.optional_packages import import_offline
from vsseval.networks.state_dict import fill_network
from vsseval.weights.find import Weights

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

HALF = "float16"
"""What the package computes in on CUDA."""
SEED = 0
"""Of the sampling at fallback temperatures."""
Size = Literal["base", "large_v2", "large_v3"]


class OpenAIWhisper:
    """Satisfies `Extractor` and `BatchExtractor`; one size of Whisper."""

    def __init__(self, weights: Weights, size: str, *, detect: bool) -> None:
        """Declare; nothing is loaded before the first utterance.

        Args:
            weights: a checkpoint of openai-whisper, one .pt file.
            size: "base", "large_v3", ….
            detect: let Whisper guess the language from the sound, and decode greedily (StyleDubber calls it so);
                otherwise English, by a beam of one (ESPnet's evaluate_asr.sh).
        """
        self._weights = weights
        self._options: dict[str, Any] = {} if detect else {"language": "en", "task": "transcribe", "beam_size": 1}
        self.device = "cpu"
        how = "language detected" if detect else "English, beam 1"
        self.spec = ExtractorSpec(
            name=f"openai_whisper_{size}" + ("_detect" if detect else ""),
            version="1",
            input_kinds=("audio",),
            sample_rate=RATE,
            weights=weights.sha256,
            licence="MIT",
            description=f"words heard by openai-whisper {size.replace('_', '-')} ({how}, fallback temperatures 0 to 1 "
            f"with seed {SEED}, half precision on CUDA)",
        )

    def on(self, device: str) -> None:
        """Choose where the network runs, before its first use."""
        self.device = device
        self.spec = computed_on(self.spec, device, HALF if device.startswith("cuda") else "float32")

    @cached_property
    def network(self) -> Any:
        """The network, built at its first use."""
        package = import_offline("whisper", self.spec.name, "openai-whisper")
        from vsseval.networks.skip_initial_weights import SkipInitialWeights

        file = self._weights.file()
        dimensions, state = _checkpoint(file, package, self.spec.name)

        def built() -> nn.Module:
            with SkipInitialWeights():
                network: nn.Module = package.model.Whisper(dimensions)
            return network

        network = fill_network(built, state, file, self.spec.name)
        return network.eval().requires_grad_(requires_grad=False).to(self.device)

    def extract(self, source: Source) -> Arrays:
        """Return `text`, str (), as Whisper wrote it.

        Raises:
            Unmeasurable: the audio holds no samples.
            UsageError: the file of weights is of another network.
            MissingExtra: openai-whisper is not installed.
        """
        samples = decoded(sound(source, self.spec.name))
        if samples.size == 0:
            raise Unmeasurable("the audio holds no samples")
        import torch

        network = self.network
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(SEED)
            # A dictionary of its own: the decoder writes into it.
            found = network.transcribe(samples, fp16=self.spec.precision == HALF, **dict(self._options))
        return {"text": np.asarray(found["text"])}

    def extract_many(self, sources: Sequence[Source]) -> list[Arrays | Unmeasurable]:
        """Return the texts of several sounds, one after the other, or why one has none."""
        found: list[Arrays | Unmeasurable] = []
        for source in sources:
            try:
                found.append(self.extract(source))
            except Unmeasurable as reason:
                found.append(reason)
        return found


def _checkpoint(file: Path, package: Any, who: str) -> tuple[Any, dict[str, Tensor]]:
    """Return the sizes of the network that a checkpoint names, and its tensors; nothing in it is executed."""
    import torch

    try:
        found = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
        return package.model.ModelDimensions(**found["dims"]), found["model_state_dict"]
    except Exception as error:  # torch raises whatever its reader stumbles over
        raise UsageError(
            f"{file} does not hold the weights of {who}: it is no checkpoint of openai-whisper with its dimensions"
        ) from error
