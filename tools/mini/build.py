"""The frozen benchmarks: what each clip holds, and its media and manifest on disk."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from tools.mini.clip import FPS, SAMPLE_RATE, Rendered
from tools.mini.sentences import free_sentence, grid_sentence
from tools.mini.speech import SEEN_VOICES, UNSEEN_VOICES, Voice, speak, voices
from vsseval.media import write_mp4
from vsseval.types import Medium, Sample

SIZE = 192
CRF = 28
SEED = (20_250_801, 7)
"""Four numbers seed a bench clip, three a training clip: no training seed can make a bench clip."""
TASKS = ("v2s", "vtts", "joint")
V2S_SECONDS = (3.0, 5.0)
CLIPS_PER_LABEL = {"v2s": 4, "joint": 3}
SEEN_CLIPS, UNSEEN_CLIPS = 20, 8
"""Clips of mini_vtts per language."""
PROMPTS = 2
"""Speaker prompts per voice."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one clip is to hold."""

    id: str
    task: str
    k: int
    label: str | None = None
    voice: Voice | None = None
    language: str = "en"
    text: str | None = None
    subset: str = ""


def build_bench(out: Path) -> Iterator[str]:
    """Make the three benchmarks anew under `out/v2s`, `out/vtts` and `out/joint`.

    Yields:
        A line of progress per benchmark.
    """
    said: set[str] = set()
    spoken_prompts = {voice.name: [_prompt(voice, i, said) for i in range(PROMPTS)] for voice in voices()}
    for task in TASKS:
        folder = out / task
        if folder.is_dir():
            shutil.rmtree(folder)
        (folder / "media").mkdir(parents=True)
        prompts: dict[str, list[Medium]] = {}
        if task != "v2s":
            for name, sounds in spoken_prompts.items():
                prompts[name] = [_sound(folder, f"prompt-{name}-{i}.flac", sound) for i, sound in enumerate(sounds)]
        lines = [
            msgspec.json.encode(_write(folder, plan, render(plan), prompts), enc_hook=str) for plan in plans(task, said)
        ]
        # the manifest comes last and whole: a folder that has one is complete
        partial = folder / "manifest.jsonl.tmp"
        partial.write_bytes(b"".join(line + b"\n" for line in lines))
        partial.replace(folder / "manifest.jsonl")
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        yield f"mini_{task}: {len(lines)} clips, {size / 1e6:.1f} MB"


def plans(task: str, said: set[str]) -> list[Plan]:
    """List the clips of a benchmark; sentences are added to `said` and never come twice."""
    from tools.mini.v2s import LABELS

    if task == "vtts":
        return _speech_plans(said)
    found = []
    for k in range(len(LABELS) * CLIPS_PER_LABEL[task]):
        label = LABELS[k % len(LABELS)]
        name = f"{task}-{k:02d}"  # says nothing: models are given ids
        if task == "v2s":
            found.append(Plan(id=name, task=task, k=k, label=label))
            continue
        # Every fourth clip is spoken by an unseen voice; of each class's three sentences one is free.
        unseen = k % 4 == 3
        voice = UNSEEN_VOICES[0] if unseen else SEEN_VOICES[(k - k // 4) % len(SEEN_VOICES)]
        language = ("en-grid", "en-grid", "en")[(k + k // len(LABELS)) % 3]
        text = _sentence(task, k, language, said)
        subset = "unseen" if unseen else "seen"
        found.append(
            Plan(id=name, task=task, k=k, label=label, voice=voice, language=language, text=text, subset=subset)
        )
    return found


def _speech_plans(said: set[str]) -> list[Plan]:
    found: list[Plan] = []
    for language, style in (("en-grid", "grid"), ("en", "free")):
        for i in range(SEEN_CLIPS + UNSEEN_CLIPS):
            group, subset = (SEEN_VOICES, "seen") if i < SEEN_CLIPS else (UNSEEN_VOICES, "unseen")
            voice, k = group[i % len(group)], len(found)
            text = _sentence("vtts", k, language, said)
            name = f"vtts-{k:02d}"
            found.append(
                Plan(id=name, task="vtts", k=k, voice=voice, language=language, text=text, subset=f"{style}-{subset}")
            )
    return found


def _generator(task: str, k: int, part: int) -> np.random.Generator:
    return np.random.default_rng([SEED[0], TASKS.index(task), k, SEED[1] + part])


def _sentence(task: str, k: int, language: str, said: set[str]) -> str:
    rng = _generator(task, k, 1)
    draw = grid_sentence if language == "en-grid" else free_sentence
    while (text := draw(rng, "bench")) in said:
        pass
    said.add(text)
    return text


def _prompt(voice: Voice, index: int, said: set[str]) -> np.ndarray:
    """Another utterance of a voice: a free sentence of at least seven words."""
    rng = _generator("vtts", voices().index(voice), 10 + index)
    while len((text := free_sentence(rng, "bench")).split()) < 7 or text in said:
        pass
    said.add(text)
    return speak(text, voice, rate=1.15).audio


def render(plan: Plan) -> Rendered:
    """Render a clip at the benchmark's size."""
    rng = _generator(plan.task, plan.k, 0)
    if plan.voice is None or plan.text is None:
        from tools.mini.v2s import make_v2s

        return make_v2s(rng, str(plan.label), float(rng.uniform(*V2S_SECONDS)), SIZE)
    if plan.label is None:
        from tools.mini.vtts import make_vtts

        return make_vtts(rng, plan.text, plan.voice, SIZE, plan.language)
    from tools.mini.joint import make_joint

    return make_joint(rng, plan.label, plan.text, plan.voice, SIZE, plan.language)


def _write(folder: Path, plan: Plan, rendered: Rendered, prompts: dict[str, list[Medium]]) -> Sample:
    video = Path("media") / f"{plan.id}.mp4"
    write_mp4(folder / video, rendered.frames, FPS, crf=CRF)
    voice = rendered.voice
    return Sample(
        id=plan.id,
        # Sentence, face and scene are drawn anew for each clip. Voices recur, but half a dozen of them are too
        # few to resample: intervals are over sentences and faces, for these voices.
        cluster=plan.id,
        duration=len(rendered.frames) / FPS,
        video=Medium(path=video, sha256=_sha256(folder / video)),
        caption=rendered.caption,
        transcript=rendered.transcript,
        language=rendered.language,
        speech_window=rendered.speech_window,
        speaker_prompt=None if voice is None else prompts[voice][plan.k // 4 % PROMPTS],
        reference=_sound(folder, f"{plan.id}.flac", rendered.audio),
        label=rendered.label,
        events=tuple(round(second, 4) for second in rendered.events),
        subset=plan.subset,
    )


def _sound(folder: Path, name: str, samples: np.ndarray) -> Medium:
    """Write FLAC of 16 bits: half the size of `write_flac`'s 24, and synthetic speech has no more to say."""
    import soundfile

    path = Path("media") / name
    rounded = np.rint(np.clip(samples, -1.0, 1.0) * 32767).astype(np.int16)
    soundfile.write(folder / path, rounded, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return Medium(path=path, sha256=_sha256(folder / path))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
