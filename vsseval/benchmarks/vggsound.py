"""VGGSound test: ten-second YouTube clips of 309 classes, with every list that papers use."""

from __future__ import annotations

from collections.abc import Sequence

from vsseval.datasets import clip_lists
from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import AVBENCH
from vsseval.datasets.youtube import rows, youtube_entry

__all__ = ["vggsound"]

_LABELLED = ("test.csv", "vggsound.csv", "vgg-test.tsv")


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return the clips of a list; lists without labels take them from the official files, where those are in the root.

    Raises:
        UsageError: the list holds something else than ids of ten-second clips.
    """
    clips = rows(source.list)
    labels: dict[str, str | None] = {}
    if not all(row.label for row in clips):
        beside = (path for name in _LABELLED if (path := source.tree.at(name)) is not None)
        for path in beside:
            labels.update({row.names[0]: row.label for row in rows(clip_lists.read_list(path)) if row.label})
    return [
        youtube_entry(
            source.tree, row.names, label=row.label or labels.get(row.names[0]), subset=row.subset, start=row.start,
            seconds=row.seconds,
        )
        for row in clips
    ]  # fmt: skip


def _variant(
    name: str, size: int, repository: str, path: str, also: tuple[str, ...], sha256: str, licence: str,
    seconds: float | None, what: str,
) -> Variant:  # fmt: skip
    published = path.rsplit("/", 1)[1]
    names = (published, *also) if "." in published else also
    pin = Pin(names=names, url=f"https://github.com/{repository}, {path}", sha256=sha256, licence=licence)
    return Variant(name=name, description=what, size=size, pin=pin, seconds=seconds)


vggsound = Dataset(
    name="vggsound",
    task="v2s",
    description="Sounding objects and events of 309 classes, from YouTube.",
    licence="CC BY 4.0 (lists and labels); the videos stay with their owners",
    citation="Chen et al., VGGSound: A large-scale audio-visual dataset, ICASSP 2020",
    home="https://github.com/hche11/VGGSound",
    layout="<id>_<start in s, six digits>.mp4 or <id>_<ms>_<ms>.mp4 anywhere below; sound inside or beside",
    list_clips=list_clips,
    variants=(
        _variant(
            "mmaudio", 15_221, "hkchengrex/MMAudio", "sets/vgg-test.tsv", ("vggsound_mmaudio_test.tsv",),
            "f07c41656e3e4498a9c7a483ec4f055d81b0f7d25b414a90078925663fc87519", "MIT", 8.0,
            "MMAudio's list, as corrected on 2025-03-09.",
        ),
        _variant(
            "official", 15_446, "hche11/VGGSound", "data/test.csv", ("vggsound_official_test.csv",),
            "0b2215dc3786fbb223aa06a2162491099d89cf080ac31b16bb3a72368fbaa24d", "CC BY 4.0", 10.0,
            "The official list.",
        ),
        _variant(
            "frieren", 15_337, "cyanbx/Frieren-V2A", "data/Test.txt", ("vggsound_frieren_test.txt",),
            "f8ce0eda3011ad789bf4bfbb504b5ce2bbb233372824c8fbcc589042bf66125e", "Apache-2.0", 8.19,
            "Frieren's list; 8.19 s as it generates.",
        ),
        _variant(
            "specvqgan", 14_512, "v-iashin/SpecVQGAN", "data/vggsound_test.txt", ("vggsound_specvqgan_test.txt",),
            "cb8e97bd2881e58a1e091d6e97f590d3a0eda5bb4529b8cd25f548e4251104c0", "MIT", 9.8,
            "SpecVQGAN's list; 9.8 s as it generates.",
        ),
        _variant(
            "vaura", 14_511, "ilpoviertola/V-AURA", "data/splits/vggsound/vggsound_test.txt",
            ("vggsound_vaura_test.txt", "vggsound_synchformer_test.txt"),
            "742338bad5c6b64d99e6595cd627412c2ff91d4d7aef0cfc0b6956121544b3e0", "MIT", 10.0,
            "The list of V-AURA and Synchformer.",
        ),
        _variant(
            "vaura-windows", 14_511, "ilpoviertola/V-AURA", "data/test_sets",
            ("vggsound_vaura_test_fixed_start.csv",),
            "f178367413bf79691745b43a1f8e709bc63c34c96aaa74937c6062fc3e896f09", "MIT", None,
            "V-AURA's windows of 2.56 s.",
        ),
        _variant(
            "sparse-clean", 600, "v-iashin/Synchformer", "data/vggsound_sparse_clean.csv", (),
            "32332bfe8af249b1441214ada2d29c2064e04b4a7aa6becac3c2bb0fde6efcaf", "MIT", 8.0,
            "Rare, clearly synchronous events; the subset `sync` was found so by people.",
        ),
        _variant(
            "sparse-vaura", 444, "ilpoviertola/V-AURA", "data/test_sets",
            ("vggsound_sparse_vaura_fixed_start.csv",),
            "5c6996751d7805ca26066181fc5dc3d86d649f83e7bf54885e64998248a6d9cf", "MIT", None,
            "V-AURA's windows of 2.56 s on rare events.",
        ),
        _variant(
            "visualsound", 5_425, "ilpoviertola/V-AURA", "data/test_sets",
            ("visualsound_vaura_test_fixed_start.csv",),
            "42d6d22431998bad1e1cbd646eee6a3050c0aa957570cb2a64e4635a43d39810", "MIT", None,
            "VisualSound, V-AURA's choice of clips whose sound is seen; windows of 2.56 s.",
        ),
        Variant(
            name="vssflow",
            description="The list of VSSFlow's first author; the paper counts 15,263, its notebook 15,264 outputs.",
            pin=Pin(
                names=("test_25_VGG.csv",),
                url="https://github.com/Ceaglex/v2a_demo at 6182909, data/test_25_VGG.csv",
                git_blob="e0cfb5c6d96025315ea37b058fa6c91a380359f8",
                licence="no licence file",
            ),
            seconds=10.0,
        ),
    ),
    metrics=AVBENCH,
    profile="avbench",
    protocol="One sound per clip. The class label is the caption: say which systems were given it.",
    inputs=("video", "caption"),
    known_losses=(
        "Videos vanish from YouTube, so every group has another subset; four public lists share 14,304 clips. "
        "VSSFlow's list is in its first author's repository v2a_demo, known here by its git hash (read 2026-11-29): "
        "give it as it is committed, with the authors' paths. Compare on the clips that both have."
    ),
)  # fmt: skip
