"""The frame of every extractor that is a torch network: prepare one medium, forward its parts, finish its arrays.

A medium is cut into parts of one shape (patches, segments, crops, or one part for the whole). On a processor each
medium goes through the network alone, in portions that depend on it alone, so that its features are the same bits
whatever else is extracted. On a device, parts of several media of one shape share a batch, and the last digits may
depend on the other media of the batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.extractors.base import Arrays, ExtractorSpec, Source, computed_fast, computed_on
from vsseval.records import FAST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from torch import Tensor, nn


class Parts(NamedTuple):
    """What is made of one medium before the network."""

    tensor: Tensor
    """Shape (parts >= 1, ...), on the processor."""
    kind: str = "audio"
    """Which way through the network: parts of different kinds never share a batch."""


class NetworkExtractor(ABC):
    """Satisfies `Extractor` and `BatchExtractor`; torch and weights are loaded at the first use, never by a factory."""

    spec: ExtractorSpec
    batch_size = 8
    """Parts to a forward on a processor."""
    batch_size_on_device = 64
    """Parts to a forward on a device."""

    gains_by_half = False
    """Whether the network is computed in bfloat16 where speed is asked for (`--fast`): measured by
    `benchmarks/fast_recipes.py`, and what it hears or sees is prepared before `forward`, in full precision."""

    device = "cpu"

    def compute_fast(self) -> None:
        """Compute in bfloat16, before the first use, if this network is one that gains by it."""
        if self.gains_by_half:
            self.spec = computed_fast(self.spec)

    def on(self, device: str) -> None:
        """Choose where the network runs, before its first use."""
        self.device = device
        self.spec = computed_on(self.spec, device)

    @abstractmethod
    def build(self) -> nn.Module:
        """Return the network with its weights, on the processor.

        Raises:
            UsageError: the file of weights is of another network; the message names the keys.
            MissingExtra: a package is not installed.
        """

    @abstractmethod
    def prepare(self, source: Source) -> Parts:
        """Return the parts of one medium.

        Raises:
            Unmeasurable: the medium has no such feature; the message says why.
        """

    @abstractmethod
    def forward(self, parts: Tensor, kind: str) -> dict[str, Tensor]:
        """Return named outputs, each of shape (parts, ...), for parts on the network's device."""

    def finish(self, outputs: dict[str, np.ndarray]) -> Arrays:
        """Return the features of one medium from its parts' outputs, (parts, ...) each; by default as they are."""
        return outputs

    @cached_property
    def network(self) -> nn.Module:
        """The network, built at its first use."""
        built = self.build().eval().requires_grad_(requires_grad=False)
        if self.spec.precision == FAST:
            halve_matrices(built)
        return built.to(self.device)

    def extract(self, source: Source) -> Arrays:
        """Return the features of one medium.

        Raises:
            Unmeasurable: the medium has no such feature; the message says why.
        """
        (found,) = self.extract_many([source])
        if isinstance(found, Unmeasurable):
            raise found
        return found

    def extract_many(self, sources: Sequence[Source]) -> list[Arrays | Unmeasurable]:
        """Return the features of several media, or why one of them has none, in their order."""
        prepared = [_caught(self, source) for source in sources]
        together: dict[object, list[int]] = {}
        for place, parts in enumerate(prepared):
            if isinstance(parts, Parts):
                alone = place if self.device == "cpu" else None
                together.setdefault((parts.kind, parts.tensor.shape[1:], alone), []).append(place)
        found: list[Arrays | Unmeasurable | Parts] = [*prepared]
        for places in together.values():
            batch = [parts for parts in (prepared[place] for place in places) if isinstance(parts, Parts)]
            for place, outputs in zip(places, self._outputs(batch), strict=True):
                found[place] = _finished(self, outputs)
        return [one for one in found if not isinstance(one, Parts)]

    def _outputs(self, batch: Sequence[Parts]) -> Iterator[dict[str, np.ndarray]]:
        """Yield the outputs of each medium; all are of one kind and shape."""
        import torch

        parts = torch.cat([part.tensor for part in batch]) if len(batch) > 1 else batch[0].tensor
        step = self.batch_size if self.device == "cpu" else self.batch_size_on_device
        with torch.inference_mode(), full_precision(), arithmetic(self.spec):
            portions = [self.forward(part.to(self.device), batch[0].kind) for part in torch.split(parts, step)]
        outputs = {name: _joined([portion[name] for portion in portions]) for name in portions[0]}
        start = 0
        for medium in batch:
            stop = start + len(medium.tensor)
            yield {name: value[start:stop] for name, value in outputs.items()}
            start = stop


def halve_matrices(network: nn.Module) -> None:
    """Keep the weights of linear layers and convolutions in bfloat16, so that no forward has to round them."""
    import torch
    from torch import nn

    for part in network.modules():
        if isinstance(part, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d):
            part.to(torch.bfloat16)


def arithmetic(spec: ExtractorSpec) -> torch.autocast:
    """Return the precision of a declaration, for a `with`: of matrices and convolutions; sums stay in float32."""
    import torch

    return torch.autocast(spec.device, torch.bfloat16, enabled=spec.precision == FAST, cache_enabled=False)


@contextmanager
def full_precision() -> Iterator[None]:
    """Keep convolutions on a device in float32: a score of the same clip must not depend on the kind of device.

    cuDNN stays on, which `flags` would turn off by its own default.
    """
    from torch.backends import cudnn

    with cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        yield


def _caught(extractor: NetworkExtractor, source: Source) -> Parts | Unmeasurable:
    try:
        return extractor.prepare(source)
    except Unmeasurable as reason:
        return reason


def _finished(extractor: NetworkExtractor, outputs: dict[str, np.ndarray]) -> Arrays | Unmeasurable:
    try:
        return extractor.finish(outputs)
    except Unmeasurable as reason:
        return reason


def _joined(portions: Sequence[torch.Tensor]) -> np.ndarray:
    import torch

    joined = torch.cat([*portions])
    return np.asarray((joined.float() if joined.dtype == torch.bfloat16 else joined).cpu().numpy())
