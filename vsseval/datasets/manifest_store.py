"""Where registered benchmarks lie, and how a run reads them: a header, a manifest, and the state of every file.

`<data_root>/<benchmark>/<variant>/` holds `registered.json`, `manifest.jsonl` (whole clips, not yet cut) and
`problems.tsv`; `<data_root>/<benchmark>/files.jsonl` holds what was found in the files, for all variants together.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from vsseval.datasets.description import least_seconds
from vsseval.datasets.hash_media import FileFacts, journal, unchanged
from vsseval.errors import EnvironmentFault, MissingData, UsageError
from vsseval.store import atomic, codec
from vsseval.text.readers import file_bytes
from vsseval.types import BenchmarkCard, Medium, Record, Sample

if TYPE_CHECKING:
    from vsseval.datasets.description import DatasetDescription, Variant

__all__ = [
    "Header",
    "Registered",
    "cut_sample",
    "data_root",
    "find_registered",
    "manifest",
    "media_of",
    "registered_folder",
    "registered_headers",
    "remove_registered",
    "write_registered",
]

SCHEMA = 1
HEADER, MANIFEST, PROBLEMS, FILES = "registered.json", "manifest.jsonl", "problems.tsv", "files.jsonl"


class Header(Record, frozen=True):
    """Content of `registered.json`."""

    schema: int
    benchmark: str
    variant: str
    version: str
    root: Path
    """The data folder."""
    list: str
    """Name of the list; "(folder)" where the folder itself is the list."""
    list_sha256: str
    """Of the list's bytes, or of the ids."""
    size: int
    """N."""
    present: int
    """Clips that can be used."""
    problems: dict[str, int]
    """Kind of problem -> clips."""
    created: str

    @property
    def again(self) -> str:
        """The command that registers it again."""
        return f"vsseval data add {self.benchmark} --root {shlex.quote(str(self.root))} --variant {self.variant}"


class Registered:
    """A registered benchmark; the manifest is read when its samples are first asked for."""

    def __init__(self, dataset: DatasetDescription, variant: Variant, header: Header, seconds: float | None) -> None:
        self._dataset, self._header = dataset, header
        self._seconds = seconds or variant.seconds
        self.card = msgspec.structs.replace(
            dataset_card(dataset, variant, self._seconds),
            name=f"{dataset.name}:{header.variant}" + (f"@{seconds:g}" if seconds else ""),
            version=header.version,
            size=header.size,
            data=f"{header.size:,} clips; list {header.list}, sha256 {header.list_sha256[:12]}",
        )

    def samples(self) -> Sequence[Sample]:
        """Return every clip in the list's order, cut to the protocol's length.

        A file that is gone or was changed since it was registered is a clip's `problem`.

        Raises:
            UsageError: the manifest is damaged.
        """
        return self._samples

    @cached_property
    def _samples(self) -> tuple[Sample, ...]:
        samples = manifest(self._header)
        again = self._header.again
        known = journal(registered_folder(self._dataset.name, self._header.variant).parent / FILES)
        # Of all files that were ever registered, only those of this manifest are looked at.
        used = {medium.path for sample in samples for medium in media_of(sample)}
        files = {path: (known[path], unchanged(known[path])) for path in used if path in known}
        cuts = [cut_sample(sample, self._seconds) for sample in samples]
        return tuple(_checked(msgspec.structs.replace(s, lost=s.problem is not None), files, again) for s in cuts)


def manifest(header: Header) -> list[Sample]:
    """Return the clips of a registered variant, before they are cut and before their files are looked at.

    Raises:
        UsageError: the manifest is damaged.
    """
    path = registered_folder(header.benchmark, header.variant) / MANIFEST
    try:
        samples = [codec.decode(line, Sample) for line in file_bytes(path).splitlines()]
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(f"{path} is damaged ({error}). Register it again: {header.again}") from error
    if len(samples) != header.size:
        raise UsageError(f"{path} holds {len(samples)} of {header.size} clips. Register it again: {header.again}")
    return samples


def media_of(sample: Sample) -> list[Medium]:
    """Return the media of a clip that there are."""
    media = (sample.video, sample.reference, sample.speaker_prompt)
    return [medium for medium in media if medium is not None]


def dataset_card(dataset: DatasetDescription, variant: Variant, seconds: float | None) -> BenchmarkCard:
    """Return the card of a variant as it is known without the data; a size of 0 is unknown."""
    return BenchmarkCard(
        name=f"{dataset.name}:{variant.name}",
        version=variant.version,
        task=dataset.task,
        size=variant.size or 0,
        licence=dataset.licence,
        description=f"{dataset.description} {variant.description}".strip(),
        metrics=dataset.metrics,
        citation=dataset.citation,
        profile=dataset.profile,
        protocol=_protocol(dataset, variant, seconds),
        inputs=dataset.inputs,
        known_losses=dataset.known_losses,
    )


def _protocol(dataset: DatasetDescription, variant: Variant, seconds: float | None) -> str:
    """Return the choices of a benchmark and its variant as one text."""
    length = f"First {seconds:g} s." if seconds else "Whole clips."
    voices = {
        "gt": "Speaker prompt: the target's own recording.",
        "same_speaker_fixed": "Speaker prompt: another recording of the speaker, as the list says.",
        "same_speaker_random": f"Speaker prompt: another recording of the speaker, drawn with seed {variant.seed}.",
        "unseen_speaker": "Speaker prompt: a speaker of another corpus, as the list says.",
        "none": "",
    }
    return " ".join(part for part in (length, voices[variant.reference_mode], dataset.protocol) if part)


def cut_sample(sample: Sample, seconds: float | None) -> Sample:
    """Return a clip cut to its first seconds, with its reference; one that is too short has a problem.

    A prompt, of which there is nothing to cut, is asked to be as long.
    """
    if seconds is None or sample.problem is not None:
        return sample
    if sample.video is None and sample.reference is None:
        return msgspec.structs.replace(sample, duration=seconds)
    if sample.duration < least_seconds(seconds):
        why = f"too short: {sample.duration:.2f} s, the protocol asks for {seconds:g} s"
        return msgspec.structs.replace(sample, problem=why)
    length = min(seconds, sample.duration)

    def segment(medium: Medium | None) -> Medium | None:
        return None if medium is None else msgspec.structs.replace(medium, seconds=length)

    window = sample.speech_window
    if window is not None:
        window = (window[0], min(window[1], length)) if window[0] < length else None
    return msgspec.structs.replace(
        sample,
        duration=length,
        video=segment(sample.video),
        reference=segment(sample.reference),
        events=tuple(event for event in sample.events if event < length),
        speech_window=window,
    )


def data_root() -> Path:
    """Return where registered benchmarks lie: `$VSSEVAL_DATA`, or `benchmarks` in the user's data folder."""
    named = os.environ.get("VSSEVAL_DATA")
    if named:
        return Path(named).absolute()
    from platformdirs import user_data_dir

    return Path(user_data_dir("vsseval")) / "benchmarks"


def registered_folder(benchmark: str, variant: str) -> Path:
    """Return the folder of one registered variant."""
    return data_root() / benchmark / variant


def registered_headers(benchmark: str | None = None) -> list[Header]:
    """Return what is registered, of one benchmark or of all, sorted by name."""
    pattern = f"{benchmark or '*'}/*/{HEADER}"
    found = []
    for path in sorted(data_root().glob(pattern)):
        try:
            found.append(codec.decode(file_bytes(path), Header))
        except (OSError, msgspec.MsgspecError) as error:
            raise EnvironmentFault(
                f"{path} is damaged ({error}). Remove it with: "
                f"vsseval data remove {path.parent.parent.name}:{path.parent.name}"
            ) from error
    return found


def find_registered(dataset: DatasetDescription, variant: str | None, seconds: float | None = None) -> Registered:
    """Return a registered benchmark; without a variant the default's, or the first that is registered.

    Raises:
        MissingData: it is not registered, or its data folder is gone.
        UsageError: there is no such variant.
    """
    if variant is not None:
        dataset.variant(variant)
    known = {header.variant: header for header in registered_headers(dataset.name)}
    wanted = variant or next((v.name for v in dataset.variants if v.name in known), next(iter(known), None))
    if wanted is None or wanted not in known:
        title = dataset.name if variant is None else f"{dataset.name}:{variant}"
        there = f" (registered: {', '.join(known)})" if known else ""
        known_as = dataset.variant(variant)
        raise MissingData(
            f"{title} is not registered{there}. Get it with: {dataset.command(variant)}",
            dataset_card(dataset, known_as, known_as.seconds),
        )
    header = known[wanted]
    if not header.root.is_dir():
        gone = dataset.variant(wanted)
        raise MissingData(
            f"the data of {dataset.name}:{wanted} lay in {header.root}, which is not there. Mount it, or register it "
            f"where it is now: {dataset.command(wanted)}",
            dataset_card(dataset, gone, gone.seconds),
        )
    return Registered(dataset, dataset.variant(wanted), header, seconds)


def write_registered(header: Header, samples: Sequence[Sample]) -> None:
    """Register a variant: the manifest first, the header last, so that nothing half-written is ever found.

    Raises:
        EnvironmentFault: the place cannot be written.
    """
    folder = registered_folder(header.benchmark, header.variant)
    lines = b"".join(codec.encode(sample) + b"\n" for sample in samples)
    lost = [f"{sample.id}\t{sample.problem}\n" for sample in samples if sample.problem is not None]
    atomic.write_bytes(folder / MANIFEST, lines)
    atomic.write_bytes(folder / PROBLEMS, "".join(lost).encode())
    atomic.write_bytes(folder / HEADER, codec.pretty(header))


def remove_registered(benchmark: str, variant: str) -> None:
    """Forget a registered variant; the data folder is not touched.

    Raises:
        UsageError: it is not registered.
        EnvironmentFault: the place cannot be written.
    """
    folder = registered_folder(benchmark, variant)
    if not folder.is_dir():
        raise UsageError(f"{benchmark}:{variant} is not registered. See: vsseval data list")
    with atomic.as_environment_fault(folder):
        (folder / HEADER).unlink(missing_ok=True)
        shutil.rmtree(folder)
        if not any(path.is_dir() for path in folder.parent.iterdir()):
            shutil.rmtree(folder.parent)


def problem_kinds(samples: Sequence[Sample]) -> dict[str, int]:
    """Count problems by kind, the most frequent first."""
    counted = Counter(sample.problem.partition(":")[0] for sample in samples if sample.problem is not None)
    return dict(counted.most_common())


def _checked(sample: Sample, files: Mapping[Path, tuple[FileFacts, bool]], again: str) -> Sample:
    if sample.problem is not None:
        return sample
    for medium in media_of(sample):
        facts, same = files.get(medium.path, (None, False))
        if facts is None or not same or facts.sha256 != medium.sha256:
            why = "changed" if medium.path.exists() else "absent"
            detail = "is not the file that was registered" if why == "changed" else "is gone"
            return msgspec.structs.replace(sample, problem=f"{why}: {medium.path.name} {detail}; {again}")
    return sample
