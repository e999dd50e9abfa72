"""MovieGen-Audio-Bench: generated videos with prompts; the sound inside them is a competitor's, not a reference."""

from __future__ import annotations

from collections.abc import Sequence

from vsseval.datasets import clip_lists, metadata_table
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import NO_REFERENCE
from vsseval.errors import UsageError

__all__ = ["moviegen"]


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return the clips, without a reference: what is heard in the files was made by Movie Gen.

    Without the list, the files `metadata/N.jsonl` of the download are read.

    Raises:
        UsageError: there is no list, or a row has neither `id` nor `audio_prompt`.
    """
    if source.listed is not None:
        found = [(source.list.path, line, row) for line, row in metadata_table.rows(source.list)]
    else:
        names = [name for name in source.tree.names() if "/metadata/" in f"/{name}" and name.endswith(".jsonl")]
        paths = [path for name in names if (path := source.tree.at(name)) is not None]
        found = [
            (path, line, {"id": path.stem} | row)
            for path in paths
            for line, row in metadata_table.rows(clip_lists.read_list(path))
        ]
    entries = []
    for path, line, row in sorted(found, key=lambda one: (len(one[2].get("id", "")), one[2].get("id", ""))):
        if not row.get("id") or "audio_prompt" not in row:
            raise UsageError(f"{path}, line {line}: a row needs `id` and `audio_prompt`")
        video = source.tree.stem("video", row["id"])
        entries.append(
            ClipEntry(
                id=row["id"], cluster=row["id"], video=video.path, caption=row["audio_prompt"], problem=video.problem
            )
        )
    if not entries:
        raise UsageError(f"{source.tree.root} holds neither MovieGenAudioBenchSfx.jsonl nor metadata/N.jsonl")
    return entries


_PIN = Pin(
    names=("MovieGenAudioBenchSfx.jsonl", "splits/MovieGenAudioBenchSfx.jsonl"),
    url="https://github.com/facebookresearch/MovieGenBench",
)

moviegen = Dataset(
    name="moviegen",
    task="v2s",
    description="Videos made by Movie Gen, with prompts for their sound.",
    licence="CC BY-NC 4.0",
    citation="Polyak et al., Movie Gen: A cast of media foundation models, 2024",
    home="https://github.com/facebookresearch/MovieGenBench",
    layout="video_with_audio/N.mp4, metadata/N.jsonl or MovieGenAudioBenchSfx.jsonl",
    list_clips=list_clips,
    variants=(Variant(name="sfx", size=527, pin=_PIN, optional=True, seconds=10.0),),
    metrics=NO_REFERENCE,
    profile="avbench",
    protocol="No reference. The sound of the files is Movie Gen's: no system is given it, no metric compares with it.",
    inputs=("video", "caption"),
    known_losses="None: 527 files in one archive.",
)
