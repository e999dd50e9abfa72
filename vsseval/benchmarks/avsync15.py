"""AVSync15: fifteen classes of tightly synchronous events, as the authors of ASVA distribute them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

import msgspec

from vsseval.datasets import clip_lists
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import AVBENCH
from vsseval.errors import UsageError
from vsseval.text.readers import json_value

__all__ = ["avsync15"]

CUT, CLIPS, SECONDS = ("asva",), 3, 2.0
"""Variants of cuts; how many of a video, and how long: twelve pictures at six a second."""


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return the clips of `test.txt`, lines such as `lions_roaring/<name>.mp4`.

    An id is the file's stem; with its class before it where two classes share a stem. Of a variant of cuts it is
    followed by `_clip-00` to `_clip-02`, as ASVA calls its files.

    Raises:
        UsageError: the list names something else, or `class_mapping.json` is no JSON.
    """
    rows = [path for _, path in clip_lists.parsed(source.list, clip_lists.lines(source.list), _path)]
    captions = _captions(source)
    stems = Counter(path.stem for path in rows)
    entries = []
    for path in rows:
        name = path.parts[-2]
        video = source.tree.at(f"videos/{path}", f"AVSync15/videos/{path}", str(path))
        caption = captions.get(name, name.replace("_", " "))
        entries.append(
            ClipEntry(
                id=path.stem if stems[path.stem] == 1 else f"{name}_{path.stem}",
                cluster=path.stem[:11],
                video=video,
                own_sound=True,
                caption=caption,
                label=name,
                problem=None if video else f"absent: no file is named videos/{path}",
            )
        )
    return [cut for entry in entries for cut in _cuts(entry)] if source.variant.name in CUT else entries


def _cuts(entry: ClipEntry) -> list[ClipEntry]:
    """Return three cuts of two seconds, evenly spread from the beginning to the end of the shorter of both tracks."""
    return [
        msgspec.structs.replace(entry, id=f"{entry.id}_clip-{place:02d}", seconds=SECONDS, spread=(place, CLIPS))
        for place in range(CLIPS)
    ]


def _path(cells: list[str]) -> PurePosixPath:
    path = PurePosixPath(cells[0])
    if len(path.parts) < 2 or path.suffix.lower() != ".mp4":
        raise ValueError(f"{cells[0]!r} is no <class>/<name>.mp4")
    return path


def _captions(source: DatasetSource) -> dict[str, str]:
    path = source.tree.at("class_mapping.json", "AVSync15/class_mapping.json")
    if path is None:
        return {}
    try:
        return {str(name): str(text) for name, text in json_value(clip_lists.read_list(path).text).items()}
    except (ValueError, AttributeError) as error:
        raise UsageError(f"{path} maps no classes to texts: {error}") from error


_PIN = Pin(names=("test.txt", "AVSync15/test.txt"), url="https://github.com/lzhangbj/ASVA (its Google Drive)")

avsync15 = Dataset(
    name="avsync15",
    task="v2s",
    description="Fifteen classes of tightly synchronous events, chosen from VGGSound.",
    licence="no licence file; the README's badge says MIT; the videos stay with their owners",
    citation="Zhang et al., Audio-synchronized visual animation, ECCV 2024",
    home="https://github.com/lzhangbj/ASVA",
    layout="videos/<class>/*.mp4, test.txt, class_mapping.json",
    list_clips=list_clips,
    variants=(
        Variant(name="test", description="Whole clips.", pin=_PIN),
        Variant(
            name="asva",
            version="2",
            pin=_PIN,
            description="Three cuts of two seconds of each video, evenly spread, as ASVA measures.",
        ),
    ),
    metrics=(
        *AVBENCH,
        "onset_acc@condfoleygen",
        "onset_ap@condfoleygen",
        "fid_melception@specvqgan",
        "kl_melception@specvqgan",
    ),
    profile="avbench",
    protocol=(
        "Of `asva`, intervals go by video; distances there are over cuts, and desync@synchformer, which needs 4.8 "
        "s, does not apply. Of ASVA's metrics RelSync has a meaning for generated sound, AlignSync for generated "
        "video only; its classifier (AVSync, trained on VGGSS) is not here. FoleyCrafter's authors say (issue 15) "
        "that they measure FID and MKL by SpecVQGAN's code and onsets by CondFoleyGen's; which cuts they took they "
        "do not say: `test`, with fid_melception, kl_melception, onset_acc and onset_ap."
    ),
    inputs=("video", "caption"),
    known_losses="Videos come with the list; none is known to be lost.",
)
