"""VSSFlow in its small configuration: a video, a transcript and a voice in, 16 kHz sound out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from vsseval.media import Video
from vssflow.conditions import ConditionAssembly, Features
from vssflow.dit import DiT
from vssflow.prompt import Prompt
from vssflow.sampling.fast import FastSampler
from vssflow.sampling.noise import clip_noise
from vssflow.sampling.solvers import DEFAULT_STEPS
from vssflow.small.audio import LATENT_RATE, LatentCodec, frames_of
from vssflow.small.config import ModelConfig
from vssflow.small.mouth import MouthReader, measured, standard
from vssflow.small.phones import ROWS, Lips, phone_frames
from vssflow.small.scenes import KnownScenes, Seen
from vssflow.small.spectrum import SpectrumNetwork
from vssflow.small.vision import FRAME_SIZE, Streams, VideoEncoder
from vssflow.small.voice import voice_vector

_KEPT = 16
"""Sights that are kept: the windows of a long clip, for what is said about them after what is made of them."""


class Sight(NamedTuple):
    """What was seen of a video."""

    streams: Streams
    of: Seen


def _asked(prompt: Prompt) -> tuple[object, ...]:
    """Name what a sight depends on; a file that was written anew is another one."""
    video = prompt.video
    if video is None:
        return (prompt.seconds,)
    about = video.stat() if video.exists() else None
    file = (video, about and (about.st_mtime_ns, about.st_size))
    return file, prompt.seconds, prompt.offset, prompt.transcript is None


class VSSFlow(nn.Module):
    """The whole model; `load` reads trained weights."""

    longest: float = 10.0
    """Seconds that are generated at once; `vssflow.windows` serves longer prompts."""
    phone_durations: Tensor
    phone_shares: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.vaflow = DiT(config.dit)
        self.conditions = ConditionAssembly(config.conditions)
        self.vision = VideoEncoder(config.vision)
        self.mouth = MouthReader(config.vision.lip)
        self._seen: dict[tuple[object, ...], Sight] = {}
        # each class of scenes alone, and with somebody who speaks in it
        self.scenes = KnownScenes(2 * max(1, len(config.vision.labels)), config.vision.scene)
        self.codec = LatentCodec(config.latent)
        self.lines = SpectrumNetwork(self.codec.mel.filters)
        # what is known of phones in general: mean logarithm of their frames, logarithm of their share of the frames
        self.register_buffer("phone_durations", torch.zeros(ROWS))
        self.register_buffer("phone_shares", torch.zeros(ROWS))

    @classmethod
    def load(cls, path: Path) -> VSSFlow:
        """Read weights that `save` wrote; nothing in the file is executed.

        Raises:
            ValueError: the file is no safetensors file of this model; the message names what differs.
        """
        with safe_open(path, "pt") as file:
            header = (file.metadata() or {}).get("config")
            if header is None:
                raise ValueError(f"{path} holds no configuration: it was not written by VSSFlow.save")
            tensors = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        config = ModelConfig.from_tables(json.loads(header))
        if config.dit.layers > len(tensors):
            raise ValueError(f"{path} says {config.dit.layers} layers and holds {len(tensors)} tensors")
        with torch.device("meta"):  # sizes that the header only says are not made room for
            shapes = {key: value.shape for key, value in cls(config).state_dict().items()}
        if shapes != {key: value.shape for key, value in tensors.items()}:
            missing, unexpected = sorted(shapes.keys() - tensors.keys()), sorted(tensors.keys() - shapes.keys())
            other = sorted(key for key in shapes.keys() & tensors.keys() if shapes[key] != tensors[key].shape)
            raise ValueError(
                f"{path}: missing keys {missing[:5]}, unexpected keys {unexpected[:5]}, of another shape {other[:5]}"
            )
        model = cls(config)
        model.load_state_dict(tensors)
        return model.eval()

    def save(self, path: Path) -> None:
        """Write weights in half precision with the configuration in the header."""
        tensors = {key: value.half().contiguous() for key, value in self.state_dict().items()}
        partial = path.with_suffix(".partial")
        save_file(tensors, partial, {"config": self.config.to_json()})
        partial.replace(path)

    def features(self, prompt: Prompt) -> Features:
        """Encode one prompt, as a batch of one."""
        return self.conditioned(prompt, self.look(prompt))

    @property
    def classes(self) -> list[str]:
        """Scenes that are known, but for speech itself."""
        return [label for label in self.config.vision.labels if label != "speech"]

    def read_lips(self, lip: Tensor, *, seen: bool) -> Lips:
        """Evidence for each phone in the lip stream (frames, lip); none without a video."""
        logits = self.vision.heads["phone"](lip)
        evidence = logits.log_softmax(-1) - self.phone_shares
        return Lips(evidence if seen else torch.zeros_like(evidence), self.phone_durations)

    def look(self, prompt: Prompt) -> Sight:
        """See what the video of a prompt shows, and how far that can be trusted; the last answers are kept."""
        asked = _asked(prompt)
        if asked not in self._seen:
            while len(self._seen) >= _KEPT:
                self._seen.pop(next(iter(self._seen)))
            self._seen[asked] = self._look(prompt)
        return self._seen[asked]

    @torch.no_grad()
    def _look(self, prompt: Prompt) -> Sight:
        length = frames_of(prompt.seconds)
        pictures = torch.zeros(length, FRAME_SIZE, FRAME_SIZE, 3, dtype=torch.uint8)
        if prompt.video is not None:
            given = Video(prompt.video).frames(fps=LATENT_RATE, size=(FRAME_SIZE, FRAME_SIZE))
            first = min(round(prompt.offset * LATENT_RATE), len(given) - 1)
            shown = torch.from_numpy(given[first : first + length])
            if len(shown):
                pictures[: len(shown)] = shown
                pictures[len(shown) :] = shown[-1:]
        streams = self.vision(pictures.unsqueeze(0))
        if prompt.video is None or self.scenes.knows(streams.scene[0]):
            return Sight(streams, "rendered" if prompt.video is not None else "nothing")
        scene = torch.zeros_like(streams.scene)
        if prompt.transcript is None:
            return Sight(Streams(torch.zeros_like(streams.lip), streams.sync, scene), "motion")
        motion = torch.zeros_like(streams.sync)
        mouth = measured(prompt.video, prompt.seconds, prompt.offset)
        if mouth is None:
            return Sight(Streams(torch.zeros_like(streams.lip), motion, scene), "nothing")
        return Sight(Streams(self.mouth(standard(mouth).unsqueeze(0)), motion, scene), "mouth")

    @torch.no_grad()
    def conditioned(self, prompt: Prompt, sight: Sight) -> Features:
        """Put together what is seen, said and heard."""
        length, streams = frames_of(prompt.seconds), sight.streams
        lips = self.read_lips(streams.lip[0], seen=sight.of in {"rendered", "mouth"})
        speaker = torch.zeros(self.config.conditions.speaker)
        if prompt.voice is not None:
            speaker = voice_vector(prompt.voice, self.codec.mel)
        return Features(
            lip=streams.lip,
            phones=phone_frames(prompt.transcript, prompt.speech_window, length, lips).unsqueeze(0),
            sync=streams.sync,
            scene=streams.scene,
            speaker=speaker.unsqueeze(0),
        )

    def sample_on(self, device: torch.device | str) -> VSSFlow:
        """Let the transformer run on a device; the small encoders and the decoder stay on the CPU."""
        self.vaflow.to(device)
        self.conditions.to(device)
        return self

    def generate(
        self, prompt: Prompt, *, seed: int, steps: int = DEFAULT_STEPS, guidance: float | None = None
    ) -> Tensor:
        """Generate one sound.

        Args:
            prompt: what to sound like, and for how long.
            seed: decides the noise; the same seed and prompt give the same sound.
            steps: of the fast sampler's solver, one evaluation of the velocity each.
            guidance: weight of classifier-free guidance, 1 for none; None for the weights' own.

        Returns:
            Sound in [-1, 1] at 16 kHz, shape (round(seconds * 25) * 640,).
        """
        return self.sample(self.features(prompt), seed=seed, steps=steps, guidance=guidance)

    @torch.no_grad()
    def sample(
        self, features: Features, *, seed: int, steps: int = DEFAULT_STEPS, guidance: float | None = None
    ) -> Tensor:
        """Generate the sound of encoded features, a batch of one."""
        device = self.conditions.phone_embedding.weight.device
        conditions = self.conditions(Features(*(part.to(device) for part in features)))
        noise = clip_noise([seed], self.config.latent, [conditions.locked.shape[-1]])
        # folded anew each time, which takes a hundredth of the sampling, so that training never meets old weights
        fast = FastSampler(self.vaflow, self.config.latent, dtype=torch.float32, backend=None)
        weight = self.config.guidance if guidance is None else guidance
        latent = fast.sample(conditions, noise, guidance=weight, guided=self.config.guided, steps=steps).latent
        return self.sound(latent.cpu(), seed=seed)

    @torch.no_grad()
    def sound(self, latent: Tensor, *, seed: int) -> Tensor:
        """Decode one latent (1, channels, frames) to sound in [-1, 1], (frames * 640,)."""
        magnitude = self.lines.magnitude(self.codec.decode(latent)[0])
        return self.codec.mel.sound_of(magnitude, seed=seed).clamp(-1.0, 1.0)
