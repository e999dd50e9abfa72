"""Woosh-VFlow and Woosh-DVFlow by the calls of their test scripts, with the clip's own seed."""

from __future__ import annotations

import torch
from woosh.components.base import LoadConfig
from woosh.utils.video import SynchformerProcessor
from woosh.utils.videoio import extract_video_frames

from vsseval_worker import Refusal, serve

RATE, SECONDS, LATENTS = 48000, 8, (1, 128, 801)
"""Of the sound, of a window, and of its latents."""


def load(hello):
    device = hello["device"]
    model, sample = (distilled if hello["variant"] == "dvflow" else flow)(hello, device)
    seeing = SynchformerProcessor(frame_rate=24).eval().to(device)

    def generate(request):
        torch.manual_seed(request["seed"])
        noise = torch.randn(*LATENTS).to(device)
        with torch.inference_mode():
            frames, rate, _ = extract_video_frames(request["video"], start_time=0, end_time=SECONDS)
            if not len(frames):
                raise Refusal("the video has no pictures")
            seen = seeing(frames.to(device), rate)
            told = {"audio": None, "description": [request["caption"] or ""], "synch_out": seen["synch_out"]}
            latents = sample(noise, model.get_cond(told, no_dropout=True, device=device))
            sound = model.autoencoder.inverse(latents)[0].float().cpu()
        sound = sound / max(1.0, float(sound.abs().max()))
        return sound[:, : round(min(SECONDS, request["duration"]) * RATE)].numpy(), RATE

    return generate


def flow(hello, device):
    from woosh.inference.flowmatching_sampler import flowmatching_integrate
    from woosh.model.video_kontext import VideoKontext

    model = VideoKontext(LoadConfig(path=hello["checkpoint"] or "checkpoints/Woosh-VFlow-8s")).eval().to(device)

    def sample(noise, cond):
        return flowmatching_integrate(
            model, noise=noise, cond=cond, cfg=4.5, atol=1e-3, rtol=1e-3, device=device, dtype=torch.float64
        )

    return model, sample


def distilled(hello, device):
    from woosh.inference.flowmap_sampler import sample_euler
    from woosh.model.flowmap_from_pretrained import FlowMapFromPretrained

    path = hello["checkpoint"] or "checkpoints/Woosh-DVFlow-8s"
    model = FlowMapFromPretrained(LoadConfig(path=path)).eval().to(device)

    def sample(noise, cond):
        return sample_euler(model=model, noise=noise, cond=cond, num_steps=4, renoise=[0, 0.5, 0.5, 0.3], cfg=3)

    return model, sample


serve(load)
