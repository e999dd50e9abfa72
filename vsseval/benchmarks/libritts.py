"""LibriTTS: many readers; plain text-to-speech with a speaker prompt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from vsseval.datasets.dataset import ClipEntry, Dataset, DatasetSource, Variant
from vsseval.datasets.default_metrics import SPEECH
from vsseval.datasets.speaker_prompts import prompt_clips
from vsseval.datasets.transcripts import transcript_or_reason

__all__ = ["libritts"]

_STEM = re.compile(r"(?P<speaker>\d+)_\d+_\d+_\d+")


def list_clips(source: DatasetSource) -> Sequence[ClipEntry]:
    """Return every sentence of a subset; the voice is another sentence of its speaker, drawn with a seed."""
    root = source.tree.root
    sounds = {
        path.stem: path
        for path in source.tree.media("audio")
        if _STEM.fullmatch(path.stem) and source.variant.name in {root.name, *path.relative_to(root).parts}
    }
    voices = prompt_clips({stem: stem.partition("_")[0] for stem in sounds}, source.variant.seed)
    return [_entry(path, sounds.get(voices[stem] or "")) for stem, path in sounds.items()]


def _entry(path: Path, voice: Path | None) -> ClipEntry:
    text = next(
        (t for kind in ("normalized", "original") if (t := path.with_name(f"{path.stem}.{kind}.txt")).is_file()), None
    )
    sentence, silent = transcript_or_reason(text, f"{path.name} has no .normalized.txt beside it")
    lost = None if voice else "no speaker prompt: there is no other recording of the speaker"
    return ClipEntry(
        id=path.stem, cluster=path.stem.partition("_")[0], reference=path, speaker_prompt=voice, transcript=sentence,
        problem=silent or lost,
    )  # fmt: skip


libritts = Dataset(
    name="libritts",
    task="tts",
    description="Read sentences of many speakers.",
    licence="CC BY 4.0",
    citation="Zen et al., LibriTTS: A corpus derived from LibriSpeech for text-to-speech, Interspeech 2019",
    home="https://www.openslr.org/60/",
    layout="test-clean/<speaker>/<chapter>/<name>.wav and <name>.normalized.txt",
    list_clips=list_clips,
    variants=tuple(
        Variant(name=name, reference_mode="same_speaker_random")
        for name in ("test-clean", "test-other", "dev-clean", "dev-other")
    ),
    metrics=SPEECH,
    profile="seedtts",
    protocol="No video. Lengths are the references'. Intervals go by speaker.",
    inputs=("transcript", "speaker"),
    known_losses="None.",
)
