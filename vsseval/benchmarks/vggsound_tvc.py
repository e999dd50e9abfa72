"""VGGSound-TVC: whom a system follows, the words or the picture, where they disagree more and more.

5,001 clips of VGGSound with five captions each: what is seen, another subject, another action, another kind of thing
with the same rhythm, anything. Each pair of clip and caption is a clip of its own, in the subset of its level.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from vsseval.datasets import clip_lists
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.file_index import youtube_names
from vsseval.datasets.youtube import youtube_entry
from vsseval.errors import UsageError

__all__ = ["LEVELS", "vggsound_tvc"]

LEVELS = ("L0", "L1_subject", "L1_action", "L2", "L3")
"""From no conflict to a random caption."""


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return five clips for each video, all of one cluster; the label is what is seen, the caption what is asked for.

    Raises:
        UsageError: the list is not VGGSound-TVC's.
    """
    entries = []
    for line, row in clip_lists.csv_rows(source.list, ("video_id", *(f"label_{level}" for level in LEVELS)), "\t"):
        names = youtube_names(row["video_id"])
        if names is None:
            raise UsageError(f"{source.list.path}, line {line}: {row['video_id']!r} is no id of a YouTube clip")
        seen = youtube_entry(source.tree, names, label=row["label_L0"], subset="")
        entries += [
            msgspec.structs.replace(seen, id=f"{seen.id}__{level}", caption=row[f"label_{level}"], subset=level)
            for level in LEVELS
        ]
    return entries


vggsound_tvc = Dataset(
    name="vggsound_tvc",
    task="v2s",
    description="Clips of VGGSound with five captions each, from what is seen to what contradicts it.",
    licence="CC BY-NC 4.0 (captions); the videos stay with their owners",
    citation="Yang et al., ControlFoley: Unified and Controllable Video-to-Audio Generation with Cross-Modal Conflict "
    "Handling, ACM MM 2026",
    home="https://github.com/xiaomi-research/controlfoley",
    layout="as VGGSound: <id>_<start in s, six digits>.mp4 or <id>_<ms>_<ms>.mp4 anywhere below",
    list_clips=list_clips,
    variants=(
        Variant(
            name="full",
            description="25,005 pairs of clip and caption, as of revision a096b25; each level is a subset.",
            size=25_005,
            pin=Pin(
                names=("conflict_dataset_full.tsv",),
                url="https://github.com/xiaomi-research/controlfoley, VGGSound-TVC/conflict_dataset_full.tsv",
                sha256="6aeefb1fb7b5cfd70e65e288cfee74a57f92439065210e721bd2a2596fb60e73",
                licence="CC BY-NC 4.0",
            ),
            seconds=8.0,
        ),
    ),
    metrics=(
        "clap_score@laion",
        "ib_score@avbench",
        "desync@synchformer",
        "is_panns@avbench",
        "desync@onset",
        *(
            f"{name}@tvc-{level.lower().replace('_', '-')}"
            for level in LEVELS[1:]
            for name in ("follows_text", "clap_change", "ib_change")
        ),
    ),
    profile="avbench",
    protocol="A system that follows the words keeps its CLAP score from L0 to L3, and its IB score falls: ControlFoley "
    "prints both by level (vsseval table --subsets). follows_text, clap_change and ib_change say the same of each "
    "level against L0 of the same video, with intervals over videos. Sync is to stay. Distances to the "
    "recordings mean nothing but at L0.",
    inputs=("video", "caption"),
    known_losses="As VGGSound's. Sounds are named <id>_<start>__<level>, one for each caption.",
)
