"""Turns files of runs and benchmarks into links from where the report lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.report.clips import Clips
    from vsseval.store.record import LoadedRun
    from vsseval.types import Medium, Sample


def link(path: Path, folder: Path) -> str:
    """Return the address of a file: relative to a folder, so that both may be moved together."""
    try:
        return quote(Path(os.path.relpath(path, folder)).as_posix())
    except ValueError:  # on another drive
        return path.resolve().as_uri()


def links(clips: Clips, ids: Sequence[str], samples: Mapping[str, Sample], folder: Path) -> dict[str, Any]:
    """Return where the media of each clip lie.

    Args:
        clips: of the runs of one table.
        ids: every clip, in the order of the page.
        samples: by clip id, where they are at hand.
        folder: of the report.

    Returns:
        `folders` and `files`, for each system: an address that all its sounds begin with, and place of the clip ->
        the rest of it; `videos`: place of the clip -> address, first second, seconds.
    """
    places = {clip: place for place, clip in enumerate(ids)}
    # An address whose first part holds a colon would be taken for a scheme.
    return {
        "folders": [f"{_led(link(run.path.resolve(), folder))}/" for run in clips.in_order],
        "files": [_files(clips, run, places) for run in clips.in_order],
        "videos": {
            places[clip]: _place(sample.video, folder) for clip, sample in samples.items()
            if sample.video is not None and clip in places
        },
    }  # fmt: skip


def _led(address: str) -> str:
    return address if address.startswith((".", "/", "file:")) else f"./{address}"


def _files(clips: Clips, run: LoadedRun, places: Mapping[str, int]) -> dict[int, str]:
    return {
        places[clip]: quote(line.path.as_posix())
        for clip, line in clips.journal(run).items() if line.status == "ok" and line.path is not None
    }  # fmt: skip


def _place(medium: Medium, folder: Path) -> list[object]:
    return [_led(link(medium.path.resolve(), folder)), medium.start, medium.seconds]
