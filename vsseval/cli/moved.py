"""The option of verbs that read runs whose clips were moved since: `--data-root OLD=NEW`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vsseval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["moved_option", "relocations"]

moved_option = click.option(
    "--data-root", "moved", multiple=True, metavar="OLD=NEW",
    help="Clips of folder:OLD lie in NEW now; a beginning of the path will do; repeatable.",
)  # fmt: skip


def relocations(given: Sequence[str]) -> dict[str, str]:
    """Return the new beginning of a path by its old one.

    Raises:
        UsageError: one of them is not written as OLD=NEW.
    """
    found = {}
    for text in given:
        old, equals, new = text.partition("=")
        if not (old and equals and new):
            raise UsageError(f"--data-root {text}: write the old place and the new one as --data-root OLD=NEW")
        found[old] = new
    return found
