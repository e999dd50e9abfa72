"""Turns a panel into a listening test: one page that opens from disk, and the key that stays behind."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from vsseval.errors import Unmeasurable, UsageError
from vsseval.listening import sounds, texts
from vsseval.listening.key import KEY, PAGE, SCHEMA, Kind, Stimulus, System, TestKey, write_key
from vsseval.listening.panel import LOWPASS, Panel, Voice, choose_clips
from vsseval.listening.trials import CHECK, Trials, make_trials, stimulus_id
from vsseval.media import load_audio, usable_seconds
from vsseval.media.web import small_mp4
from vsseval.store import atomic, codec
from vsseval.tables.html import rendered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.media import Audio
    from vsseval.types import Sample

__all__ = ["MOST_BYTES", "Asked", "Written", "write_test"]

TEMPLATES = Path(__file__).parent / "templates"
MOST_BYTES = 250_000_000
"""Of a page that browsers still open without complaint."""
HEIGHT = 480
"""Greatest height of the picture, in lines."""
PER_RATER = {"ab": 40, "mos": 60, "mushra": 15}
"""Trials of about half an hour, the longest session that BS.1534-3 (section 6) has."""


class Asked(NamedTuple):
    """What whoever runs the test has chosen."""

    kind: Kind = "ab"
    clips: int = 12
    checks: int = 4
    per_rater: int | None = None
    seed: int = 0
    loudness: float = -23.0
    """LUFS; -23 is what EBU R 128 has."""
    least_heard: float = 1.0
    """Seconds of each sound that must have been heard before an answer."""
    practice: int = 1
    """Trials that come first and do not count."""
    question: str = ""
    instructions: str = ""


class Written(NamedTuple):
    """What was made."""

    key: TestKey
    page: Path
    size: int
    notes: tuple[str, ...]


def write_test(
    folder: Path, panel: Panel, asked: Asked, samples: Mapping[str, Sample], own: Voice | None, created: str
) -> Written:
    """Write `test.html`, which raters get, and `key.json`, which they do not.

    Args:
        folder: where they lie; a test that is there is replaced only if nothing of it was answered (see the verb).
        panel: who is heard.
        asked: how.
        samples: of the benchmark, for pictures, words and clusters; empty where its data is not here.
        own: the reference for attention checks, where there is one.
        created: date and time.

    Raises:
        UsageError: no clip can be used, or the page would be too large.
        EnvironmentFault: the folder cannot be written.
    """
    voices = [*panel.voices, *([own] if own and own.system.role == "check" else [])]
    clusters = {clip: sample.cluster for clip, sample in samples.items()}
    clips = choose_clips(voices, clusters, asked.clips, asked.seed)
    checked = clips[: asked.checks] if own and asked.kind != "mushra" else []
    made = _Sounds(asked, {clip: (samples[clip].duration if clip in samples else None) for clip in clips})
    for clip in clips:
        made.add(clip, voices, lowpass=panel.lowpass, check=clip in checked)
    systems = [v.system for v in voices] + [System(LOWPASS, "anchor")] * panel.lowpass
    systems += [System(CHECK, "check")] * bool(checked)
    usable = list(dict.fromkeys(one.clip for one in made.stimuli))
    if not usable:
        raise UsageError(f"none of {len(clips)} clips can be heard: {'; '.join(made.unreadable[:3])}")
    trials = make_trials(asked.kind, made.stimuli, systems, [clip for clip in checked if clip in usable], asked.seed)
    key = _key(
        panel, asked, made.stimuli, trials, systems, {clip: clusters.get(clip, clip) for clip in usable}, created
    )
    pictures, notes = _pictures(usable, samples)
    page = rendered("listen.html", _shown(key, asked, made.encoded, pictures, samples), TEMPLATES).encode()
    if len(page) > MOST_BYTES:
        raise UsageError(
            f"the page would have {len(page) / 1e6:.0f} MB, more than browsers open: take fewer clips with --clips"
        )
    atomic.write_bytes(folder / PAGE, page)
    write_key(folder, key)
    return Written(key, folder / PAGE, len(page), (*made.unreadable, *notes))


def _key(
    panel: Panel, asked: Asked, stimuli: Sequence[Stimulus], trials: Trials, systems: Sequence[System],
    clusters: dict[str, str], created: str,
) -> TestKey:  # fmt: skip
    card = panel.systems[0].run.record.benchmark
    key = TestKey(
        schema=SCHEMA, test="", kind=asked.kind, question=asked.question or texts.question(asked.kind, card.task),
        instructions=asked.instructions or texts.instructions(asked.kind), seed=asked.seed,
        benchmark=f"{card.name} {card.version}", created=created, target_lufs=asked.loudness,
        least_heard=asked.least_heard, practice=asked.practice, per_rater=asked.per_rater or PER_RATER[asked.kind],
        systems=tuple(systems), stimuli=tuple(stimuli), trials=trials.trials, checks=trials.checks, clusters=clusters,
        without=panel.without,
    )  # fmt: skip
    return msgspec.structs.replace(key, test=hashlib.sha256(codec.encode(key)).hexdigest()[:16])


class _Sounds:
    """The sounds of all clips: equally loud, encoded, each with its id."""

    def __init__(self, asked: Asked, seconds: Mapping[str, float | None]) -> None:
        self.stimuli: list[Stimulus] = []
        self.encoded: dict[str, str] = {}
        self.unreadable: list[str] = []
        self._asked, self._seconds = asked, seconds

    def add(self, clip: str, voices: list[Voice], *, lowpass: bool, check: bool) -> None:
        """Add one clip, or say why it is left out: one of its sounds cannot be read."""
        seconds = self._seconds[clip]
        heard: dict[str, Audio] = {}
        try:
            for voice in voices:
                path = voice.path(clip)
                if path is not None:
                    length = None if seconds is None else usable_seconds(seconds)
                    heard[voice.system.name] = load_audio(path, seconds=length)
        except Unmeasurable as problem:
            self.unreadable.append(f"{clip} is left out: {problem}")
            return
        own = next((heard[v.system.name] for v in voices if v.system.role in {"reference", "check"}), None)
        if lowpass and own is not None:
            heard[LOWPASS] = sounds.lowpass(own)
        if check and own is not None:
            heard[CHECK] = sounds.noise(own.seconds, self._asked.seed)
        for name, one in sounds.match(heard, self._asked.loudness).items():
            made = Stimulus(stimulus_id(self._asked.seed, clip, name), clip, name, one.lufs, round(one.gain, 2))
            self.stimuli.append(made)
            self.encoded[made.id] = base64.b64encode(sounds.flac(one.audio)).decode()


def _pictures(clips: list[str], samples: Mapping[str, Sample]) -> tuple[dict[str, str], list[str]]:
    found, notes = {}, []
    for clip in clips:
        video = samples[clip].video if clip in samples else None
        if video is None:
            continue
        try:
            data = small_mp4(video.path, video.start, video.seconds, height=HEIGHT)
        except Unmeasurable as problem:
            notes.append(f"{clip} has no picture: {problem}")
            continue
        found[clip] = f"data:video/mp4;base64,{base64.b64encode(data).decode()}"
    if not found:
        notes.append("No clip has a picture: raters judge the sound alone.")
    return found, notes


def _shown(
    key: TestKey, asked: Asked, encoded: Mapping[str, str], pictures: Mapping[str, str], samples: Mapping[str, Sample]
) -> dict[str, Any]:
    """Return what the page is filled with: nothing in it says which system a sound is of."""
    places = {clip: f"c{place}" for place, clip in enumerate(key.clusters)}
    reference = {one.clip: one.id for one in key.stimuli if key.role(one.system) == "reference"}
    data = {
        "test": key.test, "kind": key.kind, "seed": key.seed, "perRater": key.per_rater,
        "leastHeard": asked.least_heard, "practice": asked.practice, "grades": texts.GRADES, "bands": texts.BANDS,
        "words": {places[c]: samples[c].transcript for c in places if c in samples and samples[c].transcript},
        "trials": [
            {"id": t.id, "clip": places[t.clip], "stimuli": t.stimuli, "always": t.always, "group": t.group,
             "reference": reference.get(t.clip) if key.kind == "mushra" else None}
            for t in key.trials
        ],
    }  # fmt: skip
    # "</script>" must not occur in what a script element holds.
    text = json.dumps(data).replace("<", "\\u003c")
    return {
        "data": text, "question": key.question, "instructions": key.instructions, "kind": key.kind,
        "sounds": dict(sorted(encoded.items())), "pictures": {places[c]: uri for c, uri in pictures.items()},
        "test": key.test, "answers": f"answers-{key.test[:6]}", "key_name": KEY,
    }  # fmt: skip
