"""VSSFlow as a model of vsseval: the only file that knows both.

`--model vssflow` is the small model that ships, or what `--checkpoint` holds: small weights, or a checkpoint of the
authors. With the latter, words after a colon choose more: `vssflow:reference` the authors' sampler instead of the fast
one, `vssflow:steps=N` the steps of the fast one, `vssflow:lips=DIR` a folder of AV-HuBERT features, named by the clips'
ids, `vssflow:bf16` vision and sampler in bfloat16 on processors that multiply in it; several are separated by commas.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from vsseval.errors import EnvironmentFault, Unmeasurable, UsageError
from vsseval.media import load_audio
from vsseval.models.base import ModelCard, ModelOptions, ModelOutput, Request
from vsseval.networks.checkpoint_layout import read_layout
from vsseval.turns import spoken
from vsseval.types import Task
from vssflow.reference import card
from vssflow.reference.card import GenerationOptions, Sampler
from vssflow.reference.checkpoint_networks import blocks, is_reference, require_parts
from vssflow.reference.files import digest, find_weight_files, joint_digest
from vssflow.reference.lip_folder import lip_files

if TYPE_CHECKING:
    from vssflow.prompt import Generator, Prompt

SHIPPED = "vssflow-small.safetensors"
_KNOWN = "reference, fast, steps=N, lips=DIR, bf16, separated by commas"
_TASKS: tuple[Task, ...] = ("v2s", "vtts", "joint", "tts")
_SHOWN = 3

log = logging.getLogger("vsseval")


def vssflow_model(options: ModelOptions) -> VSSFlowModel:
    """Look at the weights, name and hash them; the network itself is loaded at the first request.

    Raises:
        UsageError: the checkpoint does not exist, is damaged or holds another network, or the argument makes no sense.
        EnvironmentFault: the weights that ship with vssflow are gone.
    """
    generation = read_generation_options(options.argument)
    path = options.checkpoint or Path(str(resources.files("vssflow") / "weights" / SHIPPED))
    if not path.is_file():
        if options.checkpoint is None:
            raise EnvironmentFault(f"the weights that ship with vssflow are gone: {path}; reinstall with pip")
        raise UsageError(f"--checkpoint {path}: no such file")
    layout = read_layout(path)
    if "config" not in layout.metadata and is_reference(layout.entries):
        require_parts(path, layout.entries)
        return _reference(path, blocks(layout.entries), generation, options.device)
    if generation != GenerationOptions():
        raise UsageError(
            f"--model vssflow:{options.argument} is for a checkpoint of the authors: add --checkpoint FILE, "
            "or leave out what stands after the colon"
        )
    return _small(path, own=options.checkpoint is None, device=options.device)


def read_generation_options(argument: str | None) -> GenerationOptions:
    """Read what stands after the colon of `vssflow:...`.

    Raises:
        UsageError: a word is unknown, or given twice, or two exclude each other.
    """
    given: dict[str, str] = {}
    for word in filter(None, (part.strip() for part in (argument or "").split(","))):
        name, equals, value = word.partition("=")
        key = "sampler" if word in {"reference", "fast"} else name
        if key in {"steps", "lips"} and not value:
            raise UsageError(f"--model vssflow:{argument}: '{word}' needs a value; known are {_KNOWN}")
        if key not in {"sampler", "steps", "lips", "bf16"} or (key in {"sampler", "bf16"} and equals):
            raise UsageError(f"--model vssflow:{argument}: '{word}' is unknown; known are {_KNOWN}")
        if key in given:
            raise UsageError(f"--model vssflow:{argument}: {given[key]} and {value or word} exclude each other")
        given[key] = value or word
    sampler: Sampler = "reference" if given.get("sampler") == "reference" else "fast"
    steps = given.get("steps")
    if steps is not None and (not steps.isascii() or not steps.isdigit() or int(steps) < 1):
        raise UsageError(f"--model vssflow:{argument}: steps={steps} is no number of steps; steps=8 is one")
    if steps is not None and sampler == "reference":
        raise UsageError(f"--model vssflow:{argument}: the authors' sampler chooses its steps itself; leave out steps")
    if "bf16" in given and sampler == "reference":
        raise UsageError(f"--model vssflow:{argument}: the authors compute in single precision; leave out bf16")
    lips = Path(given["lips"]).expanduser() if "lips" in given else None
    return GenerationOptions(sampler, None if steps is None else int(steps), lips, "bf16" in given)


def _small(path: Path, *, own: bool, device: str) -> VSSFlowModel:
    note = (
        "the small configuration that ships with vssflow, trained on rendered clips by `vssflow train`; "
        "not the authors' checkpoint; clips over 10 s are generated in overlapping windows"
    )
    made = ModelCard(
        name="vssflow",
        version="small-5" if own else path.stem,
        tasks=_TASKS,
        weights=digest(path),
        licence="Apache-2.0",
        note=note if own else f"weights {path.name}",
    )

    def load() -> Generator:
        from safetensors import SafetensorError

        from vssflow.generate import find_device
        from vssflow.small.model import VSSFlow

        place = find_device(device)
        try:
            return VSSFlow.load(path).sample_on(place)
        except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError, OSError) as error:
            raise UsageError(f"{path} cannot be loaded: {error}") from error

    return VSSFlowModel(made, load, {})


def _reference(path: Path, depth: int, generation: GenerationOptions, device: str) -> VSSFlowModel:
    files, lips = find_weight_files(path), lip_files(generation.lips, "lips=")
    hashes = {file.name: digest(file) for file in files.present}
    of_lips = {f"lips/{file.name}": digest(file) for file in lips.values()}
    made = ModelCard(
        name="vssflow:reference" if generation.sampler == "reference" else "vssflow",
        version=card.version(depth, generation, device),
        tasks=_TASKS,
        weights=joint_digest(hashes | of_lips),
        licence="as the authors' weights",
        note=card.note(depth, files, hashes, generation, len(lips), device),
    )

    def load() -> Generator:
        from vssflow.generate import find_device
        from vssflow.reference.model import ReferenceVSSFlow

        place, half = str(find_device(device)), card.halved(generation, device)
        return ReferenceVSSFlow.load(path, sampler=generation.sampler, steps=generation.steps, device=place, half=half)

    return VSSFlowModel(made, load, lips, asked_for_lips=generation.lips is not None)


class VSSFlowModel:
    """Generates clip by clip: what else is in a shard never changes a clip, to the last bit."""

    def __init__(
        self, card: ModelCard, load: Callable[[], Generator], lips: dict[str, Path], *, asked_for_lips: bool = False
    ) -> None:
        self.card = card
        self._load, self._lips, self._asked_for_lips = load, lips, asked_for_lips
        self._generator: Generator | None = None
        self._told = False

    def generate(self, requests: Sequence[Request]) -> Iterator[ModelOutput]:
        """Yield one output per request; a clip longer than a window is made in overlapping ones.

        Raises:
            UsageError: the weights are of another network.
            EnvironmentFault: the device is not there.
        """
        from vssflow.notes import refuse
        from vssflow.prompt import SAMPLE_RATE
        from vssflow.windows import generate_long

        self._warn(requests)
        generator = self.generator()
        for request in requests:
            try:
                prompt = prompt_of(request, self._lips.get(request.id))
                refuse(prompt)
                sound = generate_long(generator, prompt, seed=request.seed)
            except (Unmeasurable, UsageError) as reason:
                yield ModelOutput(request.id, None, SAMPLE_RATE, str(reason))
                continue
            self._tell(request, prompt)
            yield ModelOutput(request.id, sound.numpy(), SAMPLE_RATE)

    def generator(self) -> Generator:
        """Load the network once."""
        if self._generator is None:
            self._generator = self._load()
        return self._generator

    def _tell(self, request: Request, prompt: Prompt) -> None:
        """Say once that a video is of a kind which the small configuration does not know."""
        from vssflow.notes import of_sight
        from vssflow.small.model import VSSFlow
        from vssflow.windows import window_prompts

        network = self._generator
        if self._told or not isinstance(network, VSSFlow):
            return
        first = window_prompts(prompt, network.longest)[0]
        remark = of_sight(network.look(first).of, first, network.classes)
        if remark is not None:
            self._told = True
            log.warning("%s: %s (said once)", request.id, remark)

    def _warn(self, requests: Sequence[Request]) -> None:
        without = [request.id for request in requests if request.id not in self._lips]
        if self._asked_for_lips and without:
            more = ", ..." if len(without) > _SHOWN else ""
            log.warning(
                "%d of %d clips have no lip features (%s%s): zeros in their place",
                len(without), len(requests), ", ".join(without[:_SHOWN]), more,
            )  # fmt: skip


def prompt_of(request: Request, lips: Path | None = None) -> Prompt:
    """Say what the model is given: the video's path, the voice at 16 kHz, lips from a file."""
    import torch

    from vssflow.prompt import LONGEST_VOICE, SAMPLE_RATE, Prompt
    from vssflow.reference.lips import read_lips

    voice = None
    if request.speaker_prompt is not None:
        voice = torch.from_numpy(load_audio(request.speaker_prompt.path, seconds=LONGEST_VOICE).mono(SAMPLE_RATE))
    return Prompt(
        seconds=request.duration,
        video=request.video.path if request.video is not None else None,
        transcript=request.transcript and spoken(request.transcript),
        speech_window=request.speech_window,
        voice=voice,
        lips=None if lips is None else read_lips(lips),
    )
