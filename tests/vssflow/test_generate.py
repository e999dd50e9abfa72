"""VSSFlow without the harness: the Python call of the README, the command, its files and its words."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import save_file

from support.small_model import quick, untrained
from vsseval.errors import EnvironmentFault, UsageError
from vsseval.media import load_audio, write_flac, write_mp4
from vssflow.cli import invoke
from vssflow.generate import find_device, generate, load, read_prompt, targets, write
from vssflow.reference.model import ReferenceVSSFlow

README = Path(__file__).parents[2] / "vssflow" / "README.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A clip of 0.83 s, one of 10.6 s, and a voice."""
    where = tmp_path_factory.mktemp("generate")
    generator = np.random.default_rng(0)
    write_mp4(where / "clip.mp4", generator.integers(0, 255, (25, 64, 64, 3), dtype=np.uint8), 30)
    write_mp4(where / "long.mp4", np.zeros((53, 32, 32, 3), np.uint8), 5)
    write_flac(where / "voice.flac", 0.1 * generator.standard_normal(4 * 22050), 22050)
    return where


@pytest.fixture(scope="module")
def checkpoint(folder):
    untrained().save(folder / "untrained.safetensors")
    return folder / "untrained.safetensors"


@pytest.fixture(scope="module")
def model(checkpoint):
    return load(checkpoint, steps=1, guidance=1.0)


@pytest.fixture
def here(folder, tmp_path, monkeypatch):
    """The working directory: a copy of the clips, the fewest steps."""
    for name in ("clip.mp4", "long.mp4", "voice.flac"):
        shutil.copy(folder / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(checkpoint, *arguments):
    return invoke(["generate", "--checkpoint", str(checkpoint), "--steps", "1", "--guidance", "1", *arguments])


def test_the_five_lines_of_the_readme_run(here):
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    code = next(block for block in blocks if "vssflow.generate" in block)
    assert len(code.strip().splitlines()) - code.count("\n\n") == 5
    shutil.copy("voice.flac", "voice.wav")  # the reader looks at the content, not at the name
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert soundfile.info("out.wav").frames == round(25 / 30 * 16000)
    assert Path("out.mp4").is_file()


def test_the_same_prompt_and_seed_give_the_same_sound(model, folder):
    prompt = read_prompt(folder / "clip.mp4", transcript="hello there", voice=folder / "voice.flac")
    one, again, other = (generate(model, prompt, seed=seed).sound for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert one.shape == (round(25 / 30 * 16000),)


def test_the_command_writes_video_and_sound_and_says_what_it_did(here, checkpoint, capsys):
    asked = ["clip.mp4", "-t", "hello there", "-p", "voice.flac", "--speech-window", "0.1:0.8", "-o", "out.mp4"]
    assert run(checkpoint, *asked) == 0
    out, err = capsys.readouterr()
    assert out.split() == ["out.mp4", "out.wav"]
    assert re.fullmatch(r"0\.83 s of sound, made in [0-9.]+ s", err.splitlines()[-2])
    assert err.splitlines()[-1].startswith("vssflow, small configuration untrained.safetensors, weights ")
    info = soundfile.info("out.wav")
    assert (info.samplerate, info.frames, info.channels) == (16000, round(25 / 30 * 16000), 1)
    assert load_audio(here / "out.mp4").seconds == pytest.approx(25 / 30, abs=0.01)


def test_pictures_are_copied_bit_for_bit(here, checkpoint):
    assert run(checkpoint, "clip.mp4", "-o", "out.mp4") == 0
    streams = []
    for name in ("clip.mp4", "out.mp4"):
        with av.open(name) as container:
            streams.append([bytes(packet) for packet in container.demux(video=0) if packet.size])
    assert streams[0] == streams[1]


def test_sound_alone(here, checkpoint, capsys):
    assert run(checkpoint, "clip.mp4", "-o", "out.wav") == 0
    assert capsys.readouterr().out.split() == ["out.wav"]
    assert not Path("out.mp4").exists()


def test_a_clip_beyond_ten_seconds_is_made_in_windows_and_this_is_said(here, checkpoint, capsys):
    assert run(checkpoint, "long.mp4", "-t", "lay red by c zero now", "-o", "out.wav") == 0
    assert "10.60 s of sound in 2 overlapping windows, made in" in capsys.readouterr().err
    assert soundfile.info("out.wav").frames == 169600


def test_nothing_is_overwritten_without_force(here, checkpoint, capsys):
    Path("out.wav").write_text("mine")
    assert run(checkpoint, "clip.mp4", "-o", "out.mp4") == 2
    assert capsys.readouterr().err == (
        "error: out.wav exists: choose another name with -o, or overwrite it with --force\n"
    )
    assert Path("out.wav").read_text() == "mine"
    assert not Path("out.mp4").exists()
    assert run(checkpoint, "clip.mp4", "-o", "out.mp4", "--force") == 0
    assert soundfile.info("out.wav").frames > 0


def test_the_source_is_never_overwritten(here):
    before = Path("clip.mp4").read_bytes()
    assert invoke(["generate", "clip.mp4", "-o", "./clip.mp4", "--force"]) == 2
    assert Path("clip.mp4").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["clip.mp4", "-o", "out.avi"], 2, "out.avi: what kind of file? Give a name that ends in .wav, .mp4, .mov"),
        (["clip.mp4", "-o", "nowhere/out.mp4"], 2, "mkdir -p 'nowhere'"),
        (["clip.mp4", "-o", "out.mp4", "--device", "cuda:99"], 4, "no such device; use --device cpu"),
        (["clip.mp4", "-o", "out.mp4", "--device", "toaster"], 2, "cpu, cuda and cuda:1 are names of devices"),
        (["clip.mp4", "-o", "out.mp4", "--checkpoint", "clip.mp4"], 2, "clip.mp4 cannot be loaded"),
        (["clip.mp4", "-o", "out.mp4", "--speech-window", "1-2"], 2, "'1-2' is not START:END in seconds"),
        (["clip.mp4", "-o", "out.mp4", "--seed", "-1"], 2, "-1 is not in the range"),
        (["clip.mp4", "-o", "out.mp4", "--steps", "0"], 2, "0 is not in the range"),
        (["gone.mp4", "-o", "out.mp4"], 2, "'gone.mp4' does not exist"),
        (["voice.flac", "-o", "out.mp4"], 2, "voice.flac: holds no video stream"),
        (["clip.mp4", "-o", "out.mp4", "--lips", "voice.flac"], 2, "lip features are read from .npy and .npz"),
        (["clip.mp4"], 2, "Missing option '-o'"),
    ],
)
def test_mistakes_are_told_in_one_line_with_what_mends_them(here, capsys, arguments, code, words):
    assert invoke(["generate", *arguments]) == code
    error = [line for line in capsys.readouterr().err.splitlines() if line.lower().startswith("error:")]
    assert len(error) == 1
    assert words in error[0]
    assert not list(here.glob("out.*"))


def test_help_does_not_load_torch():
    code = (
        "import sys; from vssflow.cli import invoke; "
        "[invoke(arguments) for arguments in (['--help'], ['generate', '--help'], ['demo', '--help'])]; "
        "print([name for name in ('torch', 'gradio', 'av') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "generate" in done.stdout


def test_the_card_names_weights_and_settings(model):
    about, settings = model.card.split("; ")
    assert re.fullmatch("vssflow, small configuration untrained.safetensors, weights [0-9a-f]{12}, Apache-2.0", about)
    assert settings == "1 steps, guidance 1"
    assert load().card.endswith("16 steps, guidance 2.5 between 0.1 and 0.9")


class Authors:
    """Stands for the authors' networks."""

    longest = 10.0

    def generate(self, prompt, *, seed):
        self.asked = (self.steps, self.guidance, seed)
        return torch.zeros(round(prompt.seconds * 16000))


def test_a_checkpoint_of_the_authors_is_known_by_its_keys(folder, tmp_path, monkeypatch):
    names = ["vaflow.transformer_blocks.4.x", "cond_proj.x", "image_encoder.x", "vae.x", "vocoder.x"]
    save_file({name: torch.zeros(1) for name in names}, tmp_path / "theirs.safetensors")
    monkeypatch.setattr(ReferenceVSSFlow, "load", lambda *_args, **_options: Authors())
    model = load(tmp_path / "theirs.safetensors", steps=7)
    assert model.card.startswith(
        "vssflow, the reference configuration (reference-5-fast-pec2-16), weights theirs.safetensors "
    )
    assert "no rawnet3.pt beside it: voices are not heard" in model.card
    made = generate(replace(model, guidance=2.0), read_prompt(folder / "clip.mp4", voice=folder / "voice.flac"), seed=3)
    assert model.network.asked == (7, 2.0, 3)
    assert made.notes == ("the voice prompt is not heard: weights for that are not beside the checkpoint",)


def test_bfloat16_is_for_the_authors_and_where_the_processor_has_it(folder, tmp_path, monkeypatch, checkpoint):
    with pytest.raises(UsageError, match="--bf16\\) is for a checkpoint of the authors"):
        load(checkpoint, half=True)
    names = ["vaflow.transformer_blocks.4.x", "cond_proj.x", "image_encoder.x", "vae.x", "vocoder.x"]
    save_file({name: torch.zeros(1) for name in names}, tmp_path / "theirs.safetensors")
    asked = []
    monkeypatch.setattr(ReferenceVSSFlow, "load", lambda *_args, half, **_options: asked.append(half) or Authors())
    for able, says in ((True, "fast-pec2-16-bf16-bf16vision)"), (False, "this processor has no bfloat16")):
        monkeypatch.setattr("vssflow.reference.card.multiplies_bfloat16", lambda able=able: able)
        assert says in load(tmp_path / "theirs.safetensors", half=True).card
    assert asked == [True, False]


def test_impossible_settings_are_refused(checkpoint, folder):
    with pytest.raises(UsageError, match="impossible"):
        load(checkpoint, steps=0)
    with pytest.raises(UsageError, match="impossible"):
        load(checkpoint, guidance=float("nan"))
    with pytest.raises(UsageError, match="no such file"):
        load(folder / "gone.safetensors")
    with pytest.raises(UsageError, match="the seed -1 is impossible"):
        generate(quick(None), read_prompt(folder / "clip.mp4"), seed=-1)


def test_devices_are_looked_up():
    assert find_device("cpu").type == "cpu"
    with pytest.raises(EnvironmentFault, match="no such device"):
        find_device("mps")


def test_a_prompt_without_a_video_gives_sound_alone(model, folder, tmp_path):
    prompt = read_prompt(folder / "clip.mp4")._replace(video=None, seconds=0.5)
    made = generate(model, prompt)
    assert write(made, tmp_path / "out.wav") == [tmp_path / "out.wav"]
    with pytest.raises(UsageError, match="no video"):
        write(made, tmp_path / "out.mp4")


def test_a_folder_is_no_target(folder, tmp_path):
    (tmp_path / "out.mp4").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        targets(tmp_path / "out.mp4", folder / "clip.mp4", force=True)
