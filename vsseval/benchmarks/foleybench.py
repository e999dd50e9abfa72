"""FoleyBench: five thousand clips whose sound comes from what is seen, with categories for breakdowns."""

from __future__ import annotations

from collections.abc import Sequence

from vsseval.datasets import tables
from vsseval.datasets.customs import AVBENCH_TEXT
from vsseval.datasets.dataset import Dataset, Entry, Pin, Source, Variant

__all__ = ["foleybench"]


def read(source: Source) -> Sequence[Entry]:
    """Return a clip for every row of the table; results are also broken down by discrete and continuous sounds.

    Raises:
        UsageError: the list is no table of clips.
    """
    _, first = next(iter(tables.rows(source.list)), (0, {}))
    kind = next((name for name in first if "discrete" in name), None)
    return tables.entries(source, own_sound=True, subset=kind)


foleybench = Dataset(
    name="foleybench",
    task="v2s",
    description="Clips whose sound comes from what is seen, of UCS and AudioSet categories.",
    licence="sources with permissive licences, stated for each clip",
    citation="Dixit et al., FoleyBench: A benchmark for video-to-audio models, 2025, arXiv 2511.13219",
    home="https://arxiv.org/abs/2511.13219",
    layout="<key>.mp4 anywhere below; a table (metadata.csv, .tsv, .json or .jsonl)",
    read=read,
    variants=(Variant(name="test", size=5_000, pin=Pin(names=tables.FILES, url="the data set's page"), seconds=8.0),),
    metrics=AVBENCH_TEXT,
    profile="avbench",
    protocol="References are real. The reader follows the paper and an audit of the rows, not the release.",
    inputs=("video", "caption"),
    erosion="None known; an audit counts 785 discrete clips, 590 of them of a single source.",
)
