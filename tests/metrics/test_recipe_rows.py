"""Rows of strangers' packages: a recipe without Python, a family with one class, and what is said of wrong rows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from vsseval import plugins, recipes
from vsseval.errors import EnvironmentFault, MissingExtra, MissingWeights, UsageError

ROOT = Path(__file__).parents[2]
GOOD = """
["fd_mine@mine"]
family = "vsseval.metrics.frechet:FrechetOfClips"
extractor = "panns"
inputs = { generated = { of = "audio" }, reference = { of = "reference" } }
parameters = { array = "embedding" }
version = "1"
direction = "lower"
unit = ""
description = "of mine"
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install a package of rows: `installed(kind, file=text, …)`; its name is that of the distribution."""

    def install(kind, name="mine", /, **files):
        folder = tmp_path / f"{name}_rows"
        folder.mkdir()
        for file, text in files.items():
            (folder / f"{file}.toml").write_text(text)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[vsseval.{kind}]\n{name} = {name}_rows\n")
        monkeypatch.syspath_prepend(tmp_path)
        return folder

    return install


def test_a_recipe_of_an_existing_family_needs_no_python(installed):
    folder = installed("metrics", rows=GOOD)
    assert not [*folder.glob("*.py")]
    assert "fd_mine@mine" in plugins.names("metrics")
    assert plugins.distribution("metrics", "fd_mine@mine") == "mine 1.0"
    metric = plugins.load("metrics", "fd_mine@mine")()
    assert metric.spec == plugins.metric_spec("fd_mine@mine")
    same = {"embedding": np.ones(3, np.float32)}
    assert set(metric.rows(same, same)) == {"generated", "reference"}


def test_a_family_is_one_class(installed, tmp_path):
    (tmp_path / "my_family.py").write_text(
        "from vsseval.metrics.base import Score\n"
        "class Level:\n"
        "    kind = 'per_clip'\n"
        "    def __init__(self, spec, power: float = 2.0):\n"
        "        self.spec, self.power = spec, power\n"
        "    def score(self, sound):\n"
        "        return Score(value=float(sound['x']) ** self.power)\n"
    )
    row = (
        '["level@cube"]\nfamily = "my_family:Level"\nextractor = "logmel"\ninputs = { sound = { of = "audio" } }\n'
        'parameters = { power = 3 }\nversion = "1"\ndirection = "higher"\nunit = "dB"\ndescription = "a level"\n'
    )
    installed("metrics", rows=row)
    metric = plugins.load("metrics", "level@cube")()
    assert (metric.spec.id, metric.spec.unit) == ("level@cube", "dB")
    assert isinstance(metric.power, float)  # as the class asks for it
    assert metric.score({"x": np.asarray(2.0)}).value == 8.0


def test_defaults_complete_rows_and_rows_have_the_last_word(installed):
    installed(
        "metrics", rows='[defaults]\ndirection = "higher"\nunit = "s"\nparameters = { array = "patches" }\n' + GOOD
    )
    row = plugins.recipe("fd_mine@mine")
    assert (row.direction, row.unit, row.parameters) == ("lower", "", {"array": "embedding"})
    more = recipes.with_defaults(
        {"parameters": {"a": 1}, "inputs": {}}, {"parameters": {"a": 0, "b": 2}, "inputs": {"x": 1}}
    )
    assert more == {"parameters": {"a": 1, "b": 2}, "inputs": {}}


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('unit = ""\n', "", "missing required field `unit`"),
        ('unit = ""', 'unit = ""\ncolour = "red"', "unknown field `colour`"),
        ('unit = ""', "unit = 3", "Expected `str`, got `int`"),
        ('direction = "lower"', 'direction = "down"', "Invalid enum value 'down'"),
        ('of = "audio"', 'of = "sound"', "Invalid enum value 'sound'"),
        ('extractor = "panns"\n', "", "inputs.generated names no extractor"),
        ('reference = { of = "reference" }', 'reference = "video"', '"video" is no text'),
        ("fd_mine@mine", "fd_mine", "`name@recipe`"),
        ("frechet:FrechetOfClips", "frechet:FrechetOfFlips", "cannot be imported: AttributeError"),
        ("vsseval.metrics.frechet:", "nowhere.at_all:", "cannot be imported: ModuleNotFoundError"),
        ("vsseval.metrics.frechet:FrechetOfClips", "FrechetOfClips", "not of the form `package.module:Class`"),
        ("frechet:FrechetOfClips", "frechet:summed", "is no class"),
        ("vsseval.metrics.frechet:FrechetOfClips", "pathlib:Path", "declares no kind"),
        ('array = "embedding"', 'arrays = "embedding"', "no parameter 'arrays': it takes array"),
        ('parameters = { array = "embedding" }\n', "", "needs the parameter 'array'"),
        ('array = "embedding"', "array = 3", "the parameter array of .*Expected `str`, got `int`"),
        ('generated = { of = "audio" }', 'heard = { of = "audio" }', "no input 'heard': it takes generated, reference"),
        (', reference = { of = "reference" }', "", "needs the input 'reference'"),
    ],
)
def test_a_row_that_is_wrong_says_where_and_why(installed, old, new, why):
    assert old in GOOD
    folder = installed("metrics", rows=GOOD.replace(old, new))
    name = "fd_mine" if new == "fd_mine" else "fd_mine@mine"
    with pytest.raises(EnvironmentFault, match=why) as raised:
        plugins.load("metrics", name)
    assert f"the row '{name}' of {folder / 'rows.toml'} (package mine_rows) cannot be used" in str(raised.value)
    assert "fad@logmel" in plugins.names("metrics")  # a stranger's fault breaks nobody else
    assert plugins.load("metrics", "fad@logmel")().spec.id == "fad@logmel"


def test_two_rows_of_one_id_are_refused(installed):
    installed("metrics", rows=GOOD.replace("fd_mine@mine", "fad@logmel"))
    with pytest.raises(EnvironmentFault, match=r"claimed by mine and vsseval ") as claimed:
        plugins.load("metrics", "fad@logmel")
    # both are named, in the order of their paths, which differs by where the package was installed
    assert "rows.toml" in str(claimed.value)
    assert "frechet.toml" in str(claimed.value)


def test_two_files_of_one_package_do_not_share_an_id(installed):
    installed("metrics", one=GOOD, two=GOOD)
    with pytest.raises(EnvironmentFault, match=r"claimed by mine .*one\.toml.*two\.toml"):
        plugins.metric_spec("fd_mine@mine")


@pytest.mark.parametrize(
    ("text", "why"),
    [(GOOD + GOOD, "Cannot declare .*fd_mine@mine.* twice"), ("x = 1", "'x' is no row"), ("[", "cannot be read")],
)
def test_a_file_that_cannot_be_read_is_told_and_spoils_no_other(installed, text, why):
    from vsseval.cli.list import command

    folder = installed("metrics", bad=text, good=GOOD.replace("fd_mine@mine", "fd_other@mine"))
    (fault,) = plugins.faults("metrics")
    assert str(folder / "bad.toml") in fault
    assert "package mine_rows" in fault
    assert "fd_other@mine" in plugins.names("metrics")
    with pytest.raises(EnvironmentFault, match=why):
        plugins.load("metrics", "fd_mine@mine")
    shown = CliRunner().invoke(command, ["metrics", "--json"]).output
    assert "bad.toml" in shown


def test_a_package_that_is_none_is_told(tmp_path, monkeypatch):
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vsseval.metrics]\nmine = my_package:metric\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert plugins.faults("metrics") == [
        "my_package:metric, which 'mine' names for vsseval.metrics, is no package of files"
    ]
    assert plugins.load("metrics", "fad@logmel")().spec.id == "fad@logmel"


def test_a_variant_is_a_row_and_features_are_stored_by_its_name(installed, tmp_path, monkeypatch):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path / "weights"))
    installed(
        "extractors",
        rows='[signal]\nfamily = "vsseval.extractors.logmel:LogMel"\n'
        '[voice]\nfamily = "vsseval.extractors.whisper:Whisper"\nweights = ["whisper_base"]\n'
        'parameters = { size = "base" }\n'
        '[absent]\nfamily = "vsseval.extractors.logmel:LogMel"\npackages = { not_a_package = "mine[all]" }\n'
        '[much]\nfamily = "vsseval.extractors.logmel:LogMel"\nweights = ["whisper_base"]\n',
    )
    with pytest.raises(EnvironmentFault, match="calls itself 'logmel'"):
        plugins.load("extractors", "signal")()
    with pytest.raises(MissingWeights, match="weights pull whisper_base"):
        plugins.load("extractors", "voice")()
    with pytest.raises(MissingExtra, match=r"absent needs the package not_a_package: pip install 'mine\[all\]'"):
        plugins.load("extractors", "absent")()
    with pytest.raises(EnvironmentFault, match="takes 0 arguments, and is to be given 1 before its parameters"):
        plugins.load("extractors", "much")


def test_listing_and_declarations_import_no_family_and_no_numpy():
    code = (
        "import sys; from vsseval import plugins\n"
        "specs = [plugins.metric_spec(name) for name in plugins.names('metrics')]\n"
        "rows = [plugins.variant(name) for name in plugins.names('extractors')]\n"
        "assert len(specs) > 100 and len(rows) > 50\n"
        "print([m for m in sys.modules if m in ('numpy', 'torch') or m.startswith('vsseval.metrics.')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"


def test_every_row_of_our_own_is_right_and_says_what_it_is_held_to():
    for name in plugins.names("metrics"):
        factory, row = plugins.load("metrics", name), plugins.recipe(name)
        assert callable(factory)
        assert row.checked_against.partition(":")[0] in {"golden", "original", "test"}, name
        assert row.citation, name
        assert row.family.startswith("vsseval.metrics."), name
    for name in plugins.names("extractors"):
        assert callable(plugins.load("extractors", name))
    assert not plugins.faults("metrics") + plugins.faults("extractors")


def test_every_feature_is_of_an_extractor_that_is_there():
    known = set(plugins.names("extractors"))
    specs = [plugins.metric_spec(name) for name in plugins.names("metrics")]
    assert {value.extractor for spec in specs for value in spec.inputs.values() if hasattr(value, "extractor")} <= known


def test_the_tables_of_the_documentation_are_what_the_rows_say():
    tool = ROOT / "tools" / "metric_tables.py"
    done = subprocess.run([sys.executable, str(tool), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_id_proposes_the_nearest():
    with pytest.raises(UsageError, match=r"no metric 'fd_pans@avbench': did you mean fd_panns@avbench"):
        plugins.recipe("fd_pans@avbench")
