"""Parts of a repository of transformers, from its files alone: a file that is missing is an error, never a default."""

from __future__ import annotations

from typing import Any

from vsseval.errors import UsageError
from vsseval.weights.find import Weights

_FEWEST_TOKENS = 1000
"""A tokenizer of fewer is one that was made of nothing: every published one has more than 50 000."""
_PROBE = " the quick brown fox"


def load_part(kind: Any, weights: Weights, name: str, who: str) -> Any:
    """Return a configuration or front end, read from a file of a set of weights.

    Args:
        kind: a class of transformers with `from_pretrained`.
        weights: the repository.
        name: the file that it is read from. Without it transformers 5 would take its own defaults.
        who: the extractor, for the message.

    Raises:
        UsageError: the file is missing or is not what its name says.
    """
    if not (weights.folder / name).is_file():
        raise unreadable(weights, name, who)
    try:
        return kind.from_pretrained(str(weights.folder), local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise unreadable(weights, name, who) from error


def tokenizer(kind: Any, weights: Weights, who: str) -> Any:
    """Return a tokenizer, once it has shown that it knows more than itself.

    Raises:
        UsageError: its files are missing or broken. transformers 5 makes an empty tokenizer of a missing file.
    """
    found = load_part(kind, weights, "tokenizer.json", who)
    if len(found) < _FEWEST_TOKENS or found.decode(found.encode(_PROBE, add_special_tokens=False)) != _PROBE:
        raise unreadable(weights, "tokenizer.json", who)
    return found


def unreadable(weights: Weights, name: str, who: str) -> UsageError:
    """Return the error for a file that is missing from a set of weights, or is not what its name says."""
    return UsageError(
        f"{who}: {weights.folder / name} is missing or is not what its name says. Get it anew with: "
        f"vsseval weights pull --again {weights.name}"
    )
