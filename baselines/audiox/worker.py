"""AudioX by the calls of its README, with the clip's own seed, which the README leaves out."""

from __future__ import annotations

import torch
from stable_audio_tools import get_pretrained_model
from stable_audio_tools.data.utils import read_video
from stable_audio_tools.inference.generation import generate_diffusion_cond

from vsseval_worker import Refusal, serve

SECONDS = 10
"""The window that the network was trained on."""


def load(hello):
    device = hello["device"]
    model, config = get_pretrained_model(hello["checkpoint"] or "HKUSTAudio/AudioX")
    model = model.to(device).eval()
    rate, size, fps = config["sample_rate"], config["sample_size"], config["video_fps"]

    def generate(request):
        video = read_video(request["video"], seek_time=0, duration=SECONDS, target_fps=fps)
        conditions = {
            "video_prompt": [video.unsqueeze(0)],
            "text_prompt": request["caption"],
            "audio_prompt": torch.zeros((1, 2, rate * SECONDS)),
            "seconds_start": 0,
            "seconds_total": SECONDS,
        }
        with torch.no_grad():
            sound = generate_diffusion_cond(
                model,
                steps=250,
                cfg_scale=7,
                conditioning=[conditions],
                sample_size=size,
                sigma_min=0.3,
                sigma_max=500,
                sampler_type="dpmpp-3m-sde",
                device=device,
                seed=request["seed"],
            )
        channels = sound.float().cpu().permute(1, 0, 2).flatten(1)
        peak = channels.abs().max()
        if not peak > 0:
            raise Refusal("AudioX gives digital silence, which its division by the peak would make NaN")
        length = round(min(SECONDS, request["duration"]) * rate)
        return (channels / peak).clamp(-1, 1)[:, :length].numpy(), rate

    return generate


serve(load)
