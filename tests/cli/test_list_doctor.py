"""What `list` and `doctor` say of what is there, of what is not, and of models that break their promises."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from support.fake_plugin import make_clips
from vsseval import plugins
from vsseval.benchmarks.base import BenchmarkCard
from vsseval.cli import checks, machine_checks, trial
from vsseval.cli.doctor import command as doctor
from vsseval.cli.list import command as list_command
from vsseval.errors import EnvironmentFault, MissingExtra, Unmeasurable, UsageError
from vsseval.models.base import ModelCard, ModelOutput
from vsseval.types import ExtractorSpec

RATE = 16_000


class Bench:
    def __init__(self, samples):
        self.card = BenchmarkCard(
            name="tiny", version="1.0", task="v2s", size=len(samples), licence="CC0", description="Tiny.", metrics=()
        )
        self._samples = samples

    def samples(self):
        return self._samples


class Loud:
    """A model that keeps its promises; the others below break one each."""

    card = ModelCard(name="loud", version="1", tasks=("v2s",), licence="CC0", note="a tone")

    def generate(self, requests):
        for request in requests:
            yield ModelOutput(request.id, self.sound(request), RATE)

    def sound(self, request):
        rng = np.random.default_rng(request.seed)
        return rng.normal(0, 0.1, round(request.duration * RATE)).astype(np.float32)


class Quiet(Loud):
    def sound(self, request):
        return np.zeros(round(request.duration * RATE), np.float32)


class Short(Loud):
    def sound(self, request):
        return np.full(10, 0.1, np.float32)


class Broken(Loud):
    def sound(self, request):
        return np.full(RATE, np.nan, np.float32)


class Moody(Loud):
    def __init__(self):
        self.calls = 0

    def sound(self, request):
        self.calls += 1
        return np.full(round(request.duration * RATE), 0.01 * self.calls, np.float32)


class Forgetful(Loud):
    def generate(self, requests):
        yield from list(super().generate(requests))[1:]


class Raising(Loud):
    def generate(self, requests):
        raise RuntimeError("CUDA out of memory")


MODELS = {m.__name__.lower(): m for m in (Loud, Quiet, Short, Broken, Moody, Forgetful, Raising)}


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return make_clips(tmp_path_factory.mktemp("clips"), count=4, seconds=1.0)


@pytest.fixture
def house(monkeypatch, samples, tmp_path):
    """Stand in for the installed plugins, good and bad."""

    def absent(argument):
        raise EnvironmentFault("vggsound is not here: vsseval data pull vggsound")

    def needs(argument):
        raise UsageError("folder needs a path: --benchmark folder:PATH")

    def bug(*_):
        raise ZeroDivisionError("division by zero")

    found = {
        "benchmarks": {"folder": needs, "tiny": lambda _: Bench(samples), "vggsound": absent},
        "models": {name: (lambda _, m=m: m()) for name, m in MODELS.items()} | {"bug": bug},
        "extractors": {}, "metrics": {},
    }  # fmt: skip
    monkeypatch.setattr(plugins, "names", lambda kind: sorted(found[kind]))
    monkeypatch.setattr(plugins, "distribution", lambda kind, name: "elsewhere 2.0")
    monkeypatch.setattr(plugins, "load", lambda kind, name: found[kind][name])
    monkeypatch.setenv("VSSEVAL_STORE", str(tmp_path / "store"))
    return found


def statuses(model):
    return {check.name: check.status for check in trial.try_model(model, None, "cpu")}


def listed(*arguments):
    done = CliRunner().invoke(list_command, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return {(item["kind"], item["name"]): item for item in json.loads(done.output)}


def test_list_names_everything_that_is_installed():
    found = listed()
    for name in ("mini_v2s", "mini_vtts", "mini_joint", "folder"):
        assert ("benchmarks", name) in found
    assert found["metrics", "wer@sphinx-lm"]["task"] == "↓ %"
    assert found["models", "reference"]["status"] == "present"
    assert found["models", "audio"]["status"] == "needs an argument"
    assert found["suites", "mini"]["note"] == "mini_v2s, mini_vtts, mini_joint"
    assert {kind for kind, _ in found} == {"benchmarks", "models", "metrics", "extractors", "suites", "profiles"}
    assert {kind for kind, _ in listed("models")} == {"models"}


def test_list_is_quick_and_without_torch():
    code = (
        "import sys; from vsseval.cli import invoke; rc = invoke(['list', 'metrics']); "
        "assert rc == 0 and 'torch' not in sys.modules and 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_list_says_what_is_missing_and_how_to_get_it(house):
    found = listed()
    assert found["benchmarks", "tiny"]["size"] == 4
    assert found["benchmarks", "folder"]["status"] == "needs an argument"
    assert found["benchmarks", "vggsound"]["status"] == "missing"
    assert "vsseval data pull vggsound" in found["benchmarks", "vggsound"]["get"]
    assert "ZeroDivisionError: division by zero (" in found["models", "bug"]["get"]
    assert found["models", "loud"]["distribution"] == "elsewhere 2.0"


def test_list_for_people_fits_eighty_columns(house):
    def shown(*kind):
        lines = CliRunner().invoke(list_command, kind, env={"COLUMNS": "80"}).output.splitlines()
        assert max(map(len, lines)) <= 80
        return [line.strip() for line in lines]

    assert any(line.startswith("✗ vggsound") for line in shown("benchmarks"))
    assert any(line.startswith("✓ loud") for line in shown("models"))
    names = shown()
    place = names.index("benchmarks")
    assert names[place + 1 : place + 4] == ["✓ tiny", "· needs an argument: folder", "✗ missing: vggsound"]
    assert "✓ broken  forgetful  loud  moody  quiet  raising  short" in names
    assert names[-1].startswith("vsseval list KIND")


def test_a_good_model_passes(house):
    assert set(statuses("loud").values()) == {"ok"}


@pytest.mark.parametrize(
    ("model", "name", "says"),
    [
        ("quiet", "clip0", "silent"),
        ("broken", "clip0", "NaN or infinite"),
        ("moody", "again", "another sound"),
        ("forgetful", "clip0", "yielded nothing"),
        ("raising", "generate", "RuntimeError: CUDA out of memory"),
    ],
)
def test_a_model_that_breaks_a_promise_is_told_which(house, model, name, says):
    problems = {c.name: c for c in trial.try_model(model, None, "cpu") if c.status == "problem"}
    assert says in problems[name].detail
    assert problems[name].mend


def test_a_short_sound_is_a_note(house):
    assert statuses("short")["clip0"] == "note"


def test_a_model_without_a_fitting_benchmark_is_an_error(house, monkeypatch):
    monkeypatch.setattr(Loud, "card", ModelCard(name="loud", version="1", tasks=("tts",)))
    with pytest.raises(UsageError, match="asks for tts"):
        statuses("loud")


def test_doctor_exits_with_4_where_there_is_a_problem(house):
    done = CliRunner().invoke(doctor, ["--model", "quiet"], standalone_mode=False)
    assert done.return_value == 4
    assert "mend:" in done.output
    fine = CliRunner().invoke(doctor, ["--model", "loud", "--json"], standalone_mode=False)
    assert fine.return_value == 0
    assert {check["status"] for check in json.loads(fine.output)} == {"ok"}


def test_benchmarks_are_verified_to_the_byte(house, samples):
    found = {check.name: check for check in checks.benchmarks()}
    # The made-up clips have no speaker prompts: 4 videos and 4 references.
    assert found["tiny"].detail == "v1.0, 4 clips, 8 media verified"
    assert found["folder"].status == "note"
    path = samples[0].video.path
    kept = path.read_bytes()
    path.write_bytes(kept[:-1] + b"x")
    try:
        (bad,) = [check for check in checks.benchmarks() if check.name == "tiny"]
    finally:
        path.write_bytes(kept)
    assert bad.status == "problem"
    assert "v0.mp4 is not the file of the manifest" in bad.detail


def extractor(answer, input_kinds=("audio",)):
    class Made:
        spec = ExtractorSpec(name="x", version="1", input_kinds=input_kinds, weights="ab" * 32)

        def extract(self, source):
            if isinstance(answer, Exception):
                raise answer
            return {"e": answer}

    return Made


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        (np.zeros(3), "ok", "weights abababab"),
        (np.array("some words"), "ok", "v1"),
        (np.array([np.nan]), "problem", "NaN"),
        (Unmeasurable("no speech"), "note", "no speech"),
        (EnvironmentFault("w.pt is absent: pip install w"), "problem", "w.pt is absent"),
        (RuntimeError("boom"), "problem", "RuntimeError: boom"),
    ],
)
def test_extractors_are_tried(house, answer, status, says):
    house["extractors"]["x"] = extractor(answer)
    (check,) = checks.extractors()
    assert check.status == status
    assert says in check.detail
    if "w.pt" in says:
        assert (check.detail, check.mend) == ("w.pt is absent", "pip install w")


def test_every_kind_of_source_is_made(tmp_path):
    sources = checks.sample_sources(tmp_path)
    assert set(sources) == {"audio", "video", "text"}
    assert 0.1 < np.abs(sources["audio"].samples).max() <= 1.0
    assert sources["video"].frames().shape == (50, 96, 96, 3)


def test_an_extra_that_is_absent_is_no_problem(house):
    def extra(options):
        raise MissingExtra("espeak-ng is optional: pip install espeakng-loader==0.2.4")

    house["models"] = {"tts_dub": extra}
    (check,) = checks.models()
    assert check.status == "note"


def test_packages_are_held_against_what_vsseval_asks_for(monkeypatch):
    wanted = ["numpy>=2", "no-such-package>=1", "click<1", "ray; extra == 'ray'"]
    monkeypatch.setattr(machine_checks, "requires", lambda _: wanted)
    found = list(machine_checks.packages())
    assert [c.status for c in found] == ["problem", "problem", "ok"]
    assert found[0].mend == 'pip install "no-such-package>=1"'
    assert "<1 is needed" in found[1].detail


def test_little_room_is_a_problem(monkeypatch, tmp_path):
    monkeypatch.setenv("VSSEVAL_STORE", str(tmp_path))
    monkeypatch.setattr(machine_checks, "FREE_DISK", 1e18)
    monkeypatch.setattr(machine_checks, "FREE_MEMORY", 1e18)
    found = {c.name: c for c in machine_checks.machine()}
    assert found["memory"].status == "problem"
    assert "--store DIR" in found["disk of the store"].mend
    assert found["feature store"].status == "ok"


def test_the_doctor_survives_a_check_that_fails(monkeypatch):
    def broken():
        raise ZeroDivisionError
        yield

    areas = ("packages", "torch_build", "machine", "weights_checks", "extractors", "metrics", "benchmarks", "models")
    for name in (*areas, "optional"):
        monkeypatch.setattr(checks, name, broken)
    found = list(checks.every_check())
    assert len(found) == 10
    assert [c.status for c in found[1:]] == ["problem"] * 9
