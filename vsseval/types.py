"""The nouns of vsseval: frozen structs that pass between stages, and go to disk as they are.

Seconds are floats named ``seconds`` or ``duration``; hashes are lower-case hexadecimal sha256.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from pathlib import Path
from typing import Literal

import msgspec

Status = Literal["ok", "failed", "missing", "not_applicable"]
Task = Literal["v2s", "vtts", "joint", "tts"]
Direction = Literal["higher", "lower"]

BOUNDS = ("reference", "shuffled", "noise", "silence")
"""Pseudo-systems that every table carries, from what should be best to what should be worst."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all nouns: immutable, written and read as JSON by msgspec."""


class Need(StrEnum):
    """What a feature can be taken from."""

    AUDIO = "audio"
    """The generated audio."""
    REFERENCE = "reference"
    """The benchmark's own recording of the clip."""
    VIDEO = "video"
    """The clip's video, or the one that the system made itself."""
    SPEAKER = "speaker"
    """The speaker prompt: another utterance of the voice that is asked for."""
    TRANSCRIPT = "transcript"
    """The words that are to be said, without the tags of their speakers."""
    TURNS = "turns"
    """The transcript with its tags, `[S1] … [S2] …`, where it has any (`vsseval.turns`)."""
    CAPTION = "caption"
    """What is to be heard, a text of the manifest."""
    EVENTS = "events"
    """Seconds at which visible events happen, annotated by the benchmark; a text, separated by spaces."""
    PAIR = "pair"
    """The id of a clip that is one of two, which then ends in `_a` or `_b`."""
    CONFLICT = "conflict"
    """The id of one of several clips of a video, asked for in other words each: it ends in `__L0`, `__L1_…`, `__L2`."""


TEXTS = frozenset({Need.TRANSCRIPT, Need.TURNS, Need.CAPTION, Need.EVENTS, Need.PAIR, Need.CONFLICT})
"""What is not in a file but in the manifest."""


class Medium(Record, frozen=True, omit_defaults=True):
    """A media file and the sha256 of its bytes, or a segment of it: nobody sees or hears what lies outside."""

    path: Path
    """The file."""
    sha256: str
    """Of its bytes, lower-case hexadecimal."""
    start: float = 0.0
    """Seconds of the file's clock at which the segment begins."""
    seconds: float | None = None
    """Length of the segment; None reaches to the end of the file."""

    @property
    def key(self) -> str:
        """What features of the medium are stored under: the sha256 of the file, or that of file and segment."""
        if not self.start and self.seconds is None:
            return self.sha256
        length = None if self.seconds is None else float(self.seconds)  # 8 and 8.0 are one segment
        return hashlib.sha256(f"{self.sha256} {float(self.start)!r} {length!r}".encode()).hexdigest()


class Sample(Record, frozen=True):
    """One clip of a benchmark, with its reference."""

    id: str
    """Unique within the benchmark; sounds of finished systems are found by it."""
    cluster: str
    """Unit of resampling: the source video or the speaker."""
    duration: float
    """Seconds that a model has to fill."""
    video: Medium | None = None
    """What is seen; its own sound is never shown to a model."""
    caption: str | None = None
    """What sounds, in words."""
    transcript: str | None = None
    """What is to be said; tags say who speaks where several do, `[S1] … [S2] …`."""
    language: str = "en"
    """What is spoken: a BCP 47 tag, "en-x-grid" for the closed grammar of the GRID corpus."""
    speech_window: tuple[float, float] | None = None
    """Seconds between which the face speaks."""
    speaker_prompt: Medium | None = None
    """Another utterance of the voice that is asked for."""
    reference: Medium | None = None
    """The recording that generated sound is held against."""
    label: str | None = None
    """Class of the sounding event, where the benchmark has classes."""
    events: tuple[float, ...] = ()
    """Seconds at which the visible events happen."""
    subset: str = ""
    """Part of the benchmark that is also reported on its own, for example a voice kept out of training."""
    problem: str | None = None
    """Why the clip cannot be used (an unreadable file); it stays in N."""
    lost: bool = False
    """The problem was there when the data set was registered: known, told as n of N, and no failure of a run."""


class Request(Record, frozen=True):
    """What a model is given: a sample without reference, label and event times, a muted video, and a seed."""

    id: str
    """Of the clip; a model's output bears it."""
    duration: float
    """Seconds of sound to make."""
    seed: int
    """Of this clip alone, made from the run's seed and the clip's id: whatever is drawn is drawn from it."""
    sample: int = 0
    """Number of the sample, from 0, where several are made of each clip: finished sound is chosen by it."""
    video: Medium | None = None
    """A copy without sound and without what lies outside the clip; None where there is none."""
    caption: str | None = None
    """What is to sound, in words; None where the benchmark has none."""
    transcript: str | None = None
    """What is to be said; None where nothing is."""
    language: str = "en"
    """Of the transcript, a BCP 47 tag."""
    speech_window: tuple[float, float] | None = None
    """Seconds between which the face speaks."""
    speaker_prompt: Medium | None = None
    """An utterance of the voice that is asked for."""
    reference: Medium | None = None
    """Always None, except for the bounds (`ModelCard.bound`), which are made from references."""
    other: Medium | None = None
    """Another clip's reference, for a bound that needs both."""
    others: tuple[Medium, ...] = ()
    """References of other clips, for a bound that chooses among them."""


class Generation(Record, frozen=True):
    """What came back for one request; one line of a shard's journal."""

    id: str
    status: Status
    path: Path | None = None
    """Relative to the run directory."""
    sha256: str | None = None
    sample_rate: int | None = None
    seconds: float | None = None
    wall_seconds: float | None = None
    error: str | None = None
    note: str | None = None
    """What is odd about a sound that was taken as it is: clipped, or not as long as was asked for."""
    peak: float | msgspec.UnsetType = msgspec.UNSET
    """Greatest magnitude of the samples before they were cut to full scale; unset where that is at most 1."""
    lost: bool = False
    """The registered data has no such clip (`Sample.lost`)."""
    picture: Medium | msgspec.UnsetType = msgspec.UNSET
    """The picture that the model made itself (`ModelCard.own_picture`), its path relative to the run directory."""


class Feature(Record, frozen=True, omit_defaults=True):
    """A feature of one medium: what `extractor` makes of `of`; or of two media together."""

    extractor: str
    """Name of the extractor, as its row has it."""
    of: Need
    """The medium that it is made of."""
    paired_with: Need | None = None
    """The second medium of a pair: the extractor is given the features of both (`ExtractorSpec.source_extractor`)."""


class BenchmarkCard(Record, frozen=True):
    """Who a benchmark is. `version` is raised whenever the manifest changes."""

    name: str
    version: str
    task: Task
    size: int
    licence: str
    description: str
    metrics: tuple[str, ...]
    """Customary metrics, as ids (`fad@logmel`)."""
    citation: str = ""
    profile: str = ""
    """Whose way of measuring the customary metrics follow ("avbench", "v2c")."""
    protocol: str = ""
    """Choices that papers leave open: seconds, whose voice is the prompt, where lengths come from."""
    inputs: tuple[str, ...] = ()
    """What a system may be given ("video", "caption", "transcript", "speaker")."""
    known_losses: str = ""
    """What is known of clips that vanished, and of lists that differ between papers."""
    data: str = ""
    """What is registered on this machine: how many clips are usable, and which list."""
    argument: str | msgspec.UnsetType = msgspec.UNSET
    """Of a benchmark that is named by a path, the folder's name, for people to know it by: which clips it holds is in
    `version`."""

    @property
    def title(self) -> str:
        """What tables and messages call it: `mini_v2s`, `folder:my_clips`."""
        return f"{self.name}:{self.argument}" if self.argument else self.name


class ModelCard(Record, frozen=True):
    """Who a model is. `weights` is a sha256 or "none"; `note` stands under every table that shows the model."""

    name: str
    """As tables show it."""
    version: str
    """Raised whenever the same request would give another sound."""
    tasks: tuple[Task, ...]
    """What it can do; on benchmarks of other tasks it is not run."""
    weights: str = "none"
    """sha256 of the weights, or "none"; another hash is another system."""
    licence: str = ""
    """Of the weights."""
    note: str = ""
    """What a reader of its numbers has to know; stands under tables."""
    bound: Literal["own", "other", "both", "others"] | None = None
    """Set for the bounds only: whose reference the planner hands over, the clip's own, another clip's, both, or its own
    and those of up to 64 other clips."""
    argument: str | None = None
    """The argument in its one spelling, where several mean one thing: of a folder its name, for its path says where
    it lies, and what it holds is in `weights`. None: as it was written."""
    uses_video: bool = True
    """Whether it looks at videos; where it does not, no muted copies are made for it, and it is handed none."""
    own_picture: Literal[True] | msgspec.UnsetType = msgspec.UNSET
    """Set where its outputs come with a picture of their own: metrics see that one, and not the benchmark's video."""
    threads: int = 1
    """Threads of a process that it takes on a processor; sounds of another number differ in their last bits."""
    batch: int = 1
    """Clips that it wants to be asked for at once, at least: where starting costs it more than a clip does."""


def is_bound(card: ModelCard) -> bool:
    """Return whether a model is a pseudo-system (`reference`, `silence`, …), which is no system to be ranked."""
    return card.bound is not None or card.name in BOUNDS


class ExtractorSpec(Record, frozen=True):
    """Who an extractor is; name, version and weights are part of the key of every feature it makes."""

    name: str
    """As metrics name it."""
    version: str
    """Raised whenever the arrays change."""
    input_kinds: tuple[Literal["audio", "video", "text", "features"], ...]
    """Media that it takes; "features" for one that puts two together."""
    sample_rate: int | None = None
    """Samples per second that sound is brought to; None where that has no meaning."""
    weights: str = "none"
    """sha256 of the weights, or "none"."""
    licence: str = ""
    """Of the weights."""
    description: str = ""
    """What it computes, in a line."""
    device: str = "cpu"
    """Kind of the device that the features are computed on ("cpu", "cuda"): their last digits depend on it."""
    precision: str = "float32"
    """What they are computed in there ("float16"): part of every signature where it is another one."""
    source_extractor: str | None = None
    """Set where `input_kinds` is "features": the extractor whose features of two media it puts together."""

    @property
    def identity(self) -> tuple[str, ...]:
        """All that features of one medium depend on."""
        bare = (self.name, self.version, self.weights)
        return bare if self.device == "cpu" and self.precision == "float32" else (*bare, self.device, self.precision)


class MetricSpec(Record, frozen=True):
    """Declaration of one metric at one recipe; what it needs is derived from its inputs."""

    name: str
    """The field's name: fad, wer."""
    recipe: str
    """Whose way of computing it: the part after the @."""
    version: str
    """Raised whenever the same features would give another number."""
    inputs: dict[str, Feature | Need]
    """Argument name -> a feature, or a text (`Need.TRANSCRIPT`, `Need.CAPTION`, `Need.EVENTS`) given as it is."""
    direction: Direction
    """Which way is better: "higher" or "lower"."""
    unit: str
    """Of the displayed value: %, s, dB; empty for none."""
    description: str
    """What it measures, in a line."""
    citation: str = ""
    """Paper that it is from."""
    scale: float = 1.0
    """Factor from the stored value to the displayed one (100 for per cent)."""
    decimals: int = 2
    """Digits after the point in tables."""
    minimum: float | None = None
    maximum: float | None = None
    """What the value can be at least and at most, in stored units; None for no end. Intervals are cut there."""
    language: str | None = None
    """Applies only to samples of this language, to others it is `not_applicable`; as `vsseval.language.covers` has it:
    "en" is English of any region, "en-x-grid" the closed grammar of GRID alone, "en*" both."""
    min_seconds: float = 0.0
    """Seconds; to clips that last less, by the manifest, it is `not_applicable`."""
    expected_to_separate: tuple[str, ...] = ("shuffled", "noise", "silence")
    """Bounds that the metric claims to rank below `reference`; where it fails to, tables flag it."""
    ranked: bool = True
    """Whether tables may call one system the best by it. False where papers do not agree which way is better."""
    least_clips: int = 1
    """Of fewer measured clips there is no value. Where it is more than one, the value of a single clip says so little
    that none is shown by itself."""
    proxy: bool = False
    """Whether it stands in for what it is named after, and tables say so beside its recipe."""

    @property
    def id(self) -> str:
        """`name@recipe`."""
        return f"{self.name}@{self.recipe}"


class Score(Record, frozen=True):
    """One clip's value and its weight: the aggregate is sum(value * weight) / sum(weight)."""

    value: float
    """In the metric's stored unit; never NaN."""
    weight: float = 1.0
    """Share in the aggregate: words of a transcript for an error rate, else 1."""
    detail: dict[str, float | int | str] = {}
    """What else is to be told of the clip; kept in `scores.parquet`."""
