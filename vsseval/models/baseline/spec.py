"""What a baseline's folder says of it: `baseline.toml` as frozen structs."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Literal

import msgspec

from vsseval.errors import EnvironmentFault
from vsseval.text.readers import file_text, toml_tables
from vsseval.types import Task

__all__ = [
    "Baseline", "Collect", "Command", "Driver", "Environment", "Expect", "FrameCount", "Inputs", "Listing", "Mix",
    "Patch", "Stage", "Weights", "digest", "read_baseline",
]  # fmt: skip

FILE = "baseline.toml"
BaselineKind = Literal["command", "python_driver", "precomputed", "mix", "reported_only"]
_SAID = ("title", "licence", "citation", "verified", "read", "outputs")
InputUse = Literal["required", "optional", "none"]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file; a misspelt key is an error."""


class Weights(_Table, frozen=True):
    """One file of weights; hashes only where somebody published them."""

    name: str
    url: str = ""
    sha256: str = ""
    md5: str = ""
    licence: str = ""
    target: str = ""
    """Where the system looks for it, below its repository; empty where it fetches the file itself."""


class Environment(_Table, frozen=True):
    """What the system runs in."""

    python: tuple[str, ...] = ()
    """Versions of the interpreter ("3.10"), the preferred one first."""
    system: tuple[str, ...] = ()
    """Programs that have to be on the path, as people name them ("ffmpeg<7")."""
    install: tuple[str, ...] = ()
    """What pip is told to install besides the lock, from within the repository: ["-r", "requirements.txt"]."""
    steps: tuple[str, ...] = ()
    """Commands that no packager can do for the user: weights behind a form, submodules, builds."""


class Inputs(_Table, frozen=True):
    """What the system looks at."""

    video: InputUse = "none"
    caption: InputUse = "none"
    transcript: InputUse = "none"
    speaker_prompt: InputUse = "none"


class Listing(_Table, frozen=True):
    """A list of the clips that the system reads, one row per clip."""

    format: Literal["csv", "jsonl", "tsv", "lines", "config"]
    """"config" is one JSON object, for systems that take their settings from a file: JSON is YAML too."""
    fields: dict[str, str]
    """Column -> template. tsv and lines have no header; of lines there is one field; a config's keys are its settings,
    whose numbers, lists, true and false are such where they stand in the template."""
    path: str = "{in}/list.{format}"


class FrameCount(_Table, frozen=True):
    """How a system counts the pictures that it makes: `{frames}` is the least count that lasts as long as the clip."""

    rate: float
    """Pictures per second."""
    step: int = 1
    extra: int = 0
    """It takes counts of a multiple of `step`, and `extra`."""


class Stage(_Table, frozen=True):
    """How inputs are laid out before a run."""

    name: str = "clip_{row:06d}"
    """Name without a suffix under which a clip is known to the system; `{id}` for official lists."""
    folder: str = "{in}"
    """Where videos are put."""
    videos: bool = True
    cut_seconds: float | None = None
    """Longest clip that the system takes; the rest is cut off before it sees it."""
    fps: float | None = None
    """Frame rate that the system needs its input in."""
    frame: bool = False
    """Whether the system is given the first frame as a picture."""
    default_caption: str = ""
    """What stands for the caption where the clip has none, or where the system is not to see it."""
    lower_case: bool = False
    """Whether transcripts are given in lower case."""
    phrases: dict[str, str] = {}
    """More placeholders: a template, or nothing where something that stands in it is empty."""
    frames: FrameCount | None = None
    listing: Listing | None = None


class Command(_Table, frozen=True):
    """The command lines of one process, or of several that follow each other."""

    steps: tuple[tuple[str, ...], ...]
    group: Literal["clip", "batch", "whole"] = "clip"
    """One process for each clip, one for many, or one for the official list however few are asked for."""
    cwd: str = "{repo}"
    env: dict[str, str] = {}
    seed: int | None = None
    """For a batch, which has one seed: the authors' own. A single clip has its own."""
    clip_seconds: float = 900.0
    """Time-out, times the number of clips."""
    checkpoint: str = ""
    """What `{checkpoint}` stands for where the user names none."""
    fresh: tuple[str, ...] = ()
    """Folders of the repository that are empty at the start of each run, where results and caches would go stale."""


class Collect(_Table, frozen=True):
    """Where the sound of a clip lies afterwards."""

    pattern: str
    """Path with placeholders and, where a date or a parameter is in it, wildcards."""
    also: tuple[str, ...] = ()
    """Other names that the system may give it; two files found are two too many all the same."""


class Expect(_Table, frozen=True):
    """What a sound has to be like to be believed the system's own."""

    sample_rate: int | None = None
    channels: int | None = None
    shortest: float | None = None
    longest: float | None = None
    """Seconds."""


class Patch(_Table, frozen=True):
    """A change to a copy of the repository: what is searched for has to be there."""

    file: str
    search: str
    replace: str
    why: str


class Driver(_Table, frozen=True):
    """The process that `worker.py` is."""

    batch: int = 1
    start_seconds: float = 1800.0
    clip_seconds: float = 600.0
    env: dict[str, str] = {}
    repo: bool = False
    """Whether it runs in a copy of the system's repository; else the packages of its environment are all it needs."""


class Mix(_Table, frozen=True):
    """Two models as one: sound, and speech over it."""

    sound: str
    speech: str
    sound_gain: float = 0.5
    """Factor on the sound under the speech: VSSFlow mixes its training data with 0.3 to 0.7."""
    checkpoint: Literal["", "sound", "speech"] = ""
    """Which half `--checkpoint` is for; empty where neither takes one."""


class Baseline(_Table, frozen=True):
    """One system."""

    name: str
    title: str
    kind: BaselineKind
    tasks: tuple[Task, ...]
    licence: str
    citation: str
    verified: str = "never"
    """"never", or the date and the version of the real system that this folder was tried with."""
    read: str = ""
    """When its repository, or for lack of one what is known of it, was last read: the day."""
    reason: str = ""
    """Why there are only reported numbers."""
    code: str = ""
    """Address of the repository."""
    revision: str = ""
    """Commit of the repository, or version of the package, that the commands were read from."""
    outputs: str = ""
    """Where the authors publish finished sound."""
    requires_gpu: bool = True
    threads: int = 1
    """Threads of a process that the system takes on a processor."""
    random: bool = False
    """Whether the system cannot be seeded: its sound differs from run to run."""
    weights: tuple[Weights, ...] = ()
    environment: Environment = Environment()
    inputs: Inputs = Inputs()
    stage: Stage = Stage()
    command: Command | None = None
    driver: Driver | None = None
    mix: Mix | None = None
    collect: Collect | None = None
    expect: Expect = Expect()
    variants: dict[str, Expect] = {}
    """What `name:variant` may say, the first being the default, and what their sound is like where that differs."""
    patches: tuple[Patch, ...] = ()
    picture: Literal["own"] | msgspec.UnsetType = msgspec.UNSET
    """"own" where its files hold a picture that it made itself, which metrics then see."""
    known_limits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        needed = {
            "command": self.command and self.collect, "python_driver": self.driver, "precomputed": self.collect,
            "mix": self.mix, "reported_only": self.reason,
        }  # fmt: skip
        if self.read and not re.fullmatch(r"20\d\d-\d\d-\d\d", self.read):
            raise ValueError(f"`read` is {self.read!r}: it ought to be the day on which its source was last read")
        if self.stage.listing is not None and self.stage.listing.format == "config" and not self._alone:
            raise ValueError('a list of the format `config` is of one clip: it needs command.group = "clip"')
        if not needed[self.kind]:
            raise ValueError(f"the kind {self.kind} lacks a table (command, collect, driver, mix) or its reason")

    @property
    def _alone(self) -> bool:
        """Whether it makes one clip at a time."""
        return self.command is not None and self.command.group == "clip"

    @property
    def needs_repo(self) -> bool:
        """Whether there has to be a copy of the system's repository."""
        if self.driver is not None:
            return self.driver.repo
        texts = [self.command.cwd, *(word for step in self.command.steps for word in step)] if self.command else []
        return any("{repo}" in text for text in texts)


def read_baseline(folder: Path) -> Baseline:
    """Read a baseline.

    Raises:
        EnvironmentFault: the file is not there, no TOML, or says what it must not.
    """
    path = folder / FILE
    try:
        found = msgspec.convert(toml_tables(file_text(path)), Baseline)
    except (OSError, ValueError, msgspec.ValidationError) as fault:
        raise EnvironmentFault(
            f"{path} is no baseline: {fault}. Its package may be damaged: pip install --force-reinstall vsseval"
        ) from fault
    if found.name != folder.name:
        raise EnvironmentFault(f"{path} calls itself '{found.name}': rename the folder or the baseline")
    return found


def digest(folder: Path) -> str:
    """Return the sha256 of what decides a baseline's sound: its folder, less what is only said of it.

    A mended citation must not make yesterday's sounds another system's.
    """
    told = msgspec.structs.replace(
        read_baseline(folder), **dict.fromkeys(_SAID, ""), known_limits=(), requires_gpu=False
    )
    found = hashlib.sha256(msgspec.json.encode(told, order="sorted"))
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name != FILE and "__pycache__" not in file.parts:
            found.update(f"{file.relative_to(folder)}\n".encode() + file.read_bytes() + b"\n")
    return found.hexdigest()
