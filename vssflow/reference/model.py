"""VSSFlow in the reference configuration: a video, a transcript and a voice in, 16 kHz sound out.

The window is always ten seconds, as in the authors' code: shorter clips are black where the video has ended, and their
sound is cut. What is absent is zeros: without a video there are no CLIP and Synchformer features, without lip
features no lips, without a voice (or without RawNet3's weights) no speaker.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from vsseval.errors import UsageError
from vssflow.conditions import ConditionConfig, Features
from vssflow.prompt import SAMPLE_RATE, Prompt
from vssflow.reference.card import Sampler
from vssflow.reference.files import find_weight_files
from vssflow.reference.frames import CLIP_FRAMES, clip_frames, sync_frames
from vssflow.reference.lips import fit_lips
from vssflow.reference.networks import DECODERS, FRONT_ENDS, Networks
from vssflow.reference.phonemes import phoneme_ids
from vssflow.reference.speaker import embed
from vssflow.reference.vae import latent_to_vae
from vssflow.sampling.fast import FastSampler
from vssflow.sampling.guidance import GUIDANCE
from vssflow.sampling.noise import clip_noise
from vssflow.sampling.reference import sample_reference
from vssflow.sampling.sampled import Sampled, finite

WINDOW = 10.0
"""Seconds that are generated at once, always."""
FRAMES = 250
"""Of the latent, the phones and the lips: 25 a second."""
LATENT = 128
SYNC_TOKENS = 240
"""Synchformer's 30 segments of 8 tokens."""
WIDTHS = ConditionConfig()


class ReferenceVSSFlow:
    """The whole system; `load` reads a checkpoint of the authors."""

    longest: float = WINDOW
    """Seconds that are generated at once; `vssflow.windows` serves longer prompts."""

    def __init__(
        self,
        networks: Networks,
        *,
        sampler: Sampler = "fast",
        steps: int | None = None,
        guidance: float = GUIDANCE,
        low_memory: bool = False,
    ) -> None:
        """Choose how to sample.

        Args:
            networks: where weights come from, and where they run.
            sampler: `reference` for the authors' adaptive solver, `fast` for the folded transformer at fixed steps.
            steps: of `fast`; None for its default.
            guidance: weight of classifier-free guidance.
            low_memory: let go of front ends and decoders after each use: less memory, and a second more for each clip.
        """
        self.networks = networks
        self.sampler, self.steps, self.guidance, self.low_memory = sampler, steps, guidance, low_memory
        self._fast: FastSampler | None = None

    @classmethod
    def load(
        cls,
        checkpoint: Path,
        *,
        sampler: Sampler = "fast",
        steps: int | None = None,
        guidance: float = GUIDANCE,
        device: str = "cpu",
        half: bool = False,
        low_memory: bool = False,
    ) -> ReferenceVSSFlow:
        """Read the authors' checkpoint, and beside it Synchformer's and RawNet3's weights where they are.

        Nothing in the files is executed. Arguments as in the constructor, and of `Networks`; `device` is cpu, cuda or
        cuda:1.

        Raises:
            UsageError: a file is not there, damaged, or of another network; the message says what differs.
        """
        networks = Networks(find_weight_files(checkpoint), device, half=half)
        networks.load()
        return cls(networks, sampler=sampler, steps=steps, guidance=guidance, low_memory=low_memory)

    def generate(self, prompt: Prompt, *, seed: int) -> Tensor:
        """Generate one sound.

        Args:
            prompt: what to sound like, of ten seconds at most.
            seed: decides the noise; the same seed and prompt give the same sound.

        Returns:
            Sound in [-1, 1] at 16 kHz, shape (round(seconds * 16000),), at least one sample.

        Raises:
            UsageError: the prompt is longer than a window, or holds what is no voice, no lips or no time.
            Unmeasurable: the video cannot be read, or the sound is not finite.
        """
        if round(prompt.seconds * FRAMES / WINDOW) > FRAMES:
            raise UsageError(f"{prompt.seconds:g} s are more than a window of {WINDOW:g} s: use windows.generate_long")
        latent = self.sample(self.features(prompt), [seed]).latent
        return self.decode(latent)[0, : max(1, round(prompt.seconds * SAMPLE_RATE))]

    @torch.no_grad()
    def features(self, prompt: Prompt) -> Features:
        """Encode one prompt, as a batch of one, on the CPU.

        Speech is cut to the clip: where its window ends after the clip, the words are spoken faster. (The authors' code
        speaks them at the window's pace and loses those past its ten seconds.)

        Raises:
            UsageError: the voice, the lips or the speech window are no such thing.
            Unmeasurable: the video cannot be read.
        """
        networks = self.networks
        scene = torch.zeros(CLIP_FRAMES, WIDTHS.scene)
        sync = torch.zeros(SYNC_TOKENS, WIDTHS.sync)
        speaker = torch.zeros(WIDTHS.speaker)
        if prompt.video is not None:
            scene = networks.clip.encode(clip_frames(prompt.video, prompt.offset))
            if networks.synchformer is not None:
                sync = networks.synchformer.encode(sync_frames(prompt.video, prompt.offset)).flatten(0, 1)
        if prompt.voice is not None and networks.rawnet3 is not None:
            speaker = embed(networks.rawnet3, prompt.voice)
        if self.low_memory:
            networks.release(*FRONT_ENDS)
        start, end = prompt.speech_window or (0.0, prompt.seconds)
        phones = phoneme_ids(prompt.transcript, (start, min(end, prompt.seconds)), FRAMES)
        rows = Features(fit_lips(prompt.lips), phones, sync, scene, speaker)
        return Features(*(row.cpu().unsqueeze(0) for row in rows))

    @torch.no_grad()
    def sample(self, features: Features, seeds: Sequence[int]) -> Sampled:
        """Walk from noise to latents.

        Args:
            features: of one clip or several.
            seeds: one for each clip. A clip's noise comes from its own seed, on the CPU, and nothing else in the batch
                changes the clip beyond float noise: the authors' solver, whose steps depend on all that it solves for,
                is given the clips one by one.

        Returns:
            Latents (batch, 128, 250), and the forwards of the transformer, of all clips together.

        Raises:
            Unmeasurable: the latent is not finite.
        """
        device = self.networks.device
        conditions = self.networks.conditions(Features(*(feature.to(device) for feature in features)))
        noise = clip_noise(seeds, LATENT, [FRAMES] * len(seeds)).to(device)
        if self.sampler == "fast":
            return self._folded().sample(conditions, noise, guidance=self.guidance, steps=self.steps)
        alone = [
            sample_reference(
                self.networks.dit,
                type(conditions)(*(part[clip : clip + 1] for part in conditions)),
                noise[clip : clip + 1],
                guidance=self.guidance,
            )
            for clip in range(len(seeds))
        ]
        return Sampled(torch.cat([one.latent for one in alone]), sum(one.evaluations for one in alone))

    @torch.no_grad()
    def decode(self, latent: Tensor) -> Tensor:
        """Turn latents (batch, 128, 250) into sound on the CPU, in [-1, 1] at 16 kHz, shape (batch, 160032).

        Raises:
            Unmeasurable: the sound is not finite.
        """
        vae, vocoder = self.networks.vae, self.networks.vocoder
        # one by one: a spectrogram of ten seconds takes 2 GB on its way
        sounds = [vocoder(vae.decode(latent_to_vae(clip.unsqueeze(0).float()))[:, 0]) for clip in latent]
        if self.low_memory:
            self.networks.release(*DECODERS)
        return finite(torch.cat(sounds).cpu(), "the decoded sound")

    def _folded(self) -> FastSampler:
        if self._fast is None:
            dtype = torch.bfloat16 if self.networks.half else None
            self._fast = FastSampler(self.networks.dit, LATENT, dtype=dtype)
            # the folded copy is all that is used from now on
            self.networks.release("dit")
        return self._fast
