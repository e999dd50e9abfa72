"""Both CLAPs, Audiobox aesthetics and DNSMOS against their makers' packages: equal values, clips per second.

As `extractors.py`, with drawn weights (DNSMOS: the real ones), counted in processor seconds of one thread; for
LAION-CLAP the captions are compared as well. The packages are for an environment of its own: they want older versions
of numpy and transformers than they need, and reach for the network when imported, which is kept from them here.

    pip install 'vsseval[papers,dnsmos,laion-clap]'
    pip install --no-deps laion-clap==1.1.7 msclap==1.3.4 audiobox-aesthetics==0.0.4
    python benchmarks/clap_and_opinions.py

What is not installed is left out, and named. The tokenizers of both CLAPs get the small vocabulary of the tests.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import shutil
import sys
import tempfile
import time
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from torchaudio.transforms import Resample

from extractors import RATE, SECONDS, Clips, Pair, av_benchmark_loader, portions, row
from vsseval.weights.find import Weights

TOKENS = Path(__file__).parent.parent / "tests" / "golden" / "metrics" / "tokens"
CAPTIONS = ["a dog barks", "rain falls on a roof, and a man speaks", "music"]


def saved(folder: Path, name: str, vocabulary: str, content: object) -> Weights:
    torch.save(content, folder / f"{name}.pt")
    shutil.copy(TOKENS / f"{vocabulary}.json", folder / "vocab.json")
    shutil.copy(TOKENS / "merges.txt", folder / "merges.txt")
    return Weights(name, folder, (f"{name}.pt", "vocab.json", "merges.txt"), "0" * 64)


def laion_clap(folder: Path) -> Pair:
    import transformers

    config = transformers.RobertaConfig(
        vocab_size=50_265, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5
    )
    build = mock.Mock(side_effect=lambda _: transformers.RobertaModel(config))
    with mock.patch("transformers.RobertaModel.from_pretrained", build):
        import laion_clap as package

        original = package.CLAP_Module(enable_fusion=False, amodel="HTSAT-base", device="cpu")
    # as its own functions do; without this, words drop out
    original.model.eval()
    from vsseval.extractors.laion_clap import LaionClapExtractor

    state = {f"module.{key}": value for key, value in original.model.state_dict().items()}
    ours = LaionClapExtractor(
        saved(folder, "laion_clap", "roberta", {"state_dict": state}), "laion_clap", "drawn", "BASE"
    )
    for caption in CAPTIONS:
        ids, mask = (torch.from_numpy(part)[None] for part in ours.tokens(caption))
        with torch.inference_mode():
            theirs = original.model.get_text_embedding({"input_ids": ids, "attention_mask": mask})[0].numpy()
        off = np.abs(theirs - ours.extract(caption)["embedding"]).max() / np.abs(theirs).max()
        print(f"laion_clap, {caption!r}: difference of the text embeddings {off:.1e}", file=sys.stderr)

    def forward(clips: Clips) -> torch.Tensor:
        return original.get_audio_embedding_from_data(av_benchmark_loader(clips, 48_000), use_tensor=True)

    return Pair(ours, "embedding", lambda clips: portions(clips, forward))


def ms_clap(folder: Path) -> Pair:
    import transformers

    gpt2 = types.SimpleNamespace(from_pretrained=lambda _: transformers.GPT2Model(transformers.GPT2Config()))
    with mock.patch("transformers.AutoModel", gpt2):
        from msclap.models.clap import CLAP

        original = CLAP("HTSAT", 44_100, 1024, 320, 64, 50, 8000, 527, 768, "gpt2", 768, 1024).eval()
    from vsseval.extractors.ms_clap import LONGEST, MsClapExtractor

    ours = MsClapExtractor(saved(folder, "ms_clap", "gpt2", {"model": original.state_dict()}))

    def forward(clips: Clips) -> torch.Tensor:
        mono = torch.stack([torch.from_numpy(clip).mean(dim=0) for clip in clips])
        heard = original.audio_encoder(Resample(RATE, 44_100)(mono)[:, :LONGEST])[0]
        return torch.nn.functional.normalize(heard, dim=1)

    return Pair(ours, "embedding", lambda clips: portions(clips, forward))


def aesthetics(folder: Path) -> Pair:
    import json

    from audiobox_aesthetics.infer import AXES_NAME, AesPredictor, Normalize
    from audiobox_aesthetics.model.aes import AesMultiOutput

    from vsseval.extractors.aesthetics import Aesthetics

    target = {axis: {"mean": 5.0, "std": 2.0} for axis in AXES_NAME}
    options = {"proj_num_layer": 5, "proj_ln": True, "target_transform": target}
    network = AesMultiOutput(**options).eval()
    original = AesPredictor.__new__(AesPredictor)
    original.__dict__ |= {"model": network, "device": torch.device("cpu"), "data_col": "path", "sample_rate": 16_000}
    original.target_transform = {axis: Normalize(**scale) for axis, scale in target.items()}
    torch.save(network.state_dict(), folder / "aes.pt")
    (folder / "config.json").write_text(json.dumps(options))
    ours = Aesthetics(Weights("aesthetics", folder, ("aes.pt", "config.json"), "0" * 64))

    def theirs(clips: Clips) -> np.ndarray:
        rows = original.forward([{"path": torch.from_numpy(clip), "sample_rate": RATE} for clip in clips])
        return np.array([[one["PQ"]] for one in rows])

    return Pair(ours, "pq", theirs)


def dnsmos(_folder: Path) -> Pair:
    from speechmos import dnsmos as package

    from vsseval.extractors.dnsmos import create

    class Many:
        """One clip after the other."""

        extractor = create()

        def extract_many(self, sounds):
            return [self.extractor.extract(sound) for sound in sounds]

    def theirs(clips: Clips) -> np.ndarray:
        import soxr

        mono = [np.clip(soxr.resample(clip.mean(axis=0), RATE, 16_000, quality="HQ"), -1, 1) for clip in clips]
        return np.array([[package.run(one, 16_000)["ovrl_mos"]] for one in mono])

    return Pair(Many(), "ovrl", theirs)


PAIRS: dict[str, tuple[str, Callable[[Path], Pair]]] = {
    "laion_clap": ("laion_clap", laion_clap),
    "ms_clap": ("msclap", ms_clap),
    "aesthetics": ("audiobox_aesthetics", aesthetics),
    "dnsmos": ("speechmos", dnsmos),
}
"""Name -> package of the original, and what makes the pair."""


def main(names: list[str]) -> None:
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    clips = [random.normal(0, 0.1, (2, SECONDS * RATE)).astype(np.float32) for _ in range(2)]
    print(f"| extractor | ours, clips/s | original, clips/s | ratio | greatest difference | load |\n{'|---' * 6}|")
    for name in names or PAIRS:
        package, make = PAIRS[name]
        if importlib.util.find_spec(package) is None:
            print(f"{name}: {package} is not installed (see the head of this file)", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder:
            with contextlib.redirect_stdout(io.StringIO()):  # some of the packages print as they are built
                line = row(name, make(Path(folder)), clips, 2, time.process_time)
            print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
