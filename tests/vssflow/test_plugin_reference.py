"""The authors' checkpoint behind the harness's protocol: what its card says, lips for each clip, the whole command."""

import collections
import hashlib
import json
import logging
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from support import seeded_checkpoint
from support.few_networks import Few
from vsseval.errors import UsageError
from vsseval.media import sha256, write_mp4
from vsseval.models.base import ModelOptions
from vsseval.types import Request
from vssflow import plugin
from vssflow.plugin import vssflow_model
from vssflow.reference import model as reference_module
from vssflow.sampling import solvers


def light(path, depth=10, *, without=()):
    """A file with the names of the authors' checkpoint, which says who it is and cannot be loaded."""
    keys = [key for key in seeded_checkpoint.layout(depth) if not key.startswith(tuple(without))]
    torch.save(seeded_checkpoint.lightning(collections.OrderedDict((key, torch.ones(1)) for key in keys)), path)
    return path


def test_the_card_of_the_authors_checkpoint(tmp_path):
    path = light(tmp_path / "last.ckpt", 5)
    (tmp_path / "rawnet3.pt").write_bytes(b"weights of a voice")
    fast = vssflow_model(ModelOptions(checkpoint=path)).card
    exact = vssflow_model(ModelOptions(checkpoint=path, argument="reference")).card
    assert (fast.name, fast.version) == ("vssflow", "reference-5-fast-pec2-16")
    assert (exact.name, exact.version) == ("vssflow:reference", "reference-5-dopri5")
    assert vssflow_model(ModelOptions(checkpoint=path, argument="steps=6")).card.version == "reference-5-fast-pec2-6"
    assert fast.weights == exact.weights
    lines = f"{sha256(path)}  last.ckpt\n{sha256(tmp_path / 'rawnet3.pt')}  rawnet3.pt\n"
    assert fast.weights == hashlib.sha256(lines.encode()).hexdigest()
    for words in (
        f"5 blocks (half size), weights last.ckpt {sha256(path)[:8]}, rawnet3.pt",
        "no lip features: zeros, as in the authors' own inference",
        "not the paper's VisualTTS",
        "no synchformer_state_dict.pth beside the checkpoint: zeros for the motion",
        "clips over 10 s are generated in overlapping windows",
    ):
        assert words in fast.note
    assert "no rawnet3.pt" not in fast.note
    (tmp_path / "rawnet3.pt").unlink()
    alone = vssflow_model(ModelOptions(checkpoint=path)).card
    assert alone.weights == sha256(path)
    assert "no rawnet3.pt beside the checkpoint: zeros for the voice, whatever the prompt" in alone.note


def test_the_version_names_the_fast_solver_as_it_is(tmp_path):
    assert solvers.Adams(2, corrector=2, bend=1.25) == solvers.DEFAULT, "another solver needs another name in the card"
    assert solvers.DEFAULT_STEPS == plugin.card.FAST_STEPS
    on_gpu = vssflow_model(ModelOptions(checkpoint=light(tmp_path / "last.ckpt"), device="cuda")).card
    assert on_gpu.version == "reference-10-fast-pec2-16-bf16"


@pytest.mark.parametrize(
    ("able", "device", "version", "words"),
    [
        (True, "cpu", "fast-pec2-16-bf16-bf16vision", "in bfloat16, which moves the latent by 0.9% more"),
        (False, "cpu", "fast-pec2-16", "this processor does not multiply in it (AVX512_BF16, AMX): single precision"),
        (True, "cuda", "fast-pec2-16-bf16", "always that of the sampler, and never that of vision"),
    ],
)
def test_bfloat16_is_in_the_card_where_it_is_computed_and_nowhere_else(
    tmp_path, monkeypatch, able, device, version, words
):
    monkeypatch.setattr(plugin.card, "multiplies_bfloat16", lambda: able)
    chosen = []
    monkeypatch.setattr("vssflow.generate.find_device", torch.device)
    monkeypatch.setattr(
        "vssflow.reference.model.ReferenceVSSFlow.load", lambda *_, half, **__: chosen.append(half) or object()
    )
    path = light(tmp_path / "last.ckpt")
    asked = vssflow_model(ModelOptions(checkpoint=path, argument="bf16", device=device))
    assert asked.card.version == f"reference-10-{version}"
    assert words in asked.card.note
    asked.generator()
    assert chosen == [able and device == "cpu"]
    plain = vssflow_model(ModelOptions(checkpoint=path, device=device)).card
    assert "bfloat16" not in plain.note
    assert "bf16vision" not in plain.version


def test_the_error_of_the_fast_sampler_is_in_its_card_only(tmp_path):
    path = light(tmp_path / "last.ckpt")
    notes = {
        argument: vssflow_model(ModelOptions(checkpoint=path, argument=argument)).card.note
        for argument in ("fast", "reference", "steps=3")
    }
    assert "by up to 7.7% (relative RMS" in notes["fast"]
    assert "7.7%" not in notes["reference"] + notes["steps=3"]


def test_the_authors_card_comes_without_torch(tmp_path):
    path = light(tmp_path / "last.ckpt")
    code = (
        "import sys; from pathlib import Path; from vssflow.plugin import vssflow_model;"
        "from vsseval.models.base import ModelOptions;"
        "print(vssflow_model(ModelOptions(checkpoint=Path(sys.argv[1]))).card.version, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, os.fspath(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["reference-10-fast-pec2-16", "False"]


def test_the_trained_part_alone_is_refused_before_anything_is_done(tmp_path):
    path = light(tmp_path / "part.ckpt", without=("image_encoder.", "vae.", "vocoder."))
    with pytest.raises(UsageError, match=r"the vocoder \(vocoder\.\*\) are missing: it holds the trained part only"):
        vssflow_model(ModelOptions(checkpoint=path))


def test_wrong_shapes_end_the_run_and_not_the_clip(tmp_path):
    model = vssflow_model(ModelOptions(checkpoint=light(tmp_path / "last.ckpt")))
    with pytest.raises(UsageError, match="of another shape"):
        next(model.generate([Request(id="a", duration=0.4, seed=1)]))


@pytest.fixture
def lips(tmp_path):
    folder = tmp_path / "lips"
    folder.mkdir()
    np.save(folder / "a.npy", np.full((10, 1024), 0.5, dtype=np.float32))
    np.save(folder / "b%3Fb.lips.npy", np.ones((10, 1024), dtype=np.float32))
    (folder / "clip.mp4").write_bytes(b"")
    return folder


def test_lips_are_part_of_the_card(tmp_path, lips):
    path = light(tmp_path / "last.ckpt")
    options = ModelOptions(checkpoint=path, argument=f"reference,lips={lips}")
    first = vssflow_model(options).card
    assert first.version == "reference-10-dopri5-lips"
    assert "AV-HuBERT lip features of 2 clips from lips, zeros for the others" in first.note
    np.save(lips / "a.npy", np.zeros((10, 1024), dtype=np.float32))
    assert vssflow_model(options).card.weights != first.weights


def test_a_folder_of_lips_that_cannot_be_used_is_refused(tmp_path, lips):
    path = light(tmp_path / "last.ckpt")
    with pytest.raises(UsageError, match="no such folder"):
        vssflow_model(ModelOptions(checkpoint=path, argument="lips=nowhere"))
    with pytest.raises(UsageError, match="not a folder"):
        vssflow_model(ModelOptions(checkpoint=path, argument=f"lips={path}"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no lip features"):
        vssflow_model(ModelOptions(checkpoint=path, argument=f"lips={tmp_path / 'empty'}"))
    np.save(lips / "b?b.npy", np.ones((10, 1024), dtype=np.float32))
    with pytest.raises(UsageError, match="keep one"):
        vssflow_model(ModelOptions(checkpoint=path, argument=f"lips={lips}"))


def test_each_clip_gets_its_own_lips(tmp_path, lips, monkeypatch, caplog):
    seen = {}

    class Watched(reference_module.ReferenceVSSFlow):
        def generate(self, prompt, *, seed):
            seen[seed] = None if prompt.lips is None else float(prompt.lips[0, 0])
            return torch.zeros(160_000)

    monkeypatch.setattr(
        reference_module.ReferenceVSSFlow, "load", classmethod(lambda _cls, _path, **_options: Watched(Few()))
    )
    np.save(lips / "broken.npy", np.ones((10, 7), dtype=np.float32))
    model = vssflow_model(ModelOptions(checkpoint=light(tmp_path / "last.ckpt"), argument=f"lips={lips}"))
    requests = [Request(id=name, duration=0.4, seed=seed) for seed, name in enumerate(("a", "b?b", "broken", "none"))]
    with caplog.at_level(logging.WARNING, logger="vsseval"):
        outputs = {output.id: output for output in model.generate(requests)}
    assert seen == {0: 0.5, 1: 1.0, 3: None}
    assert "(10, 7)" in outputs["broken"].error
    assert "1 of 4 clips have no lip features (none): zeros in their place" in caplog.text


def film(path, seconds):
    """A video with a sound, so that the harness has something to compare with."""
    frames = np.zeros((round(seconds * 25), 64, 64, 3), dtype=np.uint8)
    frames[len(frames) // 2 :] = 200
    wave = 0.1 * np.sin(np.arange(round(seconds * 16000)) * 0.2)
    write_mp4(path, frames, 25, wave.astype(np.float32), 16000)


@pytest.mark.slow
def test_the_command_runs_the_authors_checkpoint(tmp_path):
    """One block of the true width on one clip: a window of ten seconds costs the same whatever the clip's length."""
    clips, run = tmp_path / "clips", tmp_path / "run"
    clips.mkdir()
    run.mkdir()
    film(clips / "short.mp4", 0.24)
    path = seeded_checkpoint.write(tmp_path / "one.ckpt", blocks=1)
    command = [
        sys.executable, "-m", "vsseval", "run", "--model", "vssflow:steps=1", "--checkpoint", path,
        "--benchmark", f"folder:{clips}", "--no-bounds", "--metric", "fad@logmel", "--jobs", "1", "--json",
        "--store", "store",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=run, capture_output=True, text=True, check=False)
    path.unlink()
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    record = json.loads(done.stdout)[0]["record"]
    assert record["clips"] == {"ok": 1}
    assert record["model"]["version"] == "reference-1-fast-pec2-1"
    assert "no rawnet3.pt beside the checkpoint" in record["model"]["note"]
    lines = [json.loads(line) for file in run.glob("runs/*/shards/*.jsonl") for line in file.read_text().splitlines()]
    assert [(line["id"], line["sample_rate"], round(line["seconds"], 2)) for line in lines] == [("short", 16000, 0.24)]
