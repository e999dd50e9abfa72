"""Every published system's staging, command line and collection, against a stand-in that does as is documented."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from support.fake_plugin import medium
from support.published_programs import SYSTEMS
from vsseval import media, plugins
from vsseval.models.base import ModelOptions
from vsseval.models.baseline import find_baseline, installed
from vsseval.models.baseline.spec import read_baseline
from vsseval.types import Request

FAKE_PROGRAM = Path(__file__).parents[1] / "support" / "fake_program.py"
NAMES = ["-Q9+uX_000007", "b/00004 é.x", "clip%20#3"]
"""Ids as data sets have them: a hyphen first, a plus sign, a slash, a space, a dot, no ASCII."""
SECONDS = 10.5


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """A video longer than any system takes, a prompt, and templates of what is not WAV; to be read only."""
    folder = tmp_path_factory.mktemp("inputs")
    media.write_mp4(folder / "v.mp4", np.zeros((21, 16, 16, 3), np.uint8), 2.0)
    media.write_wav(folder / "p.wav", np.full(8000, 0.1, np.float32), 8000)
    tone = 0.5 * np.sin(2 * np.pi * 200 * np.arange(8 * 44100) / 44100)
    media.write_flac(folder / "template.flac", tone, 44100)
    media.write_mp4(folder / "template.mp4", np.zeros((4, 16, 16, 3), np.uint8), 2.0, tone[: 2 * 44100], 44100)
    return folder


class House:
    """A repository, an environment and a record of what was run in them."""

    def __init__(self, root, inputs, name, description):
        self.name = name
        self.repo, self.record = root / "repo", root / "record.jsonl"
        self.told = {**description, "record": str(self.record), "templates": str(inputs)}
        self._file = root / "description.json"
        bin_ = root / "bin"
        bin_.mkdir()
        (bin_ / "python").symlink_to(os.path.realpath(sys.executable))
        self.repo.mkdir()
        (self.repo / ".git").mkdir()
        baseline, folder = find_baseline(name)
        self.folder = root / name
        self.folder.mkdir()
        for file in folder.iterdir():
            (self.folder / file.name).write_bytes(file.read_bytes())
        for program in description["programs"]:
            place = {"FOLDER": self.folder, "BIN": bin_}.get(program.split("/")[0])
            path = place / program.split("/", 1)[1] if place else self.repo / program
            self._program(path, program, description.get("files", {}).get(program, ""))
        for place, text in description.get("files", {}).items():
            if place not in description["programs"]:
                (self.repo / place).parent.mkdir(parents=True, exist_ok=True)
                (self.repo / place).write_text(text)
        for launcher in (bin_ / "accelerate", bin_ / "torchrun", self.repo / "torch" / "distributed" / "launch.py"):
            self._launcher(launcher)
        for weights in baseline.weights:
            if weights.target:
                path = self.repo / weights.target
                (path if path.suffix else path / "weights.bin").parent.mkdir(parents=True, exist_ok=True)
                (path if path.suffix else path / "weights.bin").write_text("weights")
        self.python = bin_ / "python"
        self.tell()

    def tell(self, **more):
        self.told |= more
        self._file.write_text(json.dumps(self.told))

    def official(self, ids):
        for name in self.told.get("data", []):
            path = self.repo / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(ids))

    def model(self, monkeypatch, argument=None):
        monkeypatch.setattr(plugins, "baseline_folders", lambda: {self.name: self.folder})
        installed.write_environment(self.name, installed.InstalledEnvironment(python=self.python, repo=self.repo))
        from vsseval.models.baseline import baseline_model

        return baseline_model(ModelOptions(f"{self.name}:{argument}" if argument else self.name))

    def ran(self):
        return [json.loads(line) for line in self.record.read_text().splitlines()]

    def _program(self, path, name, extra):
        path.parent.mkdir(parents=True, exist_ok=True)
        call = f"[{str(FAKE_PROGRAM)!r}, {str(self._file)!r}, {name!r}, *sys.argv[1:]]"
        if path.suffix == ".sh":
            python = os.path.realpath(sys.executable)
            text = f'exec {python} {FAKE_PROGRAM} {self._file} {name} "$@"\n'
        else:
            text = f"#!{os.path.realpath(sys.executable)}\nimport runpy, sys\nsys.argv = {call}\n"
            text += "runpy.run_path(sys.argv[0], run_name='__main__')\n"
            text += f"if False:\n    for _ in ():\n{extra}" if extra else ""
        path.write_text(text)
        path.chmod(0o755)

    def _launcher(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"#!{os.path.realpath(sys.executable)}\nimport os, sys\n"
            "at = next(i for i, word in enumerate(sys.argv) if i and word.endswith('.py'))\n"
            "os.execv(sys.executable, [sys.executable, *sys.argv[at:]])\n"
        )
        path.chmod(0o755)


@pytest.fixture
def house(tmp_path, inputs, monkeypatch):
    monkeypatch.setenv("VSSEVAL_BASELINES", str(tmp_path / "home"))

    def build(name):
        return House(tmp_path, inputs, name, SYSTEMS[name])

    return build


def requests(inputs, ids, **more):
    fields = {
        "duration": SECONDS, "video": medium(inputs / "v.mp4"), "caption": '--a dog, "barking"\nloudly',
        "transcript": "BIN BLUE at f two now", "speaker_prompt": medium(inputs / "p.wav"),
        "speech_window": (0.5, 2.0), **more,
    }  # fmt: skip
    return [Request(id=one, seed=2**62 + row, **fields) for row, one in enumerate(ids)]


def pitch(samples, rate):
    mono = samples if samples.ndim == 1 else samples[0]
    spectrum = np.abs(np.fft.rfft(mono[:rate] * np.hanning(rate)[: mono[:rate].size]))
    return round(float(np.argmax(spectrum)) / 10) * 10


def ids_of(description):
    if not description.get("ids"):
        return NAMES
    if description.get("nested"):
        return ["a_b_00011", "a_b_00012", "other/00013"]
    return ["bbaf11n", "lwbz12s", "x_13"]


def test_every_command_has_a_stand_in():
    commands = {name for name, folder in plugins.baseline_folders().items() if read_baseline(folder).kind == "command"}
    assert commands == set(SYSTEMS)


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_sounds_come_back_to_their_clips(name, house, inputs, monkeypatch):
    description = SYSTEMS[name]
    here = house(name)
    ids = ids_of(description)
    # AlignDiT's own list has folders where the benchmark's ids have underscores.
    here.official([one.replace("_0", "/0") for one in ids] if description.get("nested") else ids)
    model = here.model(monkeypatch)
    alone = model._command.group == "clip"
    outputs = {output.id: output for output in model.generate(requests(inputs, ids))}
    assert [output.error for output in outputs.values()] == [None] * len(ids)
    assert set(outputs) == set(ids)
    for row, one in enumerate(ids):
        samples, rate = outputs[one].samples, outputs[one].sample_rate
        if description.get("template"):
            assert rate == 44100
            continue
        assert rate == description["sample_rate"]
        assert samples.shape[-1] / rate == pytest.approx(description["seconds"], abs=0.01)
        assert (1 if samples.ndim == 1 else samples.shape[0]) == description.get("channels", 1)
        number = 11 + row if description.get("ids") else 0 if alone else row
        assert pitch(samples, rate) == 200 + 10 * number
    assert not any((here.repo / part).exists() for part in ("results", "output", "samples"))
    del model  # an official list's results are kept for as long as the model is
    assert not list((installed.environment_folder(name) / "work").iterdir())
    for run in here.ran():
        assert "{" not in "".join(run["arguments"])


@pytest.mark.parametrize("name", ["hunyuanvideo_foley", "vta_ldm", "rewas", "javisdit"])
def test_a_clip_that_is_skipped_in_silence_is_missing_and_the_others_are_not(name, house, inputs, monkeypatch):
    here = house(name)
    here.tell(skip=[1])
    outputs = {t.id: t for t in here.model(monkeypatch).generate(requests(inputs, NAMES))}
    # Alone it is row 0, and comes.
    assert [outputs[one].error for one in NAMES] == [None, None, None]
    here.tell(skip=[0, 1])
    outputs = {t.id: t for t in here.model(monkeypatch).generate(requests(inputs, NAMES))}
    assert outputs[NAMES[2]].samples is not None
    for one in NAMES[:2]:
        assert outputs[one].missing
        for part in ("wrote no sound for this clip", "status 0, as if all were well", ".log", "skipping"):
            assert part in outputs[one].error


def test_a_clip_that_kills_the_program_is_failed_with_the_end_of_the_log(house, inputs, monkeypatch):
    here = house("hunyuanvideo_foley")
    here.tell(die=[0])
    outputs = {t.id: t for t in here.model(monkeypatch).generate(requests(inputs, [*NAMES, "d", "e", "f"]))}
    assert len(outputs) == 6
    for output in outputs.values():
        assert not output.missing
        assert "SIGKILL (out of memory?)" in output.error
        assert "CUDA out of memory at clip_000000" in output.error
    # The batch, three alone, and then no more of the same.
    assert len(here.ran()) == 4
    assert sum("others failed alone" in output.error for output in outputs.values()) == 3


def upstream(here, **change):
    """Change what a system's program takes or writes, as a newer revision of it may."""
    programs = {name: {**program, **change} for name, program in here.told["programs"].items()}
    here.tell(programs=programs)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda program: {"flags": [f"--new{flag}" for flag in program["flags"]]}, "unrecognised argument"),
        (lambda program: {"flags": [*program["flags"], "--licence-key"],
                          "required": [*program.get("required", program["flags"]), "--licence-key"]}, "are required"),
        (lambda _: {"write": "{output_dir}/new_names/{stem}_final.wav", "also": []}, "wrote no sound for this clip"),
    ],
)  # fmt: skip
def test_an_upstream_whose_command_line_or_names_changed_costs_clips_and_no_run(
    change, says, house, inputs, monkeypatch
):
    here = house("hunyuanvideo_foley")
    (program,) = here.told["programs"].values()
    upstream(here, **change({**program}))
    outputs = list(here.model(monkeypatch).generate(requests(inputs, NAMES)))
    assert sorted(output.id for output in outputs) == sorted(NAMES)
    for output in outputs:
        assert output.samples is None
        assert says in output.error
        assert ".log" in output.error


def test_one_process_for_each_clip_is_tried_twice(house, inputs, monkeypatch):
    here = house("mmaudio")
    here.tell(die=[0])
    (output,) = here.model(monkeypatch).generate(requests(inputs, NAMES[:1]))
    assert "(twice)" in output.error
    assert len(here.ran()) == 2


def test_a_program_that_hangs_is_ended(house, inputs, monkeypatch):
    here = house("mmaudio")
    (here.repo / "demo.py").write_text("import time; print('thinking'); time.sleep(60)")
    text = (here.folder / "baseline.toml").read_text().replace("[command]\n", "[command]\nclip_seconds = 0.5\n")
    (here.folder / "baseline.toml").write_text(text)
    (output,) = here.model(monkeypatch).generate(requests(inputs, NAMES[:1]))
    assert "demo.py: it was not done in 0 s" in output.error or "not done in" in output.error


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sample_rate": 22050}, "22050 Hz, where the system writes 48000 Hz"),
        ({"seconds": 0.0}, "no samples"),
    ],
)
def test_a_sound_unlike_the_systems_is_refused(change, says, house, inputs, monkeypatch):
    here = house("hunyuanvideo_foley")
    here.tell(**change)
    outputs = list(here.model(monkeypatch).generate(requests(inputs, NAMES)))
    assert len(outputs) == 3
    assert all(output.samples is None and says in output.error for output in outputs)


def test_stale_files_are_not_collected(house, inputs, monkeypatch):
    """A result of an earlier run in the repository, in a folder that nobody named as such, is older than the start."""
    here = house("produbber")
    here.official(["a_01"])
    stale = here.repo / "output" / "vsseval" / "result_setting1_epoch60" / "wav_pred_b_02.wav"
    stale.parent.mkdir(parents=True)
    media.write_wav(stale, np.full(24000, 0.1, np.float32), 24000)
    os.utime(stale, (1e9, 1e9))
    outputs = {t.id: t for t in here.model(monkeypatch).generate(requests(inputs, ["a_01", "b_02"]))}
    assert outputs["a_01"].samples is not None
    assert outputs["b_02"].missing


def test_an_official_list_is_run_once_for_all_shards(house, inputs, monkeypatch):
    here = house("styledubber")
    here.official(["a_01", "b_02", "c_03"])
    model = here.model(monkeypatch)
    for one in ("a_01", "c_03"):
        (output,) = model.generate(requests(inputs, [one]))
        assert output.samples is not None
    assert len(here.ran()) == 1


def test_two_files_of_one_clip_are_refused(house, inputs, monkeypatch):
    here = house("hunyuanvideo_foley")
    text = (here.folder / "baseline.toml").read_text().replace("{out}/{row:04d}.wav", "{out}/*.wav")
    (here.folder / "baseline.toml").write_text(text)
    outputs = list(here.model(monkeypatch).generate(requests(inputs, NAMES[:2])))
    assert all("2 files claim to be this clip" in output.error for output in outputs)


def test_variants_decide_the_command_line_and_the_rate(house, inputs, monkeypatch):
    here = house("mmaudio")
    (output,) = here.model(monkeypatch, "small_16k").generate(requests(inputs, NAMES[:1]))
    assert "44100 Hz, where the system writes 16000 Hz" in output.error
    assert "small_16k" in here.ran()[0]["arguments"]


def test_what_reaches_the_command_line(house, inputs, monkeypatch):
    here = house("f5_tts")
    (output,) = here.model(monkeypatch).generate(requests(inputs, NAMES[:1]))
    assert output.samples is not None
    (run,) = here.ran()
    words = run["arguments"]
    assert "--gen_text=bin blue at f two now" in words
    # One second of prompt, and the clip.
    assert words[words.index("--fix_duration") + 1] == "11.500"


def test_a_caption_is_one_argument_and_one_field(house, inputs, monkeypatch):
    here = house("foleycrafter")
    list(here.model(monkeypatch).generate(requests(inputs, NAMES[:1])))
    assert '--prompt=--a dog, "barking" loudly' in here.ran()[0]["arguments"]


def test_a_clip_without_what_the_system_needs_has_a_reason(house, inputs, monkeypatch):
    here = house("rewas")
    (output,) = here.model(monkeypatch).generate(requests(inputs, NAMES[:1], caption=None, video=None))
    assert output.error == "the clip has no video and no caption, without which this system does nothing"
