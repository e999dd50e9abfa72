"""AudioCaps test: sounds of AudioSet with five captions each, where systems without video report."""

from __future__ import annotations

from collections.abc import Sequence

from vsseval.datasets import clip_lists
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import AVBENCH_TEXT
from vsseval.datasets.file_index import LocatedFile

__all__ = ["audiocaps"]

_COLUMNS = ("audiocap_id", "youtube_id", "start_time", "caption")


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return one clip for each sound with its first caption, or one for each caption (`captions`).

    Raises:
        UsageError: the list is not that of AudioCaps.
    """
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    for _, row in clip_lists.csv_rows(source.list, _COLUMNS):
        groups.setdefault((row["youtube_id"], row["start_time"]), []).append(row)
    entries = []
    for (youtube, start), rows in groups.items():
        clip = f"{youtube}_{int(start):06d}"
        taken = rows if source.variant.name == "captions" else rows[:1]
        video, sound = _files(source, youtube, start, [row["audiocap_id"] for row in rows])
        for number, row in enumerate(taken, 1):
            entries.append(
                ClipEntry(
                    id=f"{clip}_c{number}" if len(taken) > 1 else clip,
                    cluster=clip,
                    video=video.path,
                    reference=sound.path,
                    own_sound=sound.path is None,
                    caption=row["caption"],
                    problem=None if video.path or sound.path else sound.problem,
                )
            )
    return entries


def _files(source: DatasetSource, youtube: str, start: str, numbers: Sequence[str]) -> tuple[LocatedFile, LocatedFile]:
    """Find video and sound under the names of the usual downloaders; some keep a file for each caption."""
    whole = (f"{youtube}_{int(start):06d}", f"{youtube}_{start}", f"{youtube}_{start}_{int(start) + 10}", youtube)
    stems = (*whole, *(f"Y{name}" for name in whole), f"{youtube}_{int(start) * 1000}_{int(start) * 1000 + 10000}")
    found = []
    for kind in ("video", "audio"):
        best = source.tree.stem(kind, *stems)
        by_number = [source.tree.stem(kind, number) for number in numbers]
        found.append(best if best.path else next((one for one in by_number if one.path), best))
    return found[0], found[1]


_PIN = Pin(
    names=("test.csv", "audiocaps_test.csv", "dataset/test.csv"),
    url="https://github.com/cdjkim/audiocaps, dataset/test.csv",
    sha256="b91c4b7ded2f4f6e7db5b9c4983dc1e1dca3d556f505b61e3fd65cac7e1c638a",
    licence="MIT",
)

audiocaps = Dataset(
    name="audiocaps",
    task="v2s",
    description="Sounds of AudioSet, each with five captions.",
    licence="academic use (captions); the recordings stay with their owners",
    citation="Kim et al., AudioCaps: Generating captions for audios in the wild, NAACL 2019",
    home="https://github.com/cdjkim/audiocaps",
    layout="<YouTube id>_<start>.wav (or Y<id>.wav, <audiocap_id>.wav, .mp4) anywhere below; test.csv",
    list_clips=list_clips,
    variants=(
        Variant(name="first", description="The first caption of each clip.", size=975, pin=_PIN, seconds=10.0),
        Variant(name="captions", description="Every caption is a clip.", size=4_875, pin=_PIN, seconds=10.0),
    ),
    metrics=AVBENCH_TEXT,
    profile="avbench",
    protocol="Systems are given the caption, and the video where there is one. Papers differ in the caption they take.",
    inputs=("caption", "video"),
    known_losses="Videos vanish from YouTube, so groups hold different subsets.",
)
