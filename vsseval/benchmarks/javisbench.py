"""JavisBench: texts for sounding videos, by scenario (JavisDiT). Systems make sound and picture; nothing is given."""

from __future__ import annotations

from collections.abc import Sequence

from vsseval.datasets import clip_lists
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import NO_REFERENCE
from vsseval.errors import UsageError

__all__ = ["SCENARIOS", "javisbench"]

SCENARIOS = ("natural", "urban", "living", "industrial", "virtual")
"""The first of five aspects, the only one of which each clip has one value, by the numbers of the column `cat0_ind`."""


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return a prompt for each row, called `sample_0000` and so on by its place, as JavisBench calls files.

    Raises:
        UsageError: a row has no text, or a scenario that there is not.
    """
    entries, faults = [], []
    for place, (line, row) in enumerate(clip_lists.csv_rows(source.list, ("text",))):
        scenario = row.get("cat0_ind", "")
        if not row["text"]:
            faults.append(f"line {line}: no text")
        elif scenario and not (scenario.isdecimal() and int(scenario) < len(SCENARIOS)):
            faults.append(f"line {line}: {scenario!r} is no number of a scenario, 0 to {len(SCENARIOS) - 1}")
        else:
            name = f"sample_{place:04d}"
            subset = SCENARIOS[int(scenario)] if scenario else ""
            entries.append(ClipEntry(id=name, cluster=name, caption=row["text"], subset=subset))
    if faults:
        raise UsageError(f"{source.list.path}: " + "; ".join(faults[:20]))
    return entries


def _variant(name: str, file: str, size: int) -> Variant:
    page = "https://huggingface.co/datasets/JavisVerse/JavisBench"
    return Variant(
        name=name, description="Texts alone, 4 s each.", size=size, seconds=4.0, pin=Pin(names=(file,), url=page)
    )


javisbench = Dataset(
    name="javisbench",
    task="joint",
    description="Texts for sounding videos in five scenarios, of existing benchmarks and of videos of 2024.",
    licence="MIT",
    citation="Liu et al., JavisDiT: Joint Audio-Video Diffusion Transformer with Hierarchical Spatio-Temporal Prior "
    "Synchronization, 2025, arXiv 2503.23377",
    home="https://huggingface.co/datasets/JavisVerse/JavisBench",
    layout="JavisBench.csv and JavisBench-mini.csv",
    list_clips=list_clips,
    prompts=True,
    variants=(_variant("full", "JavisBench.csv", 10_140), _variant("mini", "JavisBench-mini.csv", 1_000)),
    metrics=(
        *NO_REFERENCE, "aes_mean@javisbench", "ib_ta@javisbench", "ib_score@javisbench", "avh_score@javisbench",
        "javis_score@javisbench", "av_align@javisbench", "desync@javisbench",
    ),
    profile="javisbench",
    protocol="JavisBench at 4 s (--max_audio_len_s 4.0). Its CLAP and ImageBind scores of sound take the column "
    "`audio_text` where the list has one; here the caption is `text`, which systems are given. FVD, KVD, FAD (by "
    "AudioCLIP, on published features), CAVP and the rewards of pictures are not copied.",
    inputs=("caption",),
    known_losses="Recordings are not released: metrics against a reference do not apply.",
)  # fmt: skip
