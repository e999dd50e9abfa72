"""`vsseval weights`, on a small set of weights and a server of this machine."""

import hashlib
import json
import os
import subprocess
import sys
import time

import msgspec
import pytest
from click.testing import CliRunner

from support.fake_plugin import interruptible
from support.weights_server import Served, serving
from vsseval import plugins
from vsseval.cli import invoke, verbs, weights_use
from vsseval.errors import EnvironmentFault, MissingWeights, UsageError
from vsseval.weights import pins, source
from vsseval.weights.download import RetryPolicy
from vsseval.weights.find import find_weights
from vsseval.weights.pins import Pin, PinnedFile

FIRST, SECOND = b"first" * 40_000, b"second" * 1000


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def files():
    return {"/a/first.pth": Served(FIRST), "/a/second.txt": Served(SECOND), "/a/free.bin": Served(b"free")}


@pytest.fixture
def server(files):
    with serving(files) as address:
        yield address


@pytest.fixture
def place(tmp_path, monkeypatch, server):
    """Two sets of weights: one pinned, one whose makers publish no hash; an empty folder to put them into."""
    pair = (
        PinnedFile("first.pth", f"{server}/a/first.pth", sha256(FIRST), len(FIRST)),
        PinnedFile("sub/second.txt", f"{server}/a/second.txt", sha256(SECOND)),
    )
    free = (PinnedFile("free.bin", f"{server}/a/free.bin"),)
    known = {
        "free": Pin(free, "MIT", "https://example.org/free"),
        "pair": Pin(pair, "CC-BY-NC-4.0", "https://example.org/pair", "Not for commercial use"),
    }
    monkeypatch.setattr(pins, "pinned", lambda: known)
    for name in ("VSSEVAL_MIRROR", "VSSEVAL_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path / "weights"))
    quick = RetryPolicy(attempts=2, pause=0.001, timeout=2)
    genuine = source.weights_source
    monkeypatch.setattr(
        source, "weights_source", lambda mirror, *, offline: genuine(mirror, offline=offline, patience=quick)
    )
    return tmp_path / "weights"


def call(*arguments):
    """Return exit code, standard output and standard error."""
    done = CliRunner().invoke(verbs, ["weights", *map(str, arguments)], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.return_value or 0, done.stdout, done.stderr


def test_pull_shows_the_licence_and_puts_every_file_in_its_place(place):
    with pytest.raises(MissingWeights, match="vsseval weights pull pair"):
        find_weights("pair")
    code, out, err = call("pull", "pair")
    assert (code, out) == (0, "")
    assert "pair: CC-BY-NC-4.0" in err
    assert "https://example.org/pair. Not for commercial use" in err
    found = find_weights("pair")
    assert found.file("sub/second.txt").read_bytes() == SECOND
    assert found.file().read_bytes() == FIRST
    assert found.pinned
    assert sorted(path.name for path in place.rglob("*") if path.is_file() and path.suffix != ".lock") == [
        "first.pth",
        "second.txt",
        "weights.json",
    ]


def test_what_is_here_is_not_fetched_again_unless_asked(place, files):
    call("pull", "pair")
    assert "was here already" in call("pull", "pair")[2]
    assert len(files["/a/first.pth"].asked) == 1
    call("pull", "--again", "pair")
    assert len(files["/a/first.pth"].asked) == 2


def test_a_pull_that_was_broken_off_goes_on_with_the_file_and_keeps_the_others(place, files):
    files["/a/second.txt"].breaks = [100, 0, 0, 0]
    code, _, err = call("pull", "pair")
    assert code == 4
    assert "goes on where it stopped" in err
    with pytest.raises(MissingWeights):
        find_weights("pair")
    assert "have arrived" in call("list", "pair")[1]
    files["/a/second.txt"].breaks = []
    assert call("pull", "pair")[0] == 0
    assert files["/a/first.pth"].asked == [""]
    assert files["/a/second.txt"].asked[-1] == "bytes=100-"
    assert find_weights("pair").file("sub/second.txt").read_bytes() == SECOND


def test_a_wrong_file_is_refused_and_the_other_sets_are_fetched(place, files):
    files["/a/second.txt"].content = b"x" * len(SECOND)
    code, _, err = call("pull", "--all")
    assert code == 4
    assert "is not the sub/second.txt that is pinned: sha256" in err
    assert not list(place.rglob("second.txt*"))
    assert find_weights("free").file().read_bytes() == b"free"


def test_a_part_of_another_file_is_fetched_anew(place, files):
    files["/a/second.txt"].content, files["/a/second.txt"].breaks = b"y" * len(SECOND), [100, 0, 0, 0]
    files["/a/second.txt"].etag = None
    call("pull", "pair")
    files["/a/second.txt"].content, files["/a/second.txt"].breaks = SECOND, []
    code, _, err = call("pull", "pair")
    assert code == 0
    assert "fetching it anew" in err
    assert find_weights("pair").file("sub/second.txt").read_bytes() == SECOND


def test_a_file_that_is_gone_names_the_page_and_the_command(place, files):
    del files["/a/free.bin"]
    code, _, err = call("pull", "free")
    assert code == 4
    assert "404" in err
    assert "Get it from https://example.org/free and put it in its place with: vsseval weights add free FILE" in err


@pytest.mark.parametrize("below", ["", "pair"])
def test_a_folder_serves_as_mirror_and_needs_no_network(place, tmp_path, files, below):
    mirror = tmp_path / "mirror"
    (mirror / below / "sub").mkdir(parents=True)
    (mirror / below / "first.pth").write_bytes(FIRST)
    (mirror / below / "sub" / "second.txt").write_bytes(SECOND)
    assert call("pull", "pair", "--mirror", mirror, "--offline")[0] == 0
    assert find_weights("pair").pinned
    assert not files["/a/first.pth"].asked


def test_a_wrong_file_of_a_mirror_is_named_and_passed_over(place, tmp_path, files):
    (tmp_path / "first.pth").write_bytes(b"wrong")
    code, _, err = call("pull", "pair", "--mirror", tmp_path)
    assert code == 0
    assert f"{tmp_path / 'first.pth'} is passed over, it is not the file that is pinned: 5 bytes" in err
    assert len(files["/a/first.pth"].asked) == 1


def test_a_file_without_a_hash_is_taken_from_a_mirror_only_below_its_sets_name(place, tmp_path):
    (tmp_path / "free.bin").write_bytes(b"of another set")
    call("pull", "free", "--mirror", tmp_path)
    assert find_weights("free").file().read_bytes() == b"free"
    (tmp_path / "free").mkdir()
    (tmp_path / "free" / "free.bin").write_bytes(b"mirrored")
    call("pull", "--again", "free", "--mirror", tmp_path)
    assert find_weights("free").file().read_bytes() == b"mirrored"


def test_an_address_serves_as_mirror(place, files, monkeypatch, server):
    files["/m/pair/first.pth"] = Served(FIRST)
    monkeypatch.setenv("VSSEVAL_MIRROR", f"{server}/m/")
    assert call("pull", "pair")[0] == 0
    assert not files["/a/first.pth"].asked
    assert files["/a/second.txt"].asked
    with pytest.raises(UsageError, match="the mirror nowhere is neither a folder nor an address"):
        call("pull", "pair", "--mirror", "nowhere")


@pytest.mark.parametrize("way", ["option", "variable"])
def test_offline_asks_nothing_of_the_network(place, files, monkeypatch, way):
    monkeypatch.setenv("VSSEVAL_OFFLINE", "1" if way == "variable" else "0")
    code, _, err = call("pull", "pair", *(["--offline"] if way == "option" else []))
    assert code == 4
    assert "the network is not to be used" in err
    assert not files["/a/first.pth"].asked


def test_no_room_is_one_error(place, monkeypatch):
    import shutil

    from vsseval.weights import download

    usage = shutil.disk_usage(place.parent)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage._replace(free=10))
    code, _, err = call("pull", "pair")
    assert code == 4
    assert "no room in" in err


def test_a_folder_that_cannot_be_written_is_one_error(place, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path / "file" / "below"))
    code, _, err = call("pull", "pair")
    assert code == 4
    assert "VSSEVAL_WEIGHTS" in err


def test_files_of_the_user_are_compared_with_the_pin(place, tmp_path):
    own = tmp_path / "own"
    (own / "sub").mkdir(parents=True)
    (own / "first.pth").write_bytes(FIRST)
    with pytest.raises(UsageError, match="also hold sub/second.txt"):
        call("add", "pair", own / "first.pth")
    (own / "sub" / "second.txt").write_bytes(b"tuned")
    with pytest.raises(UsageError, match="is not the sub/second.txt that is pinned: sha256.*--unpinned pair"):
        call("add", "pair", own)
    with pytest.raises(MissingWeights):
        find_weights("pair")
    code, _, err = call("add", "--unpinned", "pair", own)
    assert code == 0
    assert "marked as unpinned: not the files of the pin" in err
    assert not find_weights("pair").pinned
    assert "unpinned" in call("list", "pair")[1]
    assert "files of yours are in its place" in call("pull", "pair")[2]
    (own / "sub" / "second.txt").write_bytes(SECOND)
    assert "as pinned" in call("add", "pair", own / "first.pth", own / "sub" / "second.txt")[2]
    assert find_weights("pair").pinned


def test_a_single_file_may_have_any_name_and_without_a_published_hash_it_is_marked(place, tmp_path):
    (tmp_path / "mine.bin").write_bytes(b"free")
    assert "no sha256 is published" in call("add", "free", tmp_path / "mine.bin")[2]
    assert find_weights("free").file().name == "free.bin"
    assert not find_weights("free").pinned


def test_damage_is_found_named_and_mended(place):
    call("pull", "--all")
    assert call("verify") == (0, "free: present\npair: present\n", "")
    target = find_weights("pair").file()
    state = target.stat()
    target.write_bytes(b"x" * len(FIRST))
    os.utime(target, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert find_weights("pair").file() == target  # size and time vouch for it, until it is hashed
    code, out, _ = call("verify", "pair")
    assert code == 4
    assert "pair: damaged: first.pth of the weights pair is damaged or replaced (sha256" in out
    target.write_bytes(b"short")
    with pytest.raises(EnvironmentFault, match="damaged or replaced.*vsseval weights pull --again pair"):
        find_weights("pair")
    assert "damaged" in call("list", "pair")[1]
    assert call("pull", "pair")[0] == 0
    assert find_weights("pair").file().read_bytes() == FIRST
    target.unlink()
    with pytest.raises(EnvironmentFault, match="cannot be read"):
        find_weights("pair")


def test_verify_of_a_named_set_that_is_not_here_fails(place):
    assert call("verify")[0] == 0
    code, out, _ = call("verify", "pair")
    assert (code, out) == (4, "pair: absent. Get it with: vsseval weights pull pair\n")


def test_a_set_of_an_earlier_pin_is_outdated(place, monkeypatch):
    call("pull", "pair")
    known = pins.pinned()
    first = msgspec.structs.replace(known["pair"].files[0], sha256="0" * 64)
    newer = msgspec.structs.replace(known["pair"], files=(first, known["pair"].files[1]))
    monkeypatch.setattr(pins, "pinned", lambda: {"pair": newer})
    with pytest.raises(EnvironmentFault, match="first.pth of the weights pair is that of an earlier pin"):
        find_weights("pair")
    more = msgspec.structs.replace(known["pair"], files=(*known["pair"].files, first.__class__("third", "http://x")))
    monkeypatch.setattr(pins, "pinned", lambda: {"pair": more})
    with pytest.raises(EnvironmentFault, match="third of the weights pair is not there"):
        find_weights("pair")


def test_remove_and_path(place):
    call("pull", "--all")
    assert call("path", "pair")[1] == f"{place / 'pair'}\n"
    assert call("path", "free")[1] == f"{place / 'free' / 'free.bin'}\n"
    assert "removed, 0.2 MB freed" in call("remove", "pair")[2]
    assert not (place / "pair").exists()
    assert "was not here" in call("remove", "pair")[2]
    with pytest.raises(MissingWeights):
        call("path", "pair")


def test_the_list_as_json_says_all(place, monkeypatch):
    monkeypatch.setattr(weights_use, "_extractors", lambda metric: ["pair"] if metric == "fad@logmel" else [])
    call("pull", "pair")
    free, pair = json.loads(call("list", "--json")[1])
    assert free["status"] == "absent"
    assert free["get"] == "vsseval weights pull free"
    assert free["bytes"] is None
    assert pair["metrics"] == ["fad@logmel"]
    assert pair["sha256"] == find_weights("pair").sha256
    assert pair["arrived"] == len(FIRST) + len(SECOND)


def test_names_that_do_not_exist_have_a_neighbour(place, capsys):
    assert invoke(["weights", "pull", "pare"]) == 2
    assert "there are no weights 'pare'. Did you mean 'pair'?" in capsys.readouterr().err
    assert invoke(["weights", "pull"]) == 2
    assert "name sets of weights, or --profile P, or --all" in capsys.readouterr().err
    assert invoke(["weights", "pull", "--profile", "avbensh"]) == 2
    assert "Did you mean 'avbench'" in capsys.readouterr().err


def test_one_process_at_a_time_works_on_a_set(place):
    program = (
        "import sys, time; from pathlib import Path; from vsseval.store import lock\n"
        "with lock.hold_lock(Path(sys.argv[1]), 'pair', 'it'):\n    print('held', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(place)], stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout.readline() == b"held\n"
            code, _, err = call("pull", "pair")
            assert code == 4
            assert f"another process (pid {other.pid}) is working on the weights pair in {place}" in err
        finally:
            other.kill()
    assert call("pull", "pair")[0] == 0


def test_two_commands_at_once_leave_one_whole_set(place, files, server, tmp_path):
    (tmp_path / "pins.json").write_bytes(msgspec.json.encode(pins.pinned()))
    program = (
        "import sys, msgspec; from pathlib import Path; from vsseval.weights import pins\n"
        "known = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=dict[str, pins.Pin])\n"
        "pins.pinned = lambda: known\n"
        "from vsseval.cli import invoke; sys.exit(invoke(['weights', 'pull', 'pair']))\n"
    )
    files["/a/first.pth"].slow = 0.5
    command = [sys.executable, "-c", program, str(tmp_path / "pins.json")]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    ends = [(process.communicate()[1], process.returncode) for process in both]
    assert 0 in {code for _, code in ends}
    assert all(code == 0 or b"another process" in err for err, code in ends)
    assert find_weights("pair").file().read_bytes() == FIRST


def test_ctrl_c_keeps_what_has_arrived(place, files, tmp_path):
    (tmp_path / "pins.json").write_bytes(msgspec.json.encode(pins.pinned()))
    program = (
        "import sys, msgspec; from pathlib import Path; from vsseval.weights import pins\n"
        "known = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=dict[str, pins.Pin])\n"
        "pins.pinned = lambda: known\n"
        "from vsseval.cli import invoke; sys.exit(invoke(['weights', 'pull', 'pair']))\n"
    )
    files["/a/second.txt"].slow = 30.0
    command = [sys.executable, "-c", program, str(tmp_path / "pins.json")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, preexec_fn=interruptible) as one:  # noqa: PLW1509
        while not files["/a/second.txt"].asked:
            time.sleep(0.02)
        one.send_signal(2)
        err = one.communicate()[1].decode()
    assert one.returncode == 130
    assert "Go on with:\n  vsseval weights pull pair" in err
    files["/a/second.txt"].slow = 0.0
    assert call("pull", "pair")[0] == 0
    assert files["/a/first.pth"].asked == [""]


def test_every_pin_names_extractors_that_exist_and_every_extractor_is_named(tmp_path, monkeypatch):
    pinned = pins.pinned()
    known = plugins.names("extractors")
    named = {name: pin.extractors or (name,) for name, pin in pinned.items()}
    strangers = {name: [one for one in pin.extractors if one not in known] for name, pin in pinned.items()}
    assert not {name: found for name, found in strangers.items() if found}
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    unnamed = []
    for extractor in known:
        try:
            plugins.load("extractors", extractor)()
        except MissingWeights as lack:
            name = str(lack).rsplit(" ", 1)[-1]
            unnamed += [(extractor, name)] if extractor not in named[name] else []
        except EnvironmentFault:
            continue
    assert not unnamed, "add to `extractors` of these pins in vsseval/weights/pins.toml"


def test_pins_are_whole():
    for name, pin in pins.pinned().items():
        assert pin.licence, name
        assert pin.source.startswith("https://"), name
        assert len({file.name for file in pin.files}) == len(pin.files) > 0, name
        for file in pin.files:
            assert file.sha256 if pin.wheel else file.url.startswith("https://"), (name, file.name)
            assert file.sha256 is None or len(bytes.fromhex(file.sha256)) == 32, (name, file.name)


def test_the_doctor_notes_what_is_not_here_and_complains_of_what_is_damaged(place):
    from vsseval.cli.weights_checks import lacks_weights, without_weights
    from vsseval.cli.weights_checks import weights as look

    (absent,) = look()
    assert (absent.status, absent.name) == ("note", "2 of 2 are not here")
    call("pull", "pair")
    whole, absent = look()
    assert (whole.status, whole.detail, absent.status) == ("ok", "pair", "note")
    find_weights("pair").file().write_bytes(b"short")
    damaged, _ = look()
    assert (damaged.status, damaged.mend) == ("problem", "vsseval weights pull --again pair")
    with pytest.raises(EnvironmentFault) as fault:
        find_weights("pair")
    assert not lacks_weights(str(fault.value))
    with pytest.raises(MissingWeights) as lack:
        find_weights("free")
    assert lacks_weights(str(lack.value))
    assert list(without_weights("metrics", [])) == []
    assert next(without_weights("metrics", ["a", "b"])).detail == "a, b. See: vsseval weights list"
