"""Lays the inputs of clips out under neutral names, with the list that the system reads."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, NamedTuple

from vsseval import media
from vsseval.errors import Unmeasurable
from vsseval.store import atomic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vsseval.models.baseline.spec import Baseline, FrameCount, Inputs
    from vsseval.types import Request

__all__ = ["Staged", "missing_input", "parts", "stage", "write_listing"]

SEEDS = 2**31
"""Most programs take 32 bits; a clip's seed has 63."""


class Staged(NamedTuple):
    """A clip as a system knows it."""

    request: Request
    values: Mapping[str, object]
    """What placeholders stand for."""

    @property
    def name(self) -> str:
        """The neutral name, without a suffix."""
        return str(self.values["name"])


def missing_input(request: Request, wants: Inputs) -> str | None:
    """Return what a clip lacks for a system to be asked, or None."""
    given = {
        "video": request.video, "caption": request.caption, "transcript": request.transcript,
        "speaker_prompt": request.speaker_prompt,
    }  # fmt: skip
    lost = [name for name, medium in given.items() if getattr(wants, name) == "required" and not medium]
    return f"the clip has no {' and no '.join(lost)}, without which this system does nothing" if lost else None


def stage(baseline: Baseline, request: Request, row: int, places: Mapping[str, str]) -> Staged:
    """Lay out one clip.

    A video that is left as it is becomes a symbolic link; one that is cut or brought to another rate is encoded anew.
    A speaker prompt becomes a WAV.

    Args:
        baseline: how.
        request: the clip.
        row: its place in this run, from 0.
        places: what `{in}`, `{out}` and the other folders stand for.

    Raises:
        Unmeasurable: the video or the prompt cannot be read.
        EnvironmentFault: no room, no permission.
    """
    how = baseline.stage
    seconds = request.duration if how.cut_seconds is None else min(request.duration, how.cut_seconds)
    caption = _line(request.caption) if baseline.inputs.caption != "none" else ""
    transcript = _line(request.transcript) if baseline.inputs.transcript != "none" else ""
    values: dict[str, object] = {
        **places,
        "row": row,
        **parts(request.id),
        "seed": request.seed % SEEDS,
        "duration": f"{seconds:g}",
        "whole_seconds": max(1, int(seconds)),
        "caption": caption or how.default_caption,
        "transcript": transcript.lower() if how.lower_case else transcript,
    }
    values["name"] = how.name.format_map(values)
    if request.video is not None and baseline.inputs.video != "none" and how.videos:
        video = _video(baseline, request, Path(how.folder.format_map(values)) / f"{values['name']}.mp4")
        values["video"] = str(video)
        if how.frame:
            values["frame"] = str(_frame(video))
    if request.speaker_prompt is not None and baseline.inputs.speaker_prompt != "none":
        values |= _prompt(request, values)
    if how.frames is not None:
        values["frames"] = _frames(how.frames, seconds)
    values |= {name: _phrase(text, values) for name, text in how.phrases.items()}
    return Staged(request, values)


def parts(clip: str) -> dict[str, str]:
    """Return what placeholders stand for of an id: all of it, what follows the last slash, and its two halves.

    Data sets name clips by two names (speaker and sentence, video and number), joined by "/" or "_".
    """
    halves = re.match(r"(?:(.*)[/_])?([^/_]*)$", clip, re.DOTALL)
    head, last = halves.groups() if halves else ("", clip)
    return {"id": clip, "tail": clip.rsplit("/", 1)[-1], "head": head or "", "last": last}


def write_listing(baseline: Baseline, clips: Sequence[Staged], places: Mapping[str, str]) -> None:
    """Write the list of the clips, if the system reads one.

    Raises:
        EnvironmentFault: no room, no permission.
    """
    listing = baseline.stage.listing
    if listing is None:
        return
    path = Path(listing.path.format_map({**places, "format": listing.format}))
    rows = [{key: text.format_map(clip.values) for key, text in listing.fields.items()} for clip in clips]
    file = io.StringIO()
    if listing.format == "csv":
        writer = csv.DictWriter(file, [*listing.fields], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    elif listing.format == "config":
        json.dump({key: _setting(text, clips[0].values) for key, text in listing.fields.items()}, file, indent=1)
    elif listing.format == "jsonl":
        file.writelines(json.dumps(row) + "\n" for row in rows)
    else:
        file.writelines("\t".join(" ".join(value.split()) for value in row.values()) + "\n" for row in rows)
    atomic.write_bytes(path, file.getvalue().encode(), durable=False)


def _phrase(text: str, values: Mapping[str, object]) -> str:
    """Return a template filled, or nothing where a placeholder of it is empty or lacks."""
    wanted = [name for _, name, _, _ in Formatter().parse(text) if name]
    return text.format_map(values) if all(values.get(name) not in {None, ""} for name in wanted) else ""


def _frames(how: FrameCount, seconds: float) -> int:
    """Return the least number of pictures that a system can make for a clip of some seconds."""
    needed = math.ceil(seconds * how.rate - 1e-6)
    return max(0, math.ceil((needed - how.extra) / how.step)) * how.step + how.extra


def _setting(text: str, values: Mapping[str, object]) -> object:
    """Return what a setting says: what people wrote stays text, even where it reads "8" or "true"."""
    if "{" in text:
        found = values.get(text[1:-1])
        return found if isinstance(found, int) else text.format_map(values)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _line(text: str | None) -> str:
    """Return a text on one line, without what ends an argument."""
    return " ".join((text or "").replace("\0", " ").split())


def _frame(video: Path) -> Path:
    from PIL import Image

    target = video.with_suffix(".png")
    frames = media.Video(video).each()
    Image.fromarray(next(frames).picture()).save(target)
    frames.close()
    return target


def _video(baseline: Baseline, request: Request, target: Path) -> Path:
    assert request.video is not None
    source, how = request.video, baseline.stage
    with atomic.as_environment_fault(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    video = media.Video(source.path, source.start, source.seconds)
    long = how.cut_seconds is not None and video.seconds > how.cut_seconds
    seconds = how.cut_seconds if long else source.seconds
    if how.fps is not None:
        cut = media.Video(source.path, source.start, seconds)
        media.write_mp4(target, cut.stream(how.fps), how.fps)
    elif seconds is not None or source.start or source.path.suffix.lower() != ".mp4":
        media.mute(source.path, target, source.start, seconds)
    else:
        with atomic.as_environment_fault(target):
            target.symlink_to(source.path.absolute())
    return target


def _prompt(request: Request, values: Mapping[str, object]) -> dict[str, str]:
    assert request.speaker_prompt is not None
    prompt = request.speaker_prompt
    audio = media.load_audio(prompt.path, prompt.start, prompt.seconds)
    target = Path(f"{values['in']}/{values['name']}_prompt.wav")
    with atomic.as_environment_fault(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    media.write_wav(target, audio.samples, audio.sample_rate)
    length = audio.samples.shape[1] / audio.sample_rate
    if length <= 0:
        raise Unmeasurable("the speaker prompt is empty")
    return {"prompt": str(target), "total_seconds": f"{length + request.duration:.3f}"}
