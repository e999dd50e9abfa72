"""Networks built without initial weights, for those that are loaded from a file next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class SkipInitialWeights(TorchFunctionMode):
    """Within it, networks are built without initial weights: for those that are loaded from a file next.

    Nothing is drawn, and memory that is never written to is never taken. (The meta device would do as well, but its
    first use imports two thousand modules.)

    >>> with Unfilled():
    ...     network = nn.Linear(1000, 1000)
    >>> network.load_state_dict(read_state_dict(path), assign=True)
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        _types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Leave a tensor as it is where `torch.nn.init` would fill it; call anything else."""
        options = kwargs or {}
        if getattr(func, "__module__", None) == torch.nn.init.__name__:
            return options["tensor"] if "tensor" in options else args[0]
        return func(*args, **options)
