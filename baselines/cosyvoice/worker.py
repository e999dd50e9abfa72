"""CosyVoice 2 by the call of its example that needs no words of the prompt."""

from __future__ import annotations

import os
import sys

import torch

from vsseval_worker import Refusal, serve


def load(hello):
    sys.path[:0] = [hello["repo"], os.path.join(hello["repo"], "third_party", "Matcha-TTS")]
    from cosyvoice.cli.cosyvoice import AutoModel

    model = AutoModel(model_dir=hello["checkpoint"] or "pretrained_models/CosyVoice2-0.5B")

    def generate(request):
        torch.manual_seed(request["seed"])
        parts = [
            part["tts_speech"]
            for part in model.inference_cross_lingual(request["transcript"], request["speaker_prompt"], stream=False)
        ]
        if not parts:
            raise Refusal("CosyVoice finds nothing to say in the transcript")
        return torch.cat(parts, dim=-1).reshape(-1).float().cpu().numpy(), model.sample_rate

    return generate


serve(load)
