"""FoleyBench: five thousand clips whose sound comes from what is seen, with categories for breakdowns."""

from __future__ import annotations

from collections.abc import Sequence

from vsseval.datasets import metadata_table
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import AVBENCH_TEXT

__all__ = ["foleybench"]


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return a clip for every row of the table; results are also broken down by discrete and continuous sounds.

    Raises:
        UsageError: the list is no table of clips.
    """
    _, first = next(iter(metadata_table.rows(source.list)), (0, {}))
    kind = next((name for name in first if "discrete" in name), None)
    return metadata_table.entries(source, own_sound=True, subset=kind)


foleybench = Dataset(
    name="foleybench",
    task="v2s",
    description="Clips whose sound comes from what is seen, of UCS and AudioSet categories.",
    licence="sources with permissive licences, stated for each clip",
    citation="Dixit et al., FoleyBench: A benchmark for video-to-audio models, 2025, arXiv 2511.13219",
    home="https://arxiv.org/abs/2511.13219",
    layout="<key>.mp4 anywhere below; a table (metadata.csv, .tsv, .json or .jsonl)",
    list_clips=list_clips,
    variants=(
        Variant(name="test", size=5_000, pin=Pin(names=metadata_table.FILES, url="the data set's page"), seconds=8.0),
    ),
    metrics=AVBENCH_TEXT,
    profile="avbench",
    protocol="References are real. The reader follows the paper and an audit of the rows, not the release.",
    inputs=("video", "caption"),
    known_losses="None known; an audit counts 785 discrete clips, 590 of them of a single source.",
)
