"""Diff-Foley by the steps of the authors' notebook: CAVP features, guided diffusion of mels, Griffin-Lim."""

from __future__ import annotations

import os
import random
import sys
import tempfile

import numpy as np
import torch

from vsseval_worker import Refusal, serve

RATE = 16000
FPS = 4
SECONDS = 8.2
FRAMES = 32
"""Features of one window."""
GUIDANCE, CLASSIFIER_GUIDANCE, STEPS = 4.5, 50, 25


def load(hello):
    os.chdir(os.path.join(hello["repo"], "inference"))
    sys.path[:0] = [os.getcwd(), hello["repo"]]
    from demo_util import Extract_CAVP_Features, inverse_op

    device = torch.device(hello["device"])
    features = Extract_CAVP_Features(
        fps=FPS,
        batch_size=40,
        device=device,
        config_path="./config/Stage1_CAVP.yaml",
        ckpt_path="./diff_foley_ckpt/cavp_epoch66.ckpt",
    )
    diffusion = network("./config/Stage2_LDM.yaml", "./diff_foley_ckpt/ldm_epoch240.ckpt", device)
    classifier = network(
        "./config/Double_Guidance_Classifier.yaml", "./diff_foley_ckpt/double_guidance_classifier.ckpt", device
    )

    def generate(request):
        sow(request["seed"])
        with tempfile.TemporaryDirectory(dir=hello["scratch"]) as folder:
            seen, _ = features(request["video"], 0, SECONDS, tmp_path=folder)
        seen = torch.from_numpy(seen).unsqueeze(0).to(device)
        if seen.shape[1] < FRAMES:
            raise Refusal(f"the clip gives {seen.shape[1]} features of the {FRAMES} that one window needs")
        parts = []
        for start in range(0, seen.shape[1] - FRAMES + 1, FRAMES):
            condition = diffusion.get_learned_conditioning(seen[:, start : start + FRAMES])
            with torch.no_grad():
                latent, _ = diffusion.sample_log_with_classifier_diff_sampler(
                    condition,
                    origin_cond=seen,
                    batch_size=1,
                    sampler_name="DPM_Solver",
                    ddim_steps=STEPS,
                    unconditional_guidance_scale=GUIDANCE,
                    unconditional_conditioning=torch.zeros_like(condition),
                    classifier=classifier,
                    classifier_guide_scale=CLASSIFIER_GUIDANCE,
                )
                mel = diffusion.decode_first_stage(latent)[0, 0].cpu().numpy()
            parts.append(np.asarray(inverse_op(mel), np.float32))
        return np.concatenate(parts), RATE

    return generate


def network(config, checkpoint, device):
    from diff_foley.util import instantiate_from_config
    from omegaconf import OmegaConf

    made = instantiate_from_config(OmegaConf.load(config).model)
    made.load_state_dict(torch.load(checkpoint, map_location="cpu")["state_dict"], strict=False)
    return made.to(device).eval()


def sow(seed):
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the generator that the repository draws from
    torch.manual_seed(seed)


serve(load)
