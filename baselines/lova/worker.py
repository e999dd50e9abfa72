"""LoVA by the calls of its sample.py, with the clip's own seed; the network is loaded once."""

from __future__ import annotations

import json

import torch
from safetensors.torch import load_file
from stable_audio_tools import create_model_from_config
from stable_audio_tools.inference.generation import generate_diffusion_cond

from vsseval_worker import Refusal, serve

CONFIG = "stable_audio_tools/configs/model_config_vl30.json"
WEIGHTS = "weight/epoch=60-step=2818.safetensors"


def load(hello):
    device = hello["device"]
    with open(CONFIG) as file:
        config = json.load(file)
    rate = config["sample_rate"]
    model = create_model_from_config(config)
    model.load_state_dict(load_file(hello["checkpoint"] or WEIGHTS), strict=True)
    model = model.to(device).eval()

    def generate(request):
        seconds = int(request["duration"])
        if seconds < 1:
            raise Refusal("shorter than one second: LoVA makes whole seconds")
        with torch.no_grad():
            sound = generate_diffusion_cond(
                model=model,
                steps=150,
                cfg_scale=7,
                conditioning={"feature": [request["video"]]},
                sample_size=int(rate * seconds),
                batch_size=1,
                sigma_min=0.3,
                sigma_max=500,
                sampler_type="dpmpp-3m-sde",
                device=device,
                seed=request["seed"],
            )
        channels = sound[0, :, : seconds * rate].float().cpu()
        peak = channels.abs().max()
        if not peak > 0:
            raise Refusal("LoVA gives digital silence, which its division by the peak would make NaN")
        whole = (channels / peak).clamp(-1, 1).mul(32767).to(torch.int16)
        return (whole.float() / 32767).numpy(), rate

    return generate


serve(load)
