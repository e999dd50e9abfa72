"""UnAV-100: untrimmed videos with several events each; long clips for video-to-sound."""

from __future__ import annotations

from collections.abc import Sequence

from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import AVBENCH
from vsseval.errors import UsageError
from vsseval.text.readers import json_value

__all__ = ["unav100"]


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return the videos whose `subset` is "test"; the caption names their events in the order in which they begin.

    Raises:
        UsageError: the file is not the annotations of UnAV-100.
    """
    try:
        database = json_value(source.list.text)["database"]
        chosen = [(str(clip), facts) for clip, facts in database.items() if facts["subset"].lower() == "test"]
        return [_entry(source, clip, facts["annotations"]) for clip, facts in chosen]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{source.list.path} is not unav100_annotations.json: it needs `database`, and for each video `subset` and "
            f"`annotations` with `segment` and `label` ({type(error).__name__}: {error})"
        ) from error


def _entry(source: DatasetSource, clip: str, annotations: Sequence[dict[str, object]]) -> ClipEntry:
    ordered = sorted(annotations, key=lambda one: float(one["segment"][0]))  # type: ignore[index]
    labels = list(dict.fromkeys(str(one["label"]) for one in ordered))
    found = source.tree.stem("video", clip)
    return ClipEntry(
        id=clip, cluster=clip, video=found.path, own_sound=True, caption="; ".join(labels) or None,
        label=next(iter(labels), None), problem=found.problem,
    )  # fmt: skip


_PIN = Pin(
    names=("unav100_annotations.json", "annotations/unav100_annotations.json", "data/unav100_annotations.json"),
    url="https://github.com/ttgeng233/UnAV, data/unav100_annotations.json",
)

unav100 = Dataset(
    name="unav100",
    task="v2s",
    description="Untrimmed videos with several audible and visible events, of 100 classes.",
    licence="code MIT; the videos stay with their owners",
    citation="Geng et al., Dense-localizing audio-visual events in untrimmed videos, CVPR 2023",
    home="https://github.com/ttgeng233/UnAV",
    layout="raw_videos/<YouTube id>.mp4 (anywhere below), unav100_annotations.json",
    list_clips=list_clips,
    variants=(Variant(name="test", description="Whole videos of the test subset.", pin=_PIN),),
    metrics=AVBENCH,
    profile="avbench",
    protocol="Papers on long sound (LoVA) take whole videos; write unav100:test@10 for the first ten seconds.",
    inputs=("video", "caption"),
    known_losses="Videos vanish from YouTube. The number of test videos was not verified here.",
)
