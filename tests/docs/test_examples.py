"""The examples of the documentation: command lines are parsed by the commands, Python and TOML are run or checked."""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import inspect
import re
import shlex
import sys
import tomllib
import types
from pathlib import Path

import click
import numpy as np
import pytest

from vsseval import plugins, profiles
from vsseval.cli import verbs as vsseval
from vsseval.cli.suites import suites
from vsseval.datasets.clip_lists import read_list
from vsseval.datasets.dataset import Dataset, DatasetSource
from vsseval.datasets.file_index import FileIndex
from vsseval.models import vsseval_worker
from vsseval.models.base import ModelOptions
from vsseval.stages.validate_output import validate_output
from vsseval.statistics.gate_rules import load_gates
from vsseval.types import Request
from vssflow.cli import verbs as vssflow

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md", *ROOT.glob("vssflow/**/README.md")])
GROUPS = {"vsseval": vsseval, "vssflow": vssflow}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
JOINTS = {"&&", "||", "|", ";", "do", "then"}
PLACEHOLDER = re.compile(r"…|\$|^[A-Z][A-Z_]*$|^[A-Z]$|\.\.\.")


def blocks(page: Path, *languages: str) -> list[str]:
    """Return the fenced blocks of a page in some languages; "" is a block without one."""
    return [body for language, body in FENCE.findall(page.read_text(encoding="utf-8")) if language in languages]


def command_lines(text: str) -> list[list[str]]:
    """Return the words of every call of vsseval or vssflow in a shell text, comments and redirections left out."""
    found: list[list[str]] = []
    for line in text.replace("\\\n", " ").splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue  # an apostrophe in a sentence: no shell
        part: list[str] = []
        for word in [*words, ";"]:
            if word in JOINTS or word.startswith((">", "2>")):
                if part and part[0] in GROUPS:
                    found.append(part)
                part = []
            else:
                part.append(word)
    return found


def shown(page: Path) -> list[list[str]]:
    """Return the command lines of a page: of fenced blocks, and of indented ones."""
    text = page.read_text(encoding="utf-8")
    indented = "\n".join(re.findall(r"^    ((?:vsseval|vssflow) .*)$", FENCE.sub("", text), re.MULTILINE))
    return command_lines("\n".join([*blocks(page, "sh", "bash", ""), indented]))


def mentioned(page: Path) -> list[list[str]]:
    """Return the command lines that stand within sentences, such as `vsseval run`."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    spans = re.findall(r"`((?:vsseval|vssflow) [^`]*)`", text)
    return command_lines("\n".join(" ".join(span.split()) for span in spans))


def parse(words: list[str], *, whole: bool = True) -> None:
    """Parse a command line as click does, without looking for its files.

    Args:
        words: of the command line.
        whole: whether arguments and options that are required must be there.

    Raises:
        click.UsageError: an unknown verb, option, value or name, too many arguments, or too few.
    """
    command, rest, context = _verb(words)
    if isinstance(command, click.Group):
        if whole:
            raise click.UsageError(f"{' '.join(words)} names no verb")
        return
    try:
        values, extra, _ = command.make_parser(context).parse_args([*rest])
    except click.BadOptionUsage as error:
        if not whole and rest[-1] == error.option_name:
            return  # a sentence on an option that is known, without its value
        raise
    if extra:
        raise click.UsageError(f"{' '.join(words)}: {extra} is too much")
    for parameter in command.params:
        found = values.get(parameter.name)
        given = [value for value in (found if isinstance(found, list | tuple) else [found]) if isinstance(value, str)]
        if whole and parameter.required and not given and "-c" not in words:
            raise click.MissingParameter(ctx=context, param=parameter)
        for value in given:
            if not PLACEHOLDER.search(value):
                _check_value(parameter, value, context)


def _verb(words: list[str]) -> tuple[click.Command, list[str], click.Context]:
    """Return the command that is called, the words left for it, and its context."""
    command: click.Command = GROUPS[words[0]]
    rest, context = words[1:], click.Context(command, info_name=words[0])
    while isinstance(command, click.Group) and rest:
        # A group may take what is none of its verbs for words of its first one.
        first = getattr(command, "with_first", None)
        rest = first(rest) if first else rest
        if rest[0].startswith("-"):
            break
        below = command.get_command(context, rest[0])
        if below is None:
            raise click.UsageError(f"there is no {' '.join(words)}")
        command, rest, context = below, rest[1:], click.Context(below, info_name=rest[0], parent=context)
    return command, rest, context


def _check_value(parameter: click.Parameter, value: str, context: click.Context) -> None:
    """Refuse what is no choice or number, and names of what is not installed."""
    if isinstance(parameter.type, click.Choice | click.types.FloatParamType | click.types.IntParamType):
        parameter.type.convert(value, parameter, context)
    names = {
        "model": lambda: plugins.names("models"),
        "benchmark": lambda: plugins.names("benchmarks"),
        "metric": lambda: plugins.names("metrics"),
        "profile": profiles.profile_names,
        "suite": lambda: ["all", *suites()],
    }.get(str(parameter.name).removesuffix("s"))
    if names is None:
        return
    name = value if "@" in value and "metric" in str(parameter.name) else plugins.split_argument(value)[0]
    known = {*names(), *MADE_UP}
    if "metric" in str(parameter.name) and context.info_name in {"table", "compare"}:
        known |= {metric.partition("@")[0] for metric in known}  # a name alone is each of its recipes there
    if name not in known:
        raise click.BadParameter(f"there is no {parameter.name} {value}", context, parameter)


WHOLE = "examples.md"
"""A page of whole files, which `test_site.py` runs."""
MADE_UP = {"click_track", "range_error@clicks", "my_clips", "mine"}
"""Names that the examples give to what the reader makes."""


def label(case: tuple[Path, object]) -> str:
    """Name a test by its page."""
    return case[0].relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_command_lines_are_those_of_the_program(page):
    for words in shown(page):
        try:
            parse(words)
        except click.UsageError as error:
            pytest.fail(f"{page.name}: {shlex.join(words)}: {error.format_message()}")
    for words in mentioned(page):
        try:
            parse(words, whole=False)
        except click.UsageError as error:
            pytest.fail(f"{page.name}: {shlex.join(words)}: {error.format_message()}")


def test_there_are_examples_to_check():
    assert sum(len(shown(page)) for page in PAGES) >= 60
    assert sum(len(mentioned(page)) for page in PAGES) >= 30
    assert sum(len(blocks(page, "python")) for page in PAGES) >= 4


@pytest.mark.parametrize(
    "line",
    [
        "vsseval tabel",
        "vsseval run --model vssflow --sweet all",
        "vsseval run --model no_such_model --suite all",
        "vsseval run --model vssflow --benchmark no_such_benchmark",
        "vsseval run --model vssflow --suite all --metric fad@nothing",
        "vsseval table --interval wide",
        "vsseval compare runs/A",
        "vsseval compare runs/A runs/B --each",
        "vsseval run --suite all",
        "vsseval run --model vssflow --suite all --seed one",
        "vsseval data forget vggsound",
        "vssflow generate",
    ],
)
def test_wrong_command_lines_are_found(line):
    (words,) = command_lines(line)
    with pytest.raises(click.UsageError):
        parse(words)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("a=1 && vsseval list # a comment: vsseval nothing", [["vsseval", "list"]]),
        ("for s in 1 2; do\n  vsseval run \\\n    --seed $s > log\ndone", [["vsseval", "run", "--seed", "$s"]]),
        ("vsseval gate a || vssflow demo 2> log", [["vsseval", "gate", "a"], ["vssflow", "demo"]]),
        ("it doesn't call vsseval list", []),
    ],
)
def test_command_lines_are_read_from_shell(text, calls):
    assert command_lines(text) == calls


PYTHON = [(page, body) for page in PAGES if page.name != WHOLE for body in blocks(page, "python")]


@pytest.mark.parametrize(("page", "body"), PYTHON, ids=map(label, PYTHON))
def test_python_examples_import_and_call_what_there_is(page, body):
    """Whatever an example imports exists, what it calls takes these arguments, and no name comes out of nowhere."""
    tree = ast.parse(body)
    known: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = _module(str(node.module))
            known |= {alias.asname or alias.name: _member(module, alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            known |= {alias.asname or alias.name: _module(alias.name) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known:
            _bind(known[node.func.id], node)
    bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    bound |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    assert used - bound - known.keys() - {*dir(builtins)} == set()
    assert not any(isinstance(n, ast.Constant) and n.value is ... for n in ast.walk(tree)), "an example has a gap"


def _module(name: str) -> types.ModuleType:
    return vsseval_worker if name == "vsseval_worker" else importlib.import_module(name)


def _member(module: types.ModuleType, name: str) -> object:
    return getattr(module, name) if hasattr(module, name) else importlib.import_module(f"{module.__name__}.{name}")


def _bind(function: object, call: ast.Call) -> None:
    assert callable(function)
    if any(isinstance(arg, ast.Starred) for arg in call.args) or _is_exception(function):
        return
    inspect.signature(function).bind(*call.args, **{str(word.arg): None for word in call.keywords})


def _is_exception(function: object) -> bool:
    return isinstance(function, type) and issubclass(function, Exception)


def run_block(page: str, containing: str) -> dict[str, object]:
    """Run the one Python block of a page that holds a text, and return its names."""
    (body,) = [body for body in blocks(ROOT / page, "python") if containing in body]
    names: dict[str, object] = {"__name__": "example"}
    exec(compile(body, page, "exec"), names)
    return names


def test_the_model_of_the_example_makes_sound():
    model = run_block("docs/plugins.md", "class MyModel")["create"](ModelOptions())
    request = Request(id="a", duration=2.0, seed=7)
    (take,) = model.generate([request])
    found = validate_output(take, request)
    assert found.error is None
    assert found.note is None
    assert found.samples.shape == (32_000,)
    (again,) = model.generate([request])
    assert np.array_equal(again.samples, take.samples)


def test_the_data_set_of_the_example_finds_its_clips(tmp_path):
    for name in ("a.mp4", "sub/b.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "test.txt").write_text("a\nb\nc\n")
    dataset = run_block("docs/plugins.md", "Dataset(")["my_clips"]
    assert isinstance(dataset, Dataset)
    variant = dataset.variant()
    entries = dataset.list_clips(
        DatasetSource(FileIndex(tmp_path), variant, read_list(tmp_path / variant.pin.names[0]))
    )
    assert [entry.id for entry in entries] == ["a", "b", "c"]
    assert [entry.video and entry.video.name for entry in entries] == ["a.mp4", "b.mp4", None]
    assert entries[2].problem.startswith("absent")
    assert {*dataset.metrics} <= {*plugins.names("metrics")}
    assert dataset.profile in {*profiles.profile_names(), "mini"}


def test_the_worker_of_the_example_answers_and_refuses(monkeypatch):
    served = []
    stand_in = types.ModuleType("vsseval_worker")
    stand_in.Refusal = vsseval_worker.Refusal
    stand_in.serve = served.append
    monkeypatch.setitem(sys.modules, "vsseval_worker", stand_in)
    run_block("docs/baselines.md", "from vsseval_worker import")
    (load,) = served
    generate = load({"device": "cpu", "checkpoint": None, "variant": None, "repo": None, "folder": "", "scratch": ""})
    with pytest.raises(vsseval_worker.Refusal):
        generate({"id": "a", "seed": 0, "duration": 1.0, "video": None})
    samples, rate = generate({"id": "a", "seed": 0, "duration": 1.5, "video": "a.mp4"})
    assert len(samples) == 1.5 * rate
    assert float(np.abs(samples).max()) <= 1.0


TOML = [(page, body) for page in PAGES if page.name != WHOLE for body in blocks(page, "toml")]


@pytest.mark.parametrize(("page", "body"), TOML, ids=map(label, TOML))
def test_toml_examples_are_what_the_program_reads(page, body, tmp_path):
    tables = tomllib.loads(body)
    for group in tables.get("project", {}).get("entry-points", {}):
        assert group in {
            f"vsseval.{kind}" for kind in ("models", "benchmarks", "extractors", "metrics", "baselines", "exports")
        }
    if any("margin" in rule for rules in tables.values() if isinstance(rules, dict) for rule in rules.values()):
        (tmp_path / "gates.toml").write_text(body)
        assert load_gates(tmp_path / "gates.toml").rules.keys() == tables.keys()
    for column in tables.get("columns", []):
        assert column["metric"] in plugins.names("metrics")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_files_and_modules_that_are_named_exist(page):
    text = page.read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (page.parent / link).exists()] == []
    paths = re.findall(
        r"`((?:vsseval|vssflow|tests|docs|benchmarks|leaderboards|tools)/[\w./-]+\.(?:py|toml|csv|md))`", text
    )
    assert [path for path in paths if not PLACEHOLDER.search(Path(path).stem) and not (ROOT / path).exists()] == []
    modules = re.findall(r"python(?:3\.\d+)? -m ([\w.]+)", text)
    assert [name for name in modules if importlib.util.find_spec(name) is None] == []
