"""Which network a file of weights belongs to, and of which size, told by the names of its tensors without torch."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from vsseval.errors import UsageError


class Part(NamedTuple):
    """A network in the authors' checkpoint."""

    name: str
    prefixes: tuple[str, ...]
    """What the names of its tensors begin with."""


TRAINED = (
    Part("the transformer", ("vaflow.",)),
    Part(
        "the projections of the conditions",
        ("cond_proj.", "ref_proj.", "synch_proj.", "lip_proj.", "phone_embedding."),
    ),
)
FROZEN = (
    Part("CLIP's vision tower", ("image_encoder.",)),
    Part("the mel VAE", ("vae.",)),
    Part("the vocoder", ("vocoder.",)),
)
"""Others trained them; Lightning keeps them in the same file."""
SIZES = {5: "half", 10: "full", 15: "one and a half"}
"""Blocks of the transformers that the authors trained."""
_BLOCK = re.compile(r"vaflow\.transformer_blocks\.(\d+)\.")


def is_reference(keys: Collection[str]) -> bool:
    """Whether any tensor belongs to VSSFlow's transformer."""
    return any(key.startswith("vaflow.") for key in keys)


def blocks(keys: Collection[str]) -> int:
    """Depth of the transformer whose tensors have these names: one more than the highest number of a block."""
    return 1 + max((int(match[1]) for key in keys if (match := _BLOCK.match(key))), default=-1)


def require_parts(path: Path, keys: Collection[str]) -> None:
    """See to it that every network of the reference configuration is in a checkpoint.

    Raises:
        UsageError: one has no tensor there; the message names all that are missing.
    """
    absent = [part for part in (*TRAINED, *FROZEN) if not any(key.startswith(part.prefixes) for key in keys)]
    if not absent:
        return
    named = ", ".join(f"{part.name} ({' '.join(f'{prefix}*' for prefix in part.prefixes)})" for part in absent)
    what = f"{path} cannot be loaded: {named} {'is' if len(absent) == 1 else 'are'} missing"
    if absent == [*FROZEN]:
        raise UsageError(
            f"{what}: it holds the trained part only; the authors' training writes all of them into one checkpoint"
        )
    raise UsageError(f"{what}; a checkpoint of the authors' training is needed")
