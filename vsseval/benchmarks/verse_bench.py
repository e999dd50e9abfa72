"""Verse-Bench: prompts for sound and picture together, with speech in its third set (UniVerse-1)."""

from __future__ import annotations

from collections.abc import Sequence

from vsseval.datasets import metadata_table
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import LIPS, NO_REFERENCE

__all__ = ["verse_bench"]


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return a clip for every row of the table, or without one for every video; no sound beside them is a reference.

    Raises:
        UsageError: the list is no table of clips.
    """
    if source.listed is not None:
        return metadata_table.entries(source, own_sound=False)
    stems = dict.fromkeys(path.stem for path in source.tree.media("video"))
    found = {stem: source.tree.stem("video", stem) for stem in stems}
    return [
        ClipEntry(id=stem, cluster=stem, video=one.path, problem=one.problem) for stem, one in sorted(found.items())
    ]  # fmt: skip


verse_bench = Dataset(
    name="verse_bench",
    task="joint",
    description="Prompts for sounding videos: 205 and 295 of events, 100 of speech.",
    licence="Apache-2.0 (code and card); the videos stay with their owners",
    citation="Wang et al., UniVerse-1: Unified audio-video generation via stitching of experts, 2025, arXiv 2509.06155",
    home="https://huggingface.co/datasets/dorni/Verse-Bench",
    layout="<case>.mp4 (and .wav) anywhere below; a table with captions and speech, where you have one",
    list_clips=list_clips,
    variants=(
        Variant(
            name="test", description="The rows of a table, or all videos of the folder.", optional=True, seconds=5.0,
            pin=Pin(names=metadata_table.FILES, url="the data set's page"),
        ),
    ),
    metrics=(*NO_REFERENCE, *LIPS, "wer@vssflow", "wer@whisper-tiny.en"),
    profile="vssflow",
    protocol=(
        "No reference: wavs beside the videos of the small test set are a system's. The paper's recogniser "
        "(SenseVoice) and its weighted composite are not copied. The reader follows the evaluation code."
    ),
    inputs=("video", "caption", "transcript"),
    known_losses="None known.",
)  # fmt: skip
