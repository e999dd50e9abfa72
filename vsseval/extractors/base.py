"""What an extractor is: the owner of a network (or of signal processing) that turns one medium into arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec
import numpy as np

from vsseval.errors import Unmeasurable
from vsseval.media import Audio, Video
from vsseval.records import FAST
from vsseval.types import ExtractorSpec

if TYPE_CHECKING:
    from typing_extensions import TypeIs

Arrays = Mapping[str, np.ndarray]
"""Named arrays; a text is a zero-dimensional array of dtype str. Never objects: they are stored as .npz."""

Source = Audio | Video | str
"""What is handed to an extractor: decoded once, whatever the number of extractors that read it."""

__all__ = [
    "AnyExtractor",
    "Arrays",
    "Audio",
    "BatchExtractor",
    "Extractor",
    "ExtractorSpec",
    "PairExtractor",
    "Source",
    "Unmeasurable",
    "Video",
    "computed_fast",
    "computed_on",
    "is_pair",
    "sound",
]


def sound(source: Source, who: str) -> Audio:
    """Return the source if it is sound; anything else is a fault of the program.

    Args:
        source: what an extractor was handed.
        who: the extractor, for the message.

    Raises:
        TypeError: it is a video or a text.
    """
    if not isinstance(source, Audio):
        raise TypeError(f"{who} takes audio, not {type(source).__name__}")
    return source


class Extractor(Protocol):
    """Built once per process, from its row (`vsseval.recipes.ExtractorVariant`)."""

    spec: ExtractorSpec

    def extract(self, source: Source) -> Arrays:
        """Return the features of one medium.

        Must be a function of the medium alone: nothing is carried over from one call to the next.

        Raises:
            Unmeasurable: the medium has no such feature; the message says why ("silent", "shorter than 0.4 s").
        """
        ...


class PairExtractor(Protocol):
    """What puts the features of two media together; its spec takes features of `source_extractor`."""

    spec: ExtractorSpec

    def combine(self, first: Arrays, second: Arrays, /) -> Arrays:
        """Return the features of a pair of media.

        Args:
            first: what `spec.source_extractor` made of one medium.
            second: what it made of the other.

        Raises:
            Unmeasurable: the pair has no such feature; the message says why.
        """
        ...


AnyExtractor = Extractor | PairExtractor


def is_pair(extractor: AnyExtractor) -> TypeIs[PairExtractor]:
    """Return whether an extractor puts features of two media together, as its declaration says."""
    return extractor.spec.source_extractor is not None


def computed_on(spec: ExtractorSpec, device: str, precision: str = "float32") -> ExtractorSpec:
    """Return the declaration of an extractor whose network runs on a device ("cuda:1") in some precision."""
    return msgspec.structs.replace(spec, device=device.partition(":")[0], precision=precision)


def computed_fast(spec: ExtractorSpec) -> ExtractorSpec:
    """Return the declaration of an extractor whose network computes in bfloat16, wherever it runs."""
    return msgspec.structs.replace(spec, precision=FAST)


@runtime_checkable
class BatchExtractor(Protocol):
    """What an extractor may offer besides, where it runs on a device: many media at once (`extractors.network`)."""

    def on(self, device: str) -> None:
        """Choose where the network runs ("cpu", "cuda", "cuda:1"), before its first use.

        The `spec` has to say so from then on (`computed_on`): it is part of the key of every feature.
        """
        ...

    def extract_many(self, sources: Sequence[Source]) -> list[Arrays | Unmeasurable]:
        """Return the features of several media, or why one of them has none, in their order."""
        ...
