"""What a newcomer meets: few words before the first, hints that lead on, a file for a whole comparison, one screen."""

import json
import re
from pathlib import Path

import pytest

from vsseval import cli
from vsseval.cli import checks
from vsseval.cli.check import Check
from vsseval.cli.doctor_text import mended_by

pytestmark = pytest.mark.usefixtures("site")
FILE = 'model = ["fake", "fake:error"]\nbenchmark = "fake:{clips}"\nno-bounds = true\njobs = 1\nstore = "store"\n'


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def invoke(capsys, *arguments):
    code = cli.invoke([*map(str, arguments)])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_what_is_not_registered_is_one_line(here, capsys, monkeypatch):
    monkeypatch.setenv("VSSEVAL_DATA", str(here / "data"))
    code, out, said = invoke(capsys, "run", "--model", "silence", "--suite", "all", "--no-bounds", "--dry-run")
    assert code == 0
    lines = [line for line in said.splitlines() if "fake" not in line]
    assert len(lines) <= 2
    assert re.match(r"\d+ of \d+ benchmarks; the data of the others is not registered here", lines[0])
    assert re.search(r"run \d of \d: silence on mini_v2s: 48 clips, to be run", out)
    assert not (here / "runs").exists()


def test_a_file_holds_a_whole_comparison_and_what_is_typed_counts_more(here, clips, capsys):
    Path("eval.toml").write_text(FILE.format(clips=clips))
    out = invoke(capsys, "run", "-c", "eval.toml", "--dry-run")[1]
    assert out.count("8 clips, to be run") == 2
    out = invoke(capsys, "run", "-c", "eval.toml", "--model", "fake", "--limit", "3", "--dry-run")[1]
    assert out.splitlines()[0] == "run 1 of 1: fake on fake: 3 clips, to be run"
    assert "measured by: fd@fake, level@fake, words@fake" in out
    code, _, said = invoke(capsys, "run", "--config", "eval.toml", "--model", "fake", "--json")
    assert (code, len([*Path("runs").glob("*/run.json")])) == (0, 1), said
    assert "finished" in invoke(capsys, "run", "-c", "eval.toml", "--dry-run")[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('modle = "fake"', "no option 'modle': did you mean model?"),
        ("limit = [1, 2]", "limit = [1, 2]: one value is needed"),
        ('model = "silence"\nlimit = "few"', "--limit"),
        ("no-bounds = 3", "true or false is needed"),
        ("limit = true", "a text or a number is needed"),
        ("[model]\nname = 3", "a text, a number, true or false"),
        ("model = ", "cannot be read"),
        ('model = "fake"', "say on what to run"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(here, text, says, capsys):
    Path("eval.toml").write_text(text)
    code, _, said = invoke(capsys, "run", "-c", "eval.toml")
    assert (code, says in said) == (2, True), said


def test_seeds_of_a_file_are_those_of_the_option(here, clips, capsys):
    Path("eval.toml").write_text(FILE.format(clips=clips) + "seeds = [0, 1]\n")
    assert "8 clips x 2 samples" in invoke(capsys, "run", "-c", "eval.toml", "--model", "fake", "--dry-run")[1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--model", "wavs", "--benchmark", "mini_v2s"), "--model audio:wavs"),
        (("--model", "silence", "--benchmark", "wavs"), "--benchmark folder:wavs"),
        (("--model", "silence", "--benchmark", "mini_vtts", "--metric", "wer"), "wer@whisper-tiny.en"),
        (("--model", "silence", "--benchmark", "mini_vtts", "--metric", "were"), "did you mean wer"),
        (("--model", "silence", "--benchmark", "mini_vtts", "--metric", "pesq"), "without its recipe: write pesq@wb"),
    ],
)
def test_hints_lead_on(here, arguments, says, capsys):
    Path("wavs").mkdir()
    code, _, said = invoke(capsys, "run", *arguments)
    assert (code, says in said) == (2, True), said


def test_the_recipes_that_are_here_are_named_apart_from_those_that_are_not(here, capsys):
    said = invoke(capsys, "run", "--model", "silence", "--benchmark", "mini_vtts", "--metric", "wer")[2]
    here_part, _, others = said.partition("Others need")
    assert "wer@whisper-tiny.en" in here_part
    assert "wer@seedtts" in others


def test_runs_are_counted(here, clips, capsys):
    Path("eval.toml").write_text(FILE.format(clips=clips))
    said = invoke(capsys, "run", "-c", "eval.toml")[2]
    assert "run 1 of 2: fake on fake" in said
    assert "run 2 of 2: fake on fake" in said


def test_the_doctor_needs_one_screen_and_gives_one_command(here, capsys, monkeypatch):
    many = [Check("extractors", f"network{i}", "ok", "v1, audio, 0.1 s, weights 0123") for i in range(60)]
    broken = [
        Check("packages", "numpy", "problem", "not installed", 'pip install "numpy>=2"'),
        Check("packages", "av", "problem", "not installed", 'pip install "av<19"'),
        Check("weights", "panns", "problem", "damaged", "vsseval weights pull --again panns"),
    ]
    monkeypatch.setattr(checks, "every_check", lambda: iter([*broken, *many]))
    code, out, _ = invoke(capsys, "doctor")
    assert code == 4
    assert len(out.splitlines()) <= 24
    assert max(map(len, out.splitlines())) <= 100
    assert out.splitlines()[-1].strip() == "pip install 'numpy>=2' 'av<19' && vsseval weights pull --again panns"
    assert out.count("mend: ") == 3
    assert "60 work" in out
    assert "network59" in invoke(capsys, "doctor", "--all")[1]
    assert len(json.loads(invoke(capsys, "doctor", "--json")[1])) == 63
    assert mended_by([Check("a", "b", "problem", "c")]) == ""


def test_a_calibration_says_what_to_type_next_and_its_page_opens_alone(here, capsys):
    asked = ("calibrate", "mini_v2s", "--fault", "noise", "--limit", "2", "--metric", "desync@onset", "--jobs", "1")
    code, _, said = invoke(capsys, *asked)
    assert code == 0, said
    page = Path("runs/calibration/calibration.html")
    assert str(page) in said
    assert "vsseval run --model audio:DIR --benchmark mini_v2s" in said
    text = page.read_text()
    assert text.count("<svg ") == 1
    assert not re.search(r'(src|href)="(?!data:|#)', text)
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", text[text.index("<svg ") :])]
    width = float(re.search(r'viewBox="0 0 ([\d.]+) ', text)[1])
    shown = float(re.search(r"\.curves svg \{ width: (\d+)px", text)[1])
    assert min(sizes) * shown / width >= 10  # pixels of the smallest letters as they are shown


def test_an_interrupt_before_the_first_line_is_told_too(here, monkeypatch, capsys):
    import builtins

    from vsseval.__main__ import main

    load = builtins.__import__

    def interrupted(name, globals=None, locals=None, fromlist=(), level=0):  # noqa: A002
        if name == "vsseval" and "cli" in (fromlist or ()):
            raise KeyboardInterrupt
        return load(name, globals, locals, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", interrupted)
    monkeypatch.setattr("sys.argv", ["vsseval", "run", "--model", "my model"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr().err.endswith("Go on with:\n  vsseval run --model 'my model'\n")
