"""Kling-Audio-Eval: videos with their own sound, captions and classes of sounding events."""

from __future__ import annotations

from collections.abc import Sequence

from vsseval.datasets import metadata_table
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import AESTHETICS, AVBENCH_TEXT

__all__ = ["kling_audio_eval"]


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return a clip for every row of the table; the caption is that of the sound.

    Raises:
        UsageError: the list is no table of clips.
    """
    return metadata_table.entries(source, own_sound=True)


kling_audio_eval = Dataset(
    name="kling_audio_eval",
    task="v2s",
    description="Videos with real sound, a caption of the picture, a caption of the sound, and classes of events.",
    licence="not stated where it is announced; read the data set's page",
    citation="Wang et al., Kling-Foley: Multimodal diffusion transformer for high-quality video-to-audio, 2025",
    home="https://huggingface.co/datasets/klingfoley/Kling-Audio-Eval",
    layout="videos, and sounds where they are apart, anywhere below; a table (metadata.csv, .tsv, .json or .jsonl)",
    list_clips=list_clips,
    variants=(Variant(name="test", pin=Pin(names=metadata_table.FILES, url="the data set's page"), seconds=8.0),),
    metrics=(*AVBENCH_TEXT, *AESTHETICS),
    profile="avbench",
    protocol="References are real, so distances are defined. The reader follows the announcement, not the release.",
    inputs=("video", "caption"),
    known_losses="Size and licence were not verified here.",
)
