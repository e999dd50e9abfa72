"""VGGSounder: VGGSound test, annotated again with every class that is heard or seen, and with what spoils a clip."""

from __future__ import annotations

from collections.abc import Sequence

from vsseval.datasets import clip_lists
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import AVBENCH_TEXT
from vsseval.datasets.file_index import youtube_names
from vsseval.datasets.youtube import youtube_entry
from vsseval.errors import UsageError

__all__ = ["vggsounder"]

_FLAGS = ("static_image", "voice_over", "background_music")
_COLUMNS = ("video_id", "label", "modality", *_FLAGS)


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return the clips; the caption names the classes that are heard, those that are also seen first.

    The subset is "clean", or the first of the three flaws that a clip has. The variant `clean` keeps the clean ones.

    Raises:
        UsageError: the list is not VGGSounder's.
    """
    clips: dict[str, list[dict[str, str]]] = {}
    for line, row in clip_lists.csv_rows(source.list, _COLUMNS):
        if youtube_names(row["video_id"]) is None:
            raise UsageError(f"{source.list.path}, line {line}: {row['video_id']!r} is no id of a YouTube clip")
        clips.setdefault(row["video_id"], []).append(row)
    return [
        _entry(source, rows)
        for rows in clips.values()
        if source.variant.name != "clean" or _flaw(rows) == "clean"
    ]  # fmt: skip


def _entry(source: DatasetSource, rows: Sequence[dict[str, str]]) -> ClipEntry:
    both = [row["label"] for row in rows if row["modality"] == "AV"]
    heard = [row["label"] for row in rows if row["modality"] == "A"]
    names = youtube_names(rows[0]["video_id"]) or ()
    return youtube_entry(
        source.tree, names, label=next(iter(both + heard), None), subset=_flaw(rows),
        caption="; ".join(both + heard) or None,
    )  # fmt: skip


def _flaw(rows: Sequence[dict[str, str]]) -> str:
    return next((flag for flag in _FLAGS if any(row[flag] == "True" for row in rows)), "clean")


_PIN = Pin(
    names=("vggsounder.csv", "vggsounder_v1.0.csv"),
    url="https://github.com/Bizilizi/VGGSounder, vggsounder/data/vggsounder.csv",
    sha256="400979ea3dee34bed145d3fd96966e16689352df63b645c4730caf8eb2cacb06",
    licence="Apache-2.0",
)

vggsounder = Dataset(
    name="vggsounder",
    task="v2s",
    description="VGGSound test with every audible and visible class of a clip.",
    licence="Apache-2.0 (annotations); the videos stay with their owners",
    citation="Zverev et al., VGGSounder: Audio-visual evaluations for foundation models, ICCV 2025",
    home="https://github.com/Bizilizi/VGGSounder",
    layout="as VGGSound: <id>_<start in s, six digits>.mp4 or <id>_<ms>_<ms>.mp4 anywhere below",
    list_clips=list_clips,
    variants=(
        Variant(name="v1.0", description="All clips of v1.0, June 2026.", size=12_014, pin=_PIN, seconds=8.0),
        Variant(
            name="clean", description="Without still pictures, voice-over and background music.", size=8_762, pin=_PIN,
            seconds=8.0,
        ),
    ),
    metrics=AVBENCH_TEXT,
    profile="avbench",
    protocol="The caption names the audible classes. Label sets differ between v0.1.6 and v1.0.",
    inputs=("video", "caption"),
    known_losses="11,820 clips are in MMAudio's list of VGGSound; 980 are still pictures, 2,405 have a voice-over.",
)  # fmt: skip
