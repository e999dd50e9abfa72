"""The pictures that models make themselves: taken from an output, kept in the run, and found there again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from vsseval import media
from vsseval.errors import Unmeasurable
from vsseval.stages.inputs import needs_of
from vsseval.store import atomic
from vsseval.types import Medium, Need

if TYPE_CHECKING:
    from pathlib import Path

    from vsseval.models.base import ModelOutput
    from vsseval.types import Generation, MetricSpec, ModelCard

__all__ = ["kept_picture", "picture_is_there", "sees_own_picture"]


def kept_picture(output: ModelOutput, card: ModelCard, target: Path, root: Path) -> Medium | msgspec.UnsetType:
    """Write the picture of an output, without sound, and return it; unset for a model that makes none.

    The stream is copied as it is, from the start of its container: there the sound begins too.

    Raises:
        Unmeasurable: the model makes pictures, and this output has none that can be read.
        EnvironmentFault: it cannot be written.
    """
    if card.own_picture is msgspec.UNSET:
        return msgspec.UNSET
    if output.picture is None:
        raise Unmeasurable("the model makes its own picture, and gave none for this clip")
    given = target.with_name(f"{target.stem}.given")
    atomic.write_bytes(given, output.picture, durable=False)
    try:
        media.mute(given, target)
    except Unmeasurable as reason:
        raise Unmeasurable(f"its own picture cannot be used: {str(reason).replace(given.name, 'the file')}") from reason
    finally:
        given.unlink(missing_ok=True)
    return Medium(path=target.relative_to(root), sha256=media.sha256(target))


def picture_is_there(line: Generation, root: Path) -> bool:
    """Return whether the picture of a clip is there, unaltered, or it has none.

    Raises:
        Unmeasurable: the file cannot be read.
    """
    picture = line.picture
    return picture is msgspec.UNSET or media.sha256(root / picture.path) == picture.sha256


def sees_own_picture(card: ModelCard, spec: MetricSpec) -> bool:
    """Return whether a metric looks at a picture that the model made itself."""
    looks = any(Need.VIDEO in needs_of(value) for value in spec.inputs.values())
    return card.own_picture is not msgspec.UNSET and looks
