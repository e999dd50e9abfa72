"""`folder:PATH`: a folder of the user's own clips, with or without a list, as a benchmark.

Without a list, every video of the folder and of the folders below it is a clip (`own_files` says what its id is); its
reference is the sound file of its name beside it, or else its own audio track. A list (`clips.csv`, `.tsv`, `.jsonl`,
or `metadata.csv`) names the clips and what is known of them. Nothing is written into the folder.

What cannot be used is never dropped. A clip whose video is missing, empty, truncated or without frames keeps its
place in N with a `problem`. A reference or speaker prompt that cannot be opened is no fault of any model: the clip is
used without it, the log says so, and the metrics that need it are `not_applicable` there. A clip of a list that has a
reference and no video is speech without pictures, as long as its reference. The rows of a list without any medium are
prompts, where they say how long they are to be. A list that contradicts itself (two clips
of one id, a line that is not JSON) is refused whole, with every fault in one message. Every other file is named, with
the reason why it is passed over.
"""

from __future__ import annotations

import logging
import os.path
from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.benchmarks.base import BenchmarkCard, Sample
from vsseval.datasets.own_clips import OwnClip, list_of, listed, unlisted
from vsseval.datasets.own_files import Contents, contents, some, tell
from vsseval.errors import Unmeasurable, UsageError
from vsseval.language import ENGLISH, GRID, covers, wrong_script
from vsseval.media import check_video, media_limits, probe, require_within, sha256, usable_seconds
from vsseval.store.known_files import known_files
from vsseval.store.manifest_hash import manifest_hash
from vsseval.turns import is_dialogue, spoken
from vsseval.types import Medium, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Folder", "folder"]

_EXAMPLE = "--benchmark folder:my_clips, where my_clips holds videos (mp4, mov, mkv, webm, avi, ts, wmv, ...)"

log = logging.getLogger("vsseval")


class Folder:
    """A folder of clips. The list is read, and every medium opened and hashed, in the constructor.

    A file that an earlier command has opened is not opened again, while its size and its times stay the same.
    """

    def __init__(self, root: Path) -> None:
        """Read the folder.

        Raises:
            UsageError: there is no such folder, it holds no clips, or its list is faulty.
        """
        # Absolute, since extraction may run in processes that stand elsewhere.
        root = Path(os.path.abspath(root))  # noqa: PTH100 (resolve() would follow links out of the folder)
        if not root.is_dir():
            raise UsageError(f"{root} {'is not a folder' if root.exists() else 'does not exist'}: write {_EXAMPLE}")
        with known_files(root):
            found = contents(root)
            lists = list_of(found)
            clips = listed(found, lists) if lists else unlisted(found)
            if not clips:
                raise UsageError(
                    f"{root} holds no videos: write {_EXAMPLE}, or a list of speech without pictures, clips.csv"
                )
            self._samples = tuple(_sample(clip) for clip in clips)
        self.card = _card(root, self._samples)
        _tell(found, lists, clips)

    def samples(self) -> Sequence[Sample]:
        """Return the clips, in the list's order; without a list, sorted by path."""
        return self._samples


def folder(argument: str | None) -> Folder:
    """Return the benchmark of `--benchmark folder:PATH`.

    Raises:
        UsageError: no folder is named, there is none of that name, it holds no clips, or its list is faulty.
    """
    if not argument:
        raise UsageError(f"the benchmark `folder` needs a path: {_EXAMPLE}")
    return Folder(Path(argument).expanduser())


def _sample(clip: OwnClip) -> Sample:
    """Open a clip's media; what is wrong with the video, or with the reference of speech alone, is its problem."""
    cells = clip.cells
    longest = media_limits().seconds
    prompt = _sound(clip, clip.prompt, "speaker prompt", longest) if clip.prompt else None
    if clip.seconds is not None and clip.video is None:
        video, seconds, own, problem, reference = None, clip.seconds, None, None, None
    elif clip.video is None and clip.sound and (reference := _sound(clip, clip.sound, "reference", longest)):
        video, seconds, own, problem = None, reference.seconds or probe(reference.path).seconds, None, None
    else:
        video, seconds, has_audio, problem = _video(clip)
        own = video if has_audio else None
        used = usable_seconds(seconds) if problem is None else longest
        reference = _sound(clip, clip.sound, "reference", used) if clip.sound else None
    return Sample(
        id=clip.id,
        cluster=cells.get("cluster", clip.id),
        duration=seconds,
        video=video,
        caption=cells.get("caption"),
        transcript=cells.get("transcript"),
        language=cells.get("language", ENGLISH),
        speech_window=clip.window,
        speaker_prompt=prompt,
        reference=reference if clip.sound else own,
        label=cells.get("label"),
        problem=problem,
    )


def _video(clip: OwnClip) -> tuple[Medium | None, float, bool, str | None]:
    """Return the video, its seconds, whether it has a sound that can be heard, and why it cannot be used."""
    if clip.video is None:
        lost = f", and its reference {clip.sound.name} cannot be used" if clip.sound else ""
        return None, 0.0, False, f"there is no video named {clip.id!r} in the folder{lost}"
    medium: Medium | None = None
    try:
        medium = Medium(path=clip.video, sha256=sha256(clip.video))
        found = check_video(clip.video)
        require_within(clip.video.name, "seconds", found.seconds, f"{found.seconds:.0f} s of pictures")
    except Unmeasurable as reason:
        return medium, 0.0, False, f"unusable video: {reason}"
    if found.unheard is not None:
        log.warning("clip %r is used without its own sound: %s: %s", clip.id, clip.video.name, found.unheard)
    return medium, found.seconds, found.has_audio and found.unheard is None, None


def _sound(clip: OwnClip, path: Path, what: str, longest: float) -> Medium | None:
    """Return a reference or speaker prompt; None, and a warning, where it cannot be opened or has no audio.

    Of one that is much longer than the clip can use, it is the start, and a warning says so.
    """
    try:
        medium = Medium(path=path, sha256=sha256(path))
        found = probe(path)
        if found.has_audio and found.unheard is None:
            if found.seconds <= longest:
                return medium
            said = "clip %r: its %s %s is %.0f s long, of which %.1f s are used"
            log.warning(said, clip.id, what, path.name, found.seconds, longest)
            return Medium(path=medium.path, sha256=medium.sha256, seconds=longest)
        reason = f"{path.name}: {found.unheard or 'has no audio track'}"
    except Unmeasurable as error:
        reason = str(error)
    log.warning("clip %r is used without its %s: %s", clip.id, what, reason)
    return None


def _tell(found: Contents, lists: Path | None, clips: list[OwnClip]) -> None:
    """Say of every file that is no clip's what it is, and which tracks are taken of those that have several."""
    used = {lists, *(path for clip in clips for path in (clip.video, clip.sound, clip.prompt))}
    for path, seen in found.looks.items():
        if path not in used:
            found.passed.setdefault(path, _reason(seen.kind, lists))
        elif seen.tracks:
            log.warning("%s: %s", path, seen.tracks)
    beside = [clip.sound.name for clip in clips if clip.sound and clip.video and "reference" not in clip.cells]
    if beside:
        log.warning("%s: the reference is the sound beside the video of: %s", found.root, some(beside))
    tell(found.root, found.passed)


def _reason(kind: str, lists: Path | None) -> str:
    whose = f"not named in {lists.name}" if lists else "no video has its name"
    said = {"video": f"a video, {whose}", "sound": f"a sound, {whose}", "other": "no medium that can be read"}
    return said.get(kind, f"a {kind}")


def _card(root: Path, samples: tuple[Sample, ...]) -> BenchmarkCard:
    return BenchmarkCard(
        name="folder",
        version=manifest_hash(samples)[:8],
        task=_task(samples),
        size=len(samples),
        licence="the user's own",
        description=f"The clips of {root.name}.",
        metrics=_metrics(samples),
        argument=root.name,
    )


def _task(samples: tuple[Sample, ...]) -> Task:
    words = any(sample.transcript for sample in samples)
    sounding = any(sample.caption or sample.label for sample in samples)
    prompts = _are_prompts(samples)
    if words and (not sounding if prompts else _are_without_video(samples)):
        return "tts"
    if prompts:
        return "joint"
    if words:
        return "joint" if sounding else "vtts"
    return "v2s"


def _are_without_video(samples: tuple[Sample, ...]) -> bool:
    return all(sample.video is None and sample.problem is None for sample in samples)


def _are_prompts(samples: tuple[Sample, ...]) -> bool:
    """Say whether the clips are texts alone, of which systems make sound, and its picture too if they can."""
    return _are_without_video(samples) and not any(sample.reference for sample in samples)


def _metrics(samples: tuple[Sample, ...]) -> tuple[str, ...]:
    """Return the embedded metrics for which at least one clip has what they need."""
    recorded = any(sample.reference for sample in samples)
    seen = any(sample.video for sample in samples) or _are_prompts(samples)
    sounding = recorded and _task(samples) in {"v2s", "joint"}
    possible = {
        "fad@aisfx": sounding,
        "kl@aisfx": sounding,
        "sound_sim@aisfx": sounding,
        "fad@logmel": recorded,
        "desync@onset": seen,
        "wer@sphinx-grid": any(_is_heard(sample, GRID) for sample in samples),
        "wer@whisper-tiny.en": any(_is_heard(sample, ENGLISH) for sample in samples),
        "cpwer@whisper-tiny.en": any(
            _is_heard(sample, ENGLISH) and is_dialogue(sample.transcript or "") for sample in samples
        ),
        "spk_sim@ge2e": any(sample.speaker_prompt for sample in samples),
        "mos@distillmos": any(sample.transcript for sample in samples),
        "lip_sync@landmarks": seen and any(sample.transcript for sample in samples),
    }
    return tuple(metric for metric, there in possible.items() if there)


def _is_heard(sample: Sample, wanted: str) -> bool:
    said = sample.transcript
    return said is not None and covers(wanted, sample.language) and wrong_script(wanted, spoken(said)) is None
