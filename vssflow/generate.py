"""VSSFlow without the harness: a silent video in; its sound, and the video with it, out.

>>> prompt = read(Path("clip.mp4"), transcript="hello there", voice=Path("voice.wav"))
>>> write(generate(load(), prompt, seed=0), Path("out.mp4"))
[PosixPath('out.mp4'), PosixPath('out.wav')]
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vsseval.errors import EnvironmentFault, UsageError
from vsseval.media import Video, dub, load_audio, write_wav
from vssflow.notes import REFERENCE, SMALL, Reader, notes, of_sight, refuse
from vssflow.prompt import LONGEST_VOICE, SAMPLE_RATE, Prompt
from vssflow.windows import generate_long, plan, window_prompts

if TYPE_CHECKING:
    from vssflow.reference.model import ReferenceVSSFlow
    from vssflow.small.model import VSSFlow

SHIPPED = "vssflow-small.safetensors"
HASH_SHOWN = 12
VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv")
"""Containers that hold any common video beside AAC."""


@dataclass(frozen=True)
class Model:
    """A network that is ready, with its sampler's settings; `dataclasses.replace` changes those."""

    network: VSSFlow | ReferenceVSSFlow
    about: str
    """What it is, in one line: name, weights, what is absent, licence."""
    steps: int
    guidance: float
    reader: Reader

    @property
    def card(self) -> str:
        """Say in one line what makes the sound."""
        from vssflow.sampling.guidance import THROUGHOUT, in_words
        from vssflow.small.model import VSSFlow

        guided = self.network.config.guided if isinstance(self.network, VSSFlow) else THROUGHOUT
        return f"vssflow, {self.about}; {self.steps} steps, {in_words(self.guidance, guided)}"

    @property
    def longest(self) -> float:
        """Seconds that are generated at once."""
        return self.network.longest

    def generate(self, prompt: Prompt, *, seed: int) -> Tensor:
        """Generate one sound, as `vssflow.prompt.Generator` has it."""
        from vssflow.small.model import VSSFlow

        if isinstance(self.network, VSSFlow):
            return self.network.generate(prompt, seed=seed, steps=self.steps, guidance=self.guidance)
        self.network.steps, self.network.guidance = self.steps, self.guidance
        return self.network.generate(prompt, seed=seed)

    def remarks(self, prompt: Prompt) -> list[str]:
        """Say what of the video is not honoured; one line each."""
        from vssflow.small.model import VSSFlow

        network = self.network
        if not isinstance(network, VSSFlow):
            return []
        parts = window_prompts(prompt, self.longest)
        found = [of_sight(network.look(part).of, part, network.classes) for part in parts]
        return [line for line in dict.fromkeys(found) if line is not None]


@dataclass(frozen=True)
class GeneratedSound:
    """A sound that was generated, and what there is to say about it."""

    prompt: Prompt
    sound: Tensor
    """In [-1, 1] at 16 kHz, shape (round(prompt.seconds * 16000),)."""
    notes: tuple[str, ...]
    """What of the prompt is not, or only partly, honoured; one line each."""
    windows: int
    """Overlapping windows that it was made in; 1 where the model makes it at once."""
    wall_seconds: float


def load(
    checkpoint: Path | None = None,
    *,
    device: str = "cpu",
    steps: int | None = None,
    guidance: float | None = None,
    half: bool = False,
) -> Model:
    """Load a model, with its fast sampler.

    Args:
        checkpoint: small weights, or a checkpoint of the authors; None for the small model that ships with vssflow.
        device: where the transformer runs: cpu, cuda, cuda:1.
        steps: of the sampler; None for its default.
        guidance: weight of classifier-free guidance, 1 for none; None for the model's own, which is 3 for
            the reference configuration.
        half: compute vision and sampler of a checkpoint of the authors in bfloat16, on processors that multiply in it.

    Raises:
        UsageError: there is no such file, it holds no such model, or the settings are impossible.
        EnvironmentFault: the device is not there, or the weights that ship are gone.
    """
    from vsseval.networks.checkpoint_layout import read_layout
    from vssflow.reference.checkpoint_networks import is_reference
    from vssflow.sampling.solvers import DEFAULT_STEPS

    steps = DEFAULT_STEPS if steps is None else steps
    if steps < 1 or not 0 <= (guidance or 0.0) < float("inf"):
        raise UsageError(f"{steps} steps at guidance {guidance} are impossible; --guidance 3 is usual")
    path = checkpoint or Path(str(resources.files("vssflow") / "weights" / SHIPPED))
    if not path.is_file():
        if checkpoint is None:
            raise EnvironmentFault(f"the weights that ship with vssflow are gone: {path}; reinstall with pip")
        raise UsageError(f"--checkpoint {path}: no such file")
    place = str(find_device(device))
    layout = read_layout(path)
    if "config" not in layout.metadata and is_reference(layout.entries):
        return _reference(path, place, steps, guidance, half=half)
    if half:
        raise UsageError("bfloat16 (--bf16) is for a checkpoint of the authors: leave it out, or add --checkpoint FILE")
    return _small(path, place, steps, guidance, own=checkpoint is None)


def _small(path: Path, device: str, steps: int, guidance: float | None, *, own: bool) -> Model:
    from safetensors import SafetensorError

    from vssflow.reference.files import digest
    from vssflow.small.model import VSSFlow

    try:
        network = VSSFlow.load(path).sample_on(device)
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError, OSError) as error:
        raise UsageError(f"{path} cannot be loaded: {error}. Without --checkpoint the small model is used") from error
    name = "the small model that ships" if own else f"small configuration {path.name}"
    weight = network.config.guidance if guidance is None else guidance
    return Model(network, f"{name}, weights {digest(path)[:HASH_SHOWN]}, Apache-2.0", steps, weight, SMALL)


def _reference(path: Path, device: str, steps: int, guidance: float | None, *, half: bool) -> Model:
    from vsseval.networks.checkpoint_layout import read_layout
    from vssflow.reference import card
    from vssflow.reference.checkpoint_networks import blocks, require_parts
    from vssflow.reference.files import RAWNET3, SYNCHFORMER, digest, find_weight_files
    from vssflow.reference.model import ReferenceVSSFlow
    from vssflow.sampling.guidance import GUIDANCE

    keys = read_layout(path).entries
    require_parts(path, keys)
    files = find_weight_files(path)
    weights = ", ".join(f"{file.name} {digest(file)[:HASH_SHOWN]}" for file in files.present)
    generation = card.GenerationOptions(half=half)
    about = [f"the reference configuration ({card.version(blocks(keys), generation, device)}), weights {weights}"]
    if files.synchformer is None:
        about.append(f"no {SYNCHFORMER} beside it: motion is not seen")
    if files.rawnet3 is None:
        about.append(f"no {RAWNET3} beside it: voices are not heard")
    weight = GUIDANCE if guidance is None else guidance
    if half and not card.halved(generation, device):
        about.append("no bfloat16 for vision on a device" if device != "cpu" else "this processor has no bfloat16")
    network = ReferenceVSSFlow.load(
        path, steps=steps, guidance=weight, device=device, half=card.halved(generation, device)
    )
    reader = REFERENCE._replace(hears=files.rawnet3 is not None)
    return Model(network, "; ".join(about), steps, weight, reader)


def find_device(name: str) -> torch.device:
    """Return the device of that name.

    Raises:
        UsageError: no such name.
        EnvironmentFault: this machine has no such device.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"--device {name}: no such device; cpu, cuda and cuda:1 are names of devices") from None
    if device.type == "cpu":
        return device
    there = device.type == "cuda" and (device.index or 0) < torch.cuda.device_count()
    if not there:
        raise EnvironmentFault(f"--device {name}: this machine has no such device; use --device cpu")
    return device


def read_prompt(
    video: Path,
    *,
    transcript: str | None = None,
    voice: Path | None = None,
    speech_window: tuple[float, float] | None = None,
    lips: Path | None = None,
) -> Prompt:
    """Read what a sound is to be generated from; it will be exactly as long as the video.

    Args:
        video: any video that PyAV opens; its own sound is never read.
        transcript: what the face says, in English; None for no speech.
        voice: another utterance of the voice that is wanted; sound or video, any rate.
        speech_window: seconds between which the face speaks; None for the whole clip.
        lips: AV-HuBERT features at 25 frames a second, for the reference configuration.

    Raises:
        UsageError: the speech window is impossible, or the lips are no such features.
        Unmeasurable: the video or the voice cannot be read.
    """
    from vssflow.reference.lips import read_lips

    prompt = Prompt(
        seconds=Video(video).seconds,
        video=video,
        transcript=transcript,
        speech_window=speech_window,
        voice=None if voice is None else torch.from_numpy(load_audio(voice, seconds=LONGEST_VOICE).mono(SAMPLE_RATE)),
        lips=None if lips is None else read_lips(lips),
    )
    refuse(prompt)
    return prompt


def generate(model: Model, prompt: Prompt, *, seed: int = 0) -> GeneratedSound:
    """Generate a sound of exactly `prompt.seconds`.

    Args:
        model: what `load` returned.
        prompt: what `read_prompt` returned.
        seed: decides the noise; the same prompt and seed give the same sound.

    Returns:
        The sound, with a note on everything that could not be honoured.

    Raises:
        UsageError: the speech window or the seed is impossible.
        Unmeasurable: the video cannot be read.
    """
    begun = time.monotonic()
    if not 0 <= seed < 2**63:
        raise UsageError(f"the seed {seed} is impossible: a seed is a whole number from 0 to 2^63 - 1")
    refuse(prompt)
    sound = generate_long(model, prompt, seed=seed)
    found = notes(prompt, model.reader) + model.remarks(prompt)
    windows = len(plan(prompt.seconds, model.longest))
    return GeneratedSound(prompt, sound, tuple(found), windows, time.monotonic() - begun)


def targets(path: Path, video: Path | None, *, force: bool = False) -> list[Path]:
    """Return the files that `write` would write: a video and the WAV file beside it, or the WAV file alone.

    Raises:
        UsageError: the suffix is not known, the folder is not there, or a file would be overwritten without `force`;
            the source itself never is.
    """
    suffix = path.suffix.lower()
    if suffix not in {".wav", *VIDEO_SUFFIXES}:
        raise UsageError(f"{path}: what kind of file? Give a name that ends in .wav, {', '.join(VIDEO_SUFFIXES)}")
    if video is None and suffix != ".wav":
        raise UsageError(f"{path}: the prompt has no video; give a name that ends in .wav")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: no such folder; make it: mkdir -p '{path.parent}'")
    files = [path] if suffix == ".wav" else [path, path.with_suffix(".wav")]
    for file in files:
        if file.exists() and video is not None and video.exists() and file.samefile(video):
            raise UsageError(f"{file} is the video itself: choose another name with -o")
        if file.is_dir():
            raise UsageError(f"{file} is a folder: choose another name with -o")
        if file.exists() and not force:
            raise UsageError(f"{file} exists: choose another name with -o, or overwrite it with --force")
    return files


def write(
    made: GeneratedSound, path: Path, *, force: bool = False, codecs: Collection[str] | None = None
) -> list[Path]:
    """Write the video with its sound (H.264 and the like are copied, the sound becomes AAC), and the sound as WAV.

    Args:
        made: what `generate` returned.
        path: .mp4, .mov or .mkv, beside which a .wav of 16 kHz and 16 bits is written; or .wav alone.
        force: overwrite what is there.
        codecs: video codecs that are copied, where a player knows no others; None for all that the container holds.

    Returns:
        The files written.

    Raises:
        UsageError: as `targets`.
        EnvironmentFault: a file cannot be written.
    """
    video = made.prompt.video
    files = targets(path, video, force=force)
    samples = made.sound.cpu().numpy()
    for file in files:
        if video is None or file.suffix.lower() == ".wav":
            write_wav(file, samples, SAMPLE_RATE)
        else:
            dub(video, file, samples, SAMPLE_RATE, codecs=codecs)
    return files
