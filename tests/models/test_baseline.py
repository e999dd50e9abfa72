"""Baselines: what is listed and refused, published sound, mixtures, a stranger's folder, environments."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from vsseval import media, plugins
from vsseval.cli import invoke
from vsseval.cli.list import command as list_command
from vsseval.errors import EnvironmentFault, MissingEnvironment, NeedsArgument, ReportedOnly, UsageError
from vsseval.models.base import ModelCard, ModelOptions, ModelOutput
from vsseval.models.baseline import installed as sites
from vsseval.models.baseline import mix_model, setup
from vsseval.models.baseline.repository_copy import mirror
from vsseval.models.baseline.spec import Patch, digest, read_baseline
from vsseval.models.baseline.stage import parts, stage, write_listing
from vsseval.records import RunSpec
from vsseval.stages.run import run
from vsseval.types import Request

ALL = plugins.baseline_folders()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_BASELINES", str(tmp_path / "home"))
    return tmp_path / "home"


def model(reference):
    name, argument = plugins.split_argument(reference)
    return plugins.load("models", name)(ModelOptions(argument))


def test_the_systems_of_the_comparison_tables_are_there():
    wanted = """
        mmaudio frieren diff_foley foleycrafter v_aura seeing_and_hearing specvqgan im2wav vta_ldm lova thinksound
        hunyuanvideo_foley audiox rewas hpmdubbing styledubber speaker2dubber emodubber produbber aligndit lipvoicer dsu
        ovi ltx_2 foley_omni controlfoley woosh fun_cineforge davinci_magihuman cosync_dit diflowdubber holidubber
        vspeechlm stereofoley foleydirector f5_tts e2_tts cosyvoice mova universe_1 javisdit
        vssflow_authors deepaudio_v1 v2a_mapper mix_mmaudio_styledubber
    """
    assert set(wanted.split()) <= set(ALL)


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_folder_is_whole(name):
    folder = ALL[name]
    baseline = read_baseline(folder)
    assert baseline.licence
    assert baseline.citation
    assert baseline.read, "it says when its source was last read"
    assert baseline.verified == "never" or baseline.verified.startswith("20")
    if baseline.kind in {"command", "python_driver"}:
        assert baseline.code
        assert baseline.revision
        assert (folder / "pyproject.toml").is_file()
    if baseline.kind == "python_driver":
        assert len((folder / "worker.py").read_text().splitlines()) < 150
    for weights in baseline.weights:
        assert not weights.sha256 or len(weights.sha256) == 64
    for file in folder.iterdir():
        assert "file://" not in file.read_text()


def test_the_list_shows_each_with_its_licence_and_status():
    done = CliRunner().invoke(list_command, ["models", "--json"])
    found = {item["name"]: item for item in json.loads(done.output)}
    assert set(ALL) <= set(found)
    for name in ALL:
        assert found[name]["licence"]
        assert found[name]["task"]
    assert found["mmaudio"]["status"] == "missing"
    assert found["mmaudio"]["get"] == ("no environment; verified: never. Get it with: vsseval baselines setup mmaudio")
    assert found["vspeechlm"]["status"] == "reported only"
    assert found["v2a_mapper"]["status"] == "needs an argument"
    assert CliRunner().invoke(list_command, ["models"]).exit_code == 0


def test_what_cannot_run_says_why():
    with pytest.raises(MissingEnvironment, match="vsseval baselines setup mmaudio"):
        model("mmaudio")
    with pytest.raises(MissingEnvironment, match="vsseval baselines setup mmaudio"):
        model("baseline:mmaudio:small_16k")
    with pytest.raises(UsageError, match="no variant 'huge'; it has: large_44k"):
        model("mmaudio:huge")
    with pytest.raises(UsageError, match="no variant"):
        model("frieren:huge")
    with pytest.raises(ReportedOnly, match="no public copy of code"):
        model("vspeechlm")
    with pytest.raises(NeedsArgument, match="--model v2a_mapper:FOLDER"):
        model("v2a_mapper")
    with pytest.raises(UsageError, match="needs a name"):
        model("baseline")
    with pytest.raises(UsageError, match="did you mean mmaudio"):
        model("baseline:mmaudoi")
    with pytest.raises(UsageError, match="is not a folder"):
        model("v2a_mapper:/no/such/place")


def test_a_system_without_a_seed_says_so():
    with pytest.raises(MissingEnvironment) as fault:
        model("frieren")
    assert fault.value.card.note.endswith("needs a GPU; cannot be seeded: another sound at each run; verified: never.")


def test_a_run_without_the_environment_ends_before_it_begins(tmp_path, capsys):
    arguments = ["run", "--model", "espeak_ng", "--benchmark", "mini_vtts", "--runs", str(tmp_path / "runs")]
    assert invoke(arguments) == 4
    assert "Get it with: vsseval baselines setup espeak_ng" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_published_sound_by_its_authors_names(tmp_path):
    folder = tmp_path / "frieren" / "generated"
    folder.mkdir(parents=True)
    for name in ("Yab_000001_0", "Yab_000001_1", "Yx[1]y_0"):
        media.write_wav(folder / f"{name}.wav", np.full(16000 * 8, 0.1, np.float32), 16000)
    media.write_wav(folder / "Ylong_0.wav", np.full(16000 * 10, 0.1, np.float32), 16000)
    (folder / "Ybad_0.wav").write_bytes(b"RIFF")
    (folder.parent / "Ytwice_0.wav").write_bytes((folder / "Yab_000001_0.wav").read_bytes())
    (folder / "Ytwice_0.wav").write_bytes((folder / "Yab_000001_0.wav").read_bytes())
    made = model(f"frieren_results:{tmp_path / 'frieren'}")
    ids = ["ab_000001", "x[1]y", "absent", "long", "bad", "twice"]
    outputs = {output.id: output for output in made.generate([Request(id=i, duration=8, seed=0) for i in ids])}
    assert list(outputs) == ids
    assert outputs["ab_000001"].samples.shape == (1, 128000)
    assert outputs["x[1]y"].samples is not None
    assert outputs["absent"].missing
    assert "at most 8.2 s" in outputs["long"].error
    assert outputs["bad"].error
    assert "2 files claim to be this clip" in outputs["twice"].error
    assert made.card.weights != model(f"frieren_results:{folder}").card.weights


@pytest.mark.parametrize(
    ("clip", "head", "last"),
    [("s1_bbaf2n", "s1", "bbaf2n"), ("-a_b_00001", "-a_b", "00001"), ("yt/00001", "yt", "00001"), ("x", "", "x")],
)
def test_the_halves_of_an_id(clip, head, last):
    assert parts(clip) == {"id": clip, "tail": clip.rsplit("/", 1)[-1], "head": head, "last": last}


def test_a_mixture():
    request = Request(id="c", duration=2.0, seed=0, speech_window=(0.5, 1.5))
    sound = ModelOutput("c", np.full((2, 32000), 0.4, np.float32), 16000)
    speech = ModelOutput("c", np.full(24000, 0.2, np.float32), 24000)
    output = mix_model.mix(request, sound, speech, 0.5)
    assert output.sample_rate == 24000
    assert output.samples.shape == (48000,)
    at = lambda second: float(output.samples[round(second * 24000)])
    assert [at(0.25), at(1.0), at(1.75)] == pytest.approx([0.2, 0.4, 0.2], abs=0.01)
    # A track of the clip's own length has its silences in it.
    whole = mix_model.mix(request, sound, ModelOutput("c", np.full(47000, 0.2, np.float32), 24000), 0.5)
    assert float(whole.samples[6000]) == pytest.approx(0.4, abs=0.01)
    loud = mix_model.mix(request, sound, ModelOutput("c", np.full(48000, 1.0, np.float32), 24000), 0.5)
    assert float(np.abs(loud.samples).max()) <= 1.0


class Half:
    def __init__(self, name, error=None):
        self.card = ModelCard(name=name, version="1", tasks=("joint",))
        self._error = error

    def generate(self, requests):
        for request in requests:
            bad = self._error and request.id == "b"
            yield ModelOutput(
                request.id, None if bad else np.zeros(8000, np.float32), 8000, error=self._error if bad else None
            )


def test_a_mixture_without_a_half_has_its_reason(monkeypatch):
    halves = {"mmaudio": Half("mmaudio"), "styledubber": Half("styledubber", "no lips")}
    load = plugins.load
    monkeypatch.setattr(plugins, "load", lambda kind, n: (lambda _: halves[n]) if n in halves else load(kind, n))
    made = model("mix_mmaudio_styledubber")
    outputs = {t.id: t for t in made.generate([Request(id=i, duration=1, seed=0) for i in "ab"])}
    assert outputs["a"].samples is not None
    assert outputs["b"].error == "styledubber: no lips"
    assert "mmaudio-1" in made.card.version


def test_a_checkpoint_goes_to_the_half_that_takes_one(monkeypatch, tmp_path):
    given = {}
    load = plugins.load
    halves = {"retrieval": lambda options: (given.update(sound=options.checkpoint), Half("retrieval"))[1],
              "kokoro": lambda options: (given.update(speech=options.checkpoint), Half("kokoro"))[1],
              "mmaudio": lambda _: Half("mmaudio"), "styledubber": lambda _: Half("styledubber")}  # fmt: skip
    monkeypatch.setattr(plugins, "load", lambda kind, n: halves[n] if n in halves else load(kind, n))
    bank = tmp_path / "bank.zip"
    bank.write_bytes(b"videos")
    load("models", "mix_retrieval_kokoro")(ModelOptions(None, bank))
    assert given == {"sound": bank, "speech": None}
    with pytest.raises(UsageError, match="neither half of mix_mmaudio_styledubber takes one"):
        load("models", "mix_mmaudio_styledubber")(ModelOptions(checkpoint=bank))


def test_a_strangers_folder_is_a_model_like_any_other(site, clips, home, tmp_path):
    """One folder in a package of somebody else's, no edit anywhere: listed, set up, run, quarantined, N kept."""
    assert "robot" in plugins.names("models")
    assert plugins.distribution("models", "robot") == "vsseval-fakes 1.0"
    assert invoke(["baselines", "setup", "robot", "--python", sys.executable]) == 0
    spec = RunSpec(
        model="robot", benchmark=f"fake:{clips}", metrics=("level@fake",), runs=tmp_path / "runs", store=tmp_path / "s",
        jobs=1,
    )  # fmt: skip
    (record,) = run([spec])
    assert record.clips == {"ok": 8}
    assert record.model.version.startswith("3.0+")
    assert "verified: never" in record.model.note
    logs = list((home / "robot" / "logs").iterdir())
    assert "robot on cpu robot" in logs[0].read_text()


def test_a_clip_that_kills_a_strangers_worker(site, home):
    assert invoke(["baselines", "setup", "robot", "--python", sys.executable]) == 0
    words = ["one", "unsayable", "one two", ""]
    asked = [Request(id=f"c{i}", duration=0.5, seed=0, transcript=text) for i, text in enumerate(words)]
    outputs = {output.id: output for output in model("robot").generate(asked)}
    assert len(outputs) == 4
    assert "ended the worker 2 times: it ended with status 7" in outputs["c1"].error
    assert "no transcript" in outputs["c3"].error
    assert outputs["c0"].samples.size == outputs["c2"].samples.size == 4000


def test_two_packages_with_one_folder_name_are_refused(site):
    package = site / "other_baselines" / "robot"
    package.mkdir(parents=True)
    (package / "baseline.toml").write_text('name = "robot"')
    info = site / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vsseval.baselines]\nmine = other_baselines\nbad = no_such_package.x\n")
    with pytest.raises(EnvironmentFault, match="claimed by other and vsseval-fakes"):
        plugins.load("models", "robot")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Object missing required field"),
        ("name = 1", "Expected `str`"),
        ("not toml", "baseline.toml is no baseline"),
        ('name = "x"\ntitel = "x"', "unknown field `titel`"),
        ('name = "x"\ntitle = "X"\nkind = "command"\ntasks = []\nlicence = ""\ncitation = ""', "lacks a table"),
        (
            'name = "y"\ntitle = "X"\nkind = "reported_only"\ntasks = []\nlicence = ""\ncitation = ""\nreason = "r"',
            "rename",
        ),
    ],
)
def test_a_damaged_folder_is_a_fault(tmp_path, text, says):
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "baseline.toml").write_text(text)
    with pytest.raises(EnvironmentFault, match=says):
        read_baseline(folder)


def test_the_digest_is_of_all_that_decides(tmp_path):
    folder = tmp_path / "piper"
    folder.mkdir()
    for file in ALL["piper"].iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    before = digest(folder)
    assert before == digest(ALL["piper"])
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "worker.pyc").write_text("b")
    text = (folder / "baseline.toml").read_text()
    (folder / "baseline.toml").write_text(
        text.replace("2026-11-25", "2027-01-01").replace("CC0-1.0 voice", "CC0 voice")
    )
    assert digest(folder) == before
    (folder / "baseline.toml").write_text(text.replace("sample_rate = 22050", "sample_rate = 16000"))
    assert digest(folder) != before
    (folder / "baseline.toml").write_text(text)
    (folder / "worker.py").write_text("c")
    assert digest(folder) != before


def test_a_copy_of_a_repository(tmp_path):
    repo = tmp_path / "repo"
    for name in ("code.py", "results/old.wav", ".git/HEAD", "weights/w.bin", "deep/er/x.py"):
        path = repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("seed = table[name]")
    (repo / "weights" / "w.bin").write_bytes(bytes(2 << 20))
    (repo / "data").mkdir()
    for index in range(2000):
        (repo / "data" / f"{index}.npy").touch()
    change = Patch(file="deep/er/x.py", search="table[name]", replace="args.seed", why="KeyError")
    mirror(repo, tmp_path / "copy", fresh=["results"], patches=[change])
    copy = tmp_path / "copy"
    assert (copy / "deep/er/x.py").read_text() == "seed = args.seed"
    assert (repo / "deep/er/x.py").read_text() == "seed = table[name]"
    assert not list((copy / "results").iterdir())
    assert not (copy / ".git").exists()
    assert (copy / "weights" / "w.bin").is_symlink()
    assert (copy / "data").is_symlink()
    assert not (copy / "code.py").is_symlink()
    with pytest.raises(EnvironmentFault, match="the patch of code.py does not fit"):
        mirror(repo, tmp_path / "other", patches=[Patch(file="code.py", search="gone", replace="", why="")])


def test_setup_takes_an_environment_that_is_there(tmp_path, capsys, home):
    repo = tmp_path / "MMAudio"
    repo.mkdir()
    assert invoke(["baselines", "setup", "mmaudio", "--python", sys.executable]) == 2
    assert "name your copy with --repo" in capsys.readouterr().err
    assert invoke(["baselines", "setup", "mmaudio", "--repo", str(repo)]) == 2
    assert invoke(["baselines", "setup", "mmaudio", "--python", sys.executable, "--repo", str(repo)]) == 0
    told = capsys.readouterr()
    assert "needs on the path: ffmpeg" in told.err
    assert "vsseval doctor --model mmaudio" in told.err
    assert model("mmaudio").card.name == "mmaudio"
    repo.rmdir()
    with pytest.raises(MissingEnvironment, match="MMAudio is gone"):
        model("mmaudio")
    (home / "mmaudio" / "site.json").write_text("{")
    with pytest.raises(EnvironmentFault, match="vsseval baselines setup mmaudio"):
        model("mmaudio")


def test_setup_says_which_weights_are_lacking(tmp_path, capsys):
    repo = tmp_path / "repo"
    repo.mkdir()
    assert invoke(["baselines", "setup", "rewas", "--python", sys.executable, "--repo", str(repo)]) == 0
    told = capsys.readouterr().err
    assert "weights: https://huggingface.co/lee-j/ReWaS to ckpts/audioldm_m_rewas_vggsound.ckpt" in told
    assert "not complete yet: no weights at" in told
    with pytest.raises(MissingEnvironment, match="no weights at"):
        model("rewas")


@pytest.mark.parametrize(
    ("name", "says"),
    [("vspeechlm", "cannot be run"), ("v2a_mapper", "finished sound"), ("mix_mmaudio_f5_tts", "set those up")],
)
def test_setup_refuses_what_has_no_environment(name, says, capsys):
    assert invoke(["baselines", "setup", name]) == 2
    assert says in capsys.readouterr().err


def test_show_tells_all(capsys):
    assert invoke(["baselines", "show", "mmaudio"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["revision"] == "974010a"
    assert told["command"]["steps"][0][1] == "demo.py"


def test_the_table_of_the_documentation_is_that_of_the_folders(capsys):
    assert invoke(["baselines", "table"]) == 0
    page = (Path(__file__).parents[2] / "docs" / "baselines.md").read_text()
    assert page.endswith(capsys.readouterr().out)


def test_an_interpreter_that_is_not_here(monkeypatch):
    baseline = read_baseline(ALL["mova"])
    monkeypatch.setattr(setup, "_candidates", lambda version: ["/no/such/python", sys.executable])
    with pytest.raises(EnvironmentFault, match=r"mova needs Python 3\.13, .*--python ENVIRONMENT/bin/python"):
        setup.interpreter(baseline)


def test_an_environment_that_does_not_build_names_the_log(tmp_path, home):
    folder = tmp_path / "piper"
    folder.mkdir()
    (folder / "requirements.lock").write_text("!!!\n")
    steps = []
    with pytest.raises(EnvironmentFault, match=r"fails with status .*setup\.log, which ends: .*requirement"):
        setup.make(read_baseline(ALL["espeak_ng"]), folder, steps.append)
    assert len(steps) == 2
    assert sites.find_environment("espeak_ng") is None


def test_home_is_the_users_folder(monkeypatch):
    monkeypatch.delenv("VSSEVAL_BASELINES")
    assert sites.environment_folder("x").parts[-3:] == ("vsseval", "baselines", "x")
    assert Path(sites.environment_folder("x")).is_absolute()


def staged(tmp_path, text, **request):
    """Stage one clip for a command that takes its settings from a file; return placeholders and the file."""
    folder = tmp_path / "some"
    folder.mkdir()
    (folder / "baseline.toml").write_text(
        'name = "some"\ntitle = "S"\nkind = "command"\ntasks = ["joint"]\nlicence = "none"\ncitation = "none"\n'
        '[inputs]\ncaption = "optional"\ntranscript = "optional"\n[collect]\npattern = "x"\n'
        f'[command]\nsteps = [["x"]]\n{text}'
    )
    baseline = read_baseline(folder)
    places = {"in": str(tmp_path), "work": str(tmp_path), "out": str(tmp_path)}
    clip = stage(baseline, Request(id="c", seed=7, **{"duration": 4.0, **request}), 0, places)
    write_listing(baseline, [clip], places)
    return clip.values, baseline


CONFIG = """
[stage.phrases]
speech = " <S>{transcript}<E>"
[stage.listing]
format = "config"
path = "{work}/config.yaml"
[stage.listing.fields]
text_prompt = "{caption}{speech}"
seed = "{seed}"
size = "[704, 1280]"
fp8 = "false"
shift = "5.0"
where = "./ckpts"
"""


def test_a_config_holds_numbers_where_the_folder_wrote_some_and_never_of_what_people_wrote(tmp_path):
    staged(tmp_path, CONFIG, caption="", transcript="1e5")
    assert json.loads((tmp_path / "config.yaml").read_text()) == {
        "text_prompt": " <S>1e5<E>", "seed": 7, "size": [704, 1280], "fp8": False, "shift": 5.0, "where": "./ckpts",
    }  # fmt: skip


def test_a_phrase_is_left_out_where_there_is_nothing_to_say(tmp_path):
    values, _ = staged(tmp_path, CONFIG, caption="true")
    assert values["speech"] == ""
    assert json.loads((tmp_path / "config.yaml").read_text())["text_prompt"] == "true"


@pytest.mark.parametrize(("seconds", "frames"), [(4.0, 97), (5.0, 121), (5.05, 129), (0.04, 1), (0.05, 9)])
def test_pictures_are_counted_as_a_system_counts_them(tmp_path, seconds, frames):
    text = "[stage]\nframes = { rate = 24, step = 8, extra = 1 }\n"
    assert staged(tmp_path, text, duration=seconds)[0]["frames"] == frames


def many(tmp_path, group, read):
    folder = tmp_path / group
    folder.mkdir()
    (folder / "baseline.toml").write_text(
        f'name = "{group}"\ntitle = "S"\nkind = "command"\ntasks = ["v2s"]\nlicence = "none"\ncitation = "none"\n'
        f'read = "{read}"\n[collect]\npattern = "x"\n[command]\ngroup = "{group}"\nsteps = [["x"]]\n' + CONFIG
    )
    return folder


def test_a_config_of_many_clips_and_a_day_that_is_none_are_faults(tmp_path):
    with pytest.raises(EnvironmentFault, match=r"a list of the format `config` is of one clip"):
        read_baseline(many(tmp_path, "batch", "2026-11-29"))
    with pytest.raises(EnvironmentFault, match=r"`read` is 'last week'"):
        read_baseline(many(tmp_path, "clip", "last week"))
