"""VSSFlow (arXiv 2509.24773): sound and speech for silent video, by one flow-matching transformer.

>>> model = VSSFlow.load(Path("weights.safetensors"))
>>> sound = model.generate(Prompt(seconds=4.0, video=Path("clip.mp4"), transcript="hello there"), seed=0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vssflow.prompt import Prompt
    from vssflow.small.model import VSSFlow

__all__ = ["Prompt", "VSSFlow"]


def __getattr__(name: str) -> Any:
    """Load torch only when the model is asked for."""
    if name in __all__:
        from vssflow import prompt
        from vssflow.small import model

        return getattr(prompt if name == "Prompt" else model, name)
    raise AttributeError(f"module 'vssflow' has no attribute {name!r}")
