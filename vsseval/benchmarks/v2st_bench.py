"""V2ST-Bench, Foley-Omni's benchmark of whole soundtracks: announced, and not out when it was last looked for."""

from __future__ import annotations

from typing import NoReturn

from vsseval.errors import MissingData
from vsseval.types import BenchmarkCard

__all__ = ["v2st_bench"]

READ = "2026-11-29"
"""The day on which its makers' repository was last read."""


def v2st_bench(argument: str | None = None) -> NoReturn:
    """Say that there is nothing to load, and how its protocol is had on clips of one's own.

    Raises:
        MissingData: always.
    """
    del argument
    raise MissingData(
        f"V2ST-Bench is not out: its makers' repository (NJU-Speech/Foley-Omni at 8a1e05b, read {READ}) says "
        "`coming soon`. Clips of your own with transcript, caption and video are measured in its columns (CLAP, IB, "
        "WER, DeSync) by: "
        "vsseval run --model M --benchmark folder:DIR --metric clap_score@laion --metric ib_score@avbench "
        "--metric wer@whisper-tiny.en --metric desync@synchformer",
        BenchmarkCard(
            name="v2st_bench", version="0", task="joint", size=300, licence="not released",
            metrics=("clap_score@laion", "ib_score@avbench", "wer@whisper-tiny.en", "desync@synchformer"),
            citation="Foley-Omni, arXiv 2606.03672, 2026", inputs=("video", "caption", "transcript"),
            description="Speech, effects and music for a given video: 300 clips of 5 to 10 s, by the paper.",
        ),
    )  # fmt: skip
