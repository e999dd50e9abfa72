"""Stand-ins for the Python calls of systems without a command line: their arguments and the shapes they return."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import numpy as np

from support.fake_plugin import medium
from vsseval import media
from vsseval.types import Request

MODULES = {
    "audiox": {
        "stable_audio_tools/__init__.py": """
            import torch
            def get_pretrained_model(name):
                assert name == "HKUSTAudio/AudioX"
                return torch.nn.Identity(), {"sample_rate": 44100, "sample_size": 485100, "video_fps": 5}
        """,
        "stable_audio_tools/data/__init__.py": "",
        "stable_audio_tools/data/utils.py": """
            import torch
            def read_video(filepath, seek_time=0.0, duration=-1, target_fps=2):
                assert filepath.endswith(".mp4") and duration == 10 and target_fps == 5
                return torch.zeros(50, 3, 8, 8)
        """,
        "stable_audio_tools/inference/__init__.py": "",
        "stable_audio_tools/inference/generation.py": """
            import torch
            def generate_diffusion_cond(model, steps, cfg_scale, conditioning, sample_size, sigma_min, sigma_max,
                                        sampler_type, device, seed):
                (told,) = conditioning
                assert told["text_prompt"] and told["video_prompt"][0].shape == (1, 50, 3, 8, 8)
                generator = torch.Generator().manual_seed(seed)
                return torch.rand((1, 2, sample_size), generator=generator)
        """,
    },
    "lova": {
        "stable_audio_tools/__init__.py": """
            import torch
            class Network(torch.nn.Module):
                def load_state_dict(self, weights, strict):
                    assert strict and set(weights) == {"w"}
            def create_model_from_config(config):
                assert config["sample_rate"] == 44100
                return Network()
        """,
        "stable_audio_tools/configs/model_config_vl30.json": '{"sample_rate": 44100, "sample_size": 1323000, "fps": 8}',
        "stable_audio_tools/inference/__init__.py": "",
        "stable_audio_tools/inference/generation.py": """
            import torch
            def generate_diffusion_cond(model, steps, cfg_scale, conditioning, sample_size, batch_size, sigma_min,
                                        sigma_max, sampler_type, device, seed):
                (video,) = conditioning["feature"]
                assert video.endswith(".mp4") and (steps, cfg_scale, batch_size) == (150, 7, 1)
                generator = torch.Generator().manual_seed(seed)
                return torch.randn((1, 2, sample_size // 2048 * 2048), generator=generator)
        """,
    },
    "woosh": {
        "woosh/__init__.py": "",
        "woosh/components/__init__.py": "",
        "woosh/components/base.py": """
            class LoadConfig:
                def __init__(self, path):
                    assert path == "checkpoints/Woosh-VFlow-8s"
        """,
        "woosh/model/__init__.py": "",
        "woosh/model/video_kontext.py": """
            import torch
            class Coder:
                def inverse(self, latents):
                    return latents.float().repeat_interleave(480, dim=-1)[:, :1, : 8 * 48000]
            class VideoKontext(torch.nn.Module):
                autoencoder = Coder()
                def __init__(self, config):
                    super().__init__()
                def get_cond(self, told, no_dropout, device):
                    assert told["audio"] is None and told["description"] == ["a dog"] and no_dropout
                    return told
        """,
        "woosh/inference/__init__.py": "",
        "woosh/inference/flowmatching_sampler.py": """
            import torch
            def flowmatching_integrate(ldm, noise, cond, cfg, atol, rtol, device, dtype):
                assert noise.shape == (1, 128, 801) and cfg == 4.5 and dtype is torch.float64
                return noise.to(dtype)
        """,
        "woosh/utils/__init__.py": "",
        "woosh/utils/video.py": """
            import torch
            class SynchformerProcessor(torch.nn.Module):
                def __init__(self, frame_rate):
                    super().__init__()
                    assert frame_rate == 24
                def forward(self, images, fps):
                    assert images.shape[-1] == 3
                    return {"synch_out": images.float().mean((1, 2))[None]}
        """,
        "woosh/utils/videoio.py": """
            import torch
            def extract_video_frames(path, start_time, end_time):
                assert path.endswith(".mp4") and (start_time, end_time) == (0, 8)
                return torch.zeros(16, 224, 224, 3), 2, torch.arange(16)
        """,
    },
    "diff_foley": {
        "inference/demo_util.py": """
            import numpy as np
            class Extract_CAVP_Features:
                def __init__(self, fps, batch_size, device, config_path, ckpt_path):
                    assert (fps, batch_size) == (4, 40)
                def __call__(self, video, start, truncate, tmp_path):
                    assert truncate == 8.2
                    return np.zeros((33, 512), np.float32), video
            def inverse_op(mel):
                return np.resize(mel.mean(axis=0), 130816)
        """,
        "diff_foley/__init__.py": "",
        "diff_foley/util.py": """
            import torch
            class Network(torch.nn.Module):
                def get_learned_conditioning(self, seen):
                    assert seen.shape == (1, 32, 512)
                    return seen
                def sample_log_with_classifier_diff_sampler(
                    self, cond, origin_cond, batch_size, sampler_name, ddim_steps, unconditional_guidance_scale,
                    unconditional_conditioning, classifier, classifier_guide_scale,
                ):
                    assert (sampler_name, ddim_steps, unconditional_guidance_scale) == ("DPM_Solver", 25, 4.5)
                    return torch.rand(batch_size, 4, 16, 64), None
                def decode_first_stage(self, latent):
                    return latent
            def instantiate_from_config(config):
                return Network()
        """,
        "omegaconf.py": """
            class OmegaConf:
                model = None
                @classmethod
                def load(cls, path):
                    return cls
        """,
    },
    "cosyvoice": {
        "cosyvoice/__init__.py": "",
        "cosyvoice/cli/__init__.py": "",
        "cosyvoice/cli/cosyvoice.py": """
            import torch
            class AutoModel:
                sample_rate = 24000
                def __init__(self, model_dir):
                    assert model_dir == "pretrained_models/CosyVoice2-0.5B"
                def inference_cross_lingual(self, text, prompt, stream):
                    assert prompt.endswith(".wav")
                    for word in text.split():
                        yield {"tts_speech": torch.rand(1, 2400)}
        """,
    },
}


def build(name, folder):
    """Write a repository and an interpreter that finds torch; return both paths."""
    repo = folder / "repo"
    for path, text in MODULES[name].items():
        file = repo / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
    if name == "diff_foley":
        import torch

        checkpoints = repo / "inference" / "diff_foley_ckpt"
        checkpoints.mkdir()
        for file in ("cavp_epoch66", "ldm_epoch240", "double_guidance_classifier"):
            torch.save({"state_dict": {}}, checkpoints / f"{file}.ckpt")
    if name == "lova":
        import torch
        from safetensors.torch import save_file

        (repo / "weight").mkdir()
        save_file({"w": torch.zeros(1)}, repo / "weight" / "epoch=60-step=2818.safetensors")
    if name == "woosh":
        (repo / "checkpoints" / "Woosh-VFlow-8s").mkdir(parents=True)
        (repo / "checkpoints" / "Woosh-VFlow-8s" / "weights.safetensors").write_bytes(b"weights")
    if name == "cosyvoice":
        (repo / "pretrained_models" / "CosyVoice2-0.5B").mkdir(parents=True)
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{repo}:$PYTHONPATH" exec {Path(sys.executable).absolute()} "$@"\n')
    python.chmod(0o755)
    return python, repo


def requests(folder):
    """Return two clips with everything that a system may ask for."""
    video, prompt = folder / "v.mp4", folder / "p.wav"
    if not video.exists():
        media.write_mp4(video, np.zeros((18, 16, 16, 3), np.uint8), 2.0)
        media.write_wav(prompt, np.full(8000, 0.1, np.float32), 8000)
    return [
        Request(
            id=f"c{row}", duration=9.0, seed=row, video=medium(video), transcript="bin blue at f two now",
            speaker_prompt=medium(prompt), caption="a dog",
        )
        for row in range(2)
    ]  # fmt: skip
