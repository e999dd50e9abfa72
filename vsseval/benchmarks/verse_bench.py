"""Verse-Bench: 600 prompts for sound and picture together, of which many ask for speech (UniVerse-1).

Set 1 are pictures with texts (205), set 2 pictures out of videos, with their sound (295), set 3 speech (100).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Pin, Variant
from vsseval.datasets.default_metrics import LIPS, NO_REFERENCE
from vsseval.errors import UsageError
from vsseval.text.readers import Unreadable, file_text, json_value

__all__ = ["verse_bench"]

SETS = ("set1", "set2", "set3")
_HAN = re.compile(r"[\u3400-\u9fff]")


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return a clip for every prompt of the list, or without one for every `set1/<case>.json` and so on of the folder.

    Raises:
        UsageError: a list or a file is not of the layout.
    """
    if source.listed is not None:
        try:
            whole = json_value(source.listed.text)
        except Unreadable as error:
            raise UsageError(f"{source.listed.path} is no JSON: {error}") from error
        rows = [(name, case, row) for name, cases in _tables(whole, "") for case, row in _tables(cases, name)]
        return [_entry(source, name, case, row) for name, case, row in rows]
    found = []
    for name in map(PurePosixPath, source.tree.names()):
        path = source.tree.at(str(name))
        if path is None or name.suffix.lower() != ".json" or name.parent.name not in SETS:
            continue
        try:
            row = json_value(file_text(path))
        except (Unreadable, UnicodeDecodeError, OSError) as error:
            raise UsageError(f"{path} cannot be read: {error}") from error
        found.append(_entry(source, name.parent.name, name.stem, row))
    return found


def _tables(value: Any, where: str) -> list[tuple[str, Any]]:
    if not isinstance(value, Mapping) or (not where and not set(value) <= set(SETS)):
        raise UsageError(f"{where or 'the list'} is no table of prompts: expected {', '.join(SETS)}, and cases below")
    return list(value.items())


def _entry(source: DatasetSource, name: str, case: str, row: Any) -> ClipEntry:
    """Return a clip; only set 2 has recordings."""
    if not isinstance(row, Mapping):
        raise UsageError(f"{name}/{case} is no table of prompts")
    sounds, speech = row.get("audio_prompt") or (), row.get("speech_prompt") or {}
    said = speech.get("text") if isinstance(speech, Mapping) else speech
    transcript = str(said).strip() or None if said else None
    asked = [sounds] if isinstance(sounds, str) else [str(sound) for sound in sounds]
    return ClipEntry(
        id=case, cluster=case, caption=" ".join(asked) or None, transcript=transcript, subset=name,
        label=str(row.get("video_prompt") or "") or None,
        language="zh" if transcript and _HAN.search(transcript) else "en",
        reference=source.tree.at(f"{name}/{case}.wav") if name == "set2" else None,
    )  # fmt: skip


verse_bench = Dataset(
    name="verse_bench",
    task="joint",
    description="Prompts for sounding videos: 205 and 295 of events, 100 of speech.",
    licence="Apache-2.0 (code and card); the pictures and sounds stay with their owners",
    citation="Wang et al., UniVerse-1: Unified audio-video generation via stitching of experts, 2025, arXiv 2509.06155",
    home="https://huggingface.co/datasets/dorni/Verse-Bench",
    layout="set1/<case>.json, set2/<case>.json and .wav, set3/<case>.json; or MOVA's list of all of them",
    list_clips=list_clips,
    prompts=True,
    variants=(
        Variant(
            name="full", description="All three sets; each is a subset.", size=600, optional=True, seconds=5.0,
            pin=Pin(
                names=("verse_bench_prompts.json",),
                url="https://github.com/OpenMOSS/MOVA at 595a976, evaluation/verse_bench_prompts.json",
                sha256="d15d98ddc1bac9591dca2fad3a46d32bd29de698a3049e1a87472dd5ff675c45",
                licence="Apache-2.0",
            ),
        ),
    ),
    metrics=(*NO_REFERENCE, "kl_passt@verse-bench", "is_panns@avbench", *LIPS, "wer@vssflow", "wer@whisper-tiny.en",
             "dnsmos_p808@speechmos"),
    profile="verse-bench",
    protocol=(
        "The first prompt for sound is what its CLAP score takes (630k-audioset-fusion-best, sounds brought to a "
        "peak of -1 dB, as for its KL); here all of them are the caption, and both are av-benchmark's. Of set 2, "
        "where <case>.wav lies beside, KL is measured. Not copied are its FD, which is of one clip against one, its "
        "picture metrics (AS, ID), its recogniser (SenseVoice, and a Chinese sentence is one word to it) and the "
        "weighted composite. Its AV-A is a signed offset; audiobox it measures on sets 1 and 2, words and lips "
        "where a clip has speech. Those who print means of set means (MOVA) mean the mean of the three subsets. 5 s "
        "as UniVerse-1 makes; @8 asks for others."
    ),
    inputs=("caption", "transcript"),
    known_losses="The first pictures (<case>.jpg) are handed to no system: those that start from them give finished "
    "files (av:DIR).",
)  # fmt: skip
