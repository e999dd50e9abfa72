"""Fetching one file from a server that breaks off, hesitates, refuses or gives something else."""

import base64
import errno
import shutil

import pytest

from support.weights_server import Served, Told, serving
from vsseval.cli import invoke
from vsseval.errors import EnvironmentFault
from vsseval.weights import download as module
from vsseval.weights.download import NotAvailable, RemoteFile, RetryPolicy, download, part_info
from vsseval.weights.pins import pinned

CONTENT = bytes(range(256)) * 4000
QUICK = RetryPolicy(attempts=3, pause=0.001, timeout=0.4)


@pytest.fixture
def part(tmp_path):
    return tmp_path / "network.pth.part"


def fetch(served, part, patience=QUICK, **wanted):
    told = Told()
    with serving({"/network.pth": served}) as address:
        download(RemoteFile(f"{address}/network.pth", **wanted), part, told, patience)
    return told


def test_a_file_arrives_whole_and_its_progress_is_told(part):
    told = fetch(Served(CONTENT), part, size=len(CONTENT))
    assert part.read_bytes() == CONTENT
    assert told.begun == [("network.pth", len(CONTENT), 0)]
    assert told.advanced == len(CONTENT)


def test_what_is_broken_off_is_gone_on_with(part):
    served = Served(CONTENT, breaks=[300_000, 200_000])
    told = fetch(served, part)
    assert part.read_bytes() == CONTENT
    assert served.asked == ["", "bytes=300000-", "bytes=500000-"]
    assert told.advanced == len(CONTENT)
    assert any("connection ended after 0.3 of 1.0 MB" in note for note in told.notes)


def test_another_command_goes_on_too(part):
    served = Served(CONTENT, breaks=[100_000])
    with serving({"/network.pth": served}) as address:
        wanted = RemoteFile(f"{address}/network.pth")
        with pytest.raises(EnvironmentFault, match="it goes on where it stopped"):
            download(wanted, part, Told(), RetryPolicy(attempts=1, pause=0, timeout=1))
        assert part.stat().st_size == 100_000
        download(wanted, part, Told(), QUICK)
    assert part.read_bytes() == CONTENT
    assert served.asked == ["", "bytes=100000-"]


def test_a_file_that_has_changed_meanwhile_is_fetched_from_its_beginning(part):
    served = Served(CONTENT, breaks=[100_000])
    with serving({"/network.pth": served}) as address:
        with pytest.raises(EnvironmentFault):
            download(RemoteFile(f"{address}/network.pth"), part, Told(), RetryPolicy(attempts=1))
        served.content, served.etag = CONTENT[::-1], '"2"'
        download(RemoteFile(f"{address}/network.pth"), part, Told(), QUICK)
    assert part.read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("checked", [True, False])
def test_without_a_mark_of_its_state_a_part_is_gone_on_with_only_if_the_hash_will_tell(part, checked):
    served = Served(CONTENT, etag=None, breaks=[100_000])
    fetch(served, part, checked=checked)
    assert part.read_bytes() == CONTENT
    assert served.asked == ["", "bytes=100000-" if checked else ""]


def test_a_part_of_another_address_is_not_gone_on_with(part):
    with serving({"/other.pth": Served(CONTENT[::-1], breaks=[100_000])}) as address, pytest.raises(EnvironmentFault):
        download(RemoteFile(f"{address}/other.pth", checked=True), part, Told(), RetryPolicy(attempts=1))
    served = Served(CONTENT)
    fetch(served, part, checked=True)
    assert part.read_bytes() == CONTENT
    assert served.asked == [""]


def test_a_server_without_ranges_or_lengths_is_good_enough(part):
    assert fetch(Served(CONTENT, ranges=False, breaks=[100_000]), part).notes
    assert part.read_bytes() == CONTENT
    part.unlink()
    told = fetch(Served(CONTENT, length=False), part)
    assert part.read_bytes() == CONTENT
    assert told.begun[0][1] is None


def test_a_part_that_is_longer_than_the_file_is_thrown_away(part):
    with serving({"/network.pth": Served(CONTENT)}) as address:
        part.write_bytes(bytes(2 * len(CONTENT)))
        part_info(part).write_text(f'{{"url": "{address}/network.pth", "validator": "\\"1\\""}}')
        download(RemoteFile(f"{address}/network.pth"), part, Told(), QUICK)
    assert part.read_bytes() == CONTENT


def test_passing_faults_are_waited_for_and_lasting_ones_told(part):
    served = Served(CONTENT, states=[503, 429])
    told = fetch(served, part)
    assert part.read_bytes() == CONTENT
    assert ["503" in told.notes[0], "429" in told.notes[1]] == [True, True]
    with pytest.raises(EnvironmentFault, match="could not be fetched: 500"):
        fetch(Served(CONTENT, states=[500] * 9), part.with_name("b.part"))


@pytest.mark.parametrize("state", [401, 403, 404, 410])
def test_a_refusal_is_not_asked_again(part, state):
    served = Served(CONTENT, states=[state] * 5)
    with pytest.raises(NotAvailable, match=str(state)):
        fetch(served, part)
    assert len(served.asked) == 1


def test_a_slow_start_is_waited_for_and_silence_has_an_end(part):
    fetch(Served(CONTENT, slow=0.1), part)
    assert part.read_bytes() == CONTENT
    silent = Served(CONTENT, slow=1.0)
    with pytest.raises(EnvironmentFault, match="silent|timed out"):
        fetch(silent, part.with_name("b.part"), RetryPolicy(attempts=1, timeout=0.1))


def test_nobody_there_is_one_error(part):
    with serving({}) as address:
        pass
    with pytest.raises(EnvironmentFault, match="could not be fetched: .*refused"):
        download(RemoteFile(f"{address}/network.pth"), part, Told(), QUICK)


def test_a_page_in_place_of_the_file_is_not_fetched(part):
    with pytest.raises(EnvironmentFault, match="offers 10 bytes where the file has 20.*login"):
        fetch(Served(b"<html/>   "), part, size=20)
    assert not part.exists()


def test_no_room_is_told_before_and_during(part, monkeypatch):
    usage = shutil.disk_usage(part.parent)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(EnvironmentFault, match=r"no room in .*: 1 MB are needed and 0 MB are free.*VSSEVAL_WEIGHTS"):
        fetch(Served(CONTENT), part)
    monkeypatch.undo()

    class Full(Told):
        def advance(self, count):
            # the next block finds the disk full
            raise_full(part, monkeypatch)

    with serving({"/network.pth": Served(CONTENT * 2)}) as address:
        with pytest.raises(EnvironmentFault, match=r"cannot write .*No space left.*VSSEVAL_WEIGHTS"):
            download(RemoteFile(f"{address}/network.pth"), part, Full(), QUICK)
        monkeypatch.undo()
        kept = part.stat().st_size
        assert 0 < kept < 2 * len(CONTENT)
        told = Told()
        download(RemoteFile(f"{address}/network.pth"), part, told, QUICK)
    assert part.read_bytes() == CONTENT * 2
    assert told.advanced == 2 * len(CONTENT) - kept


def raise_full(part, monkeypatch):
    genuine = type(part).open

    def opened(path, mode="r", *rest, **more):
        if path == part and "a" in mode:
            raise OSError(errno.ENOSPC, "No space left on device")
        return genuine(path, mode, *rest, **more)

    monkeypatch.setattr(type(part), "open", opened)


def test_a_password_in_an_address_works_and_is_never_said(part):
    word = "p%40ss-secret"
    login = "Basic " + base64.b64encode(b"me:p@ss-secret").decode()
    elsewhere = Served(CONTENT)
    with serving({"/network.pth": elsewhere}) as other:
        home = Served(CONTENT, login=login, moved=f"{other}/network.pth", breaks=[100_000])
        with serving({"/network.pth": home}) as address:
            wanted = RemoteFile(f"{address.replace('://', f'://me:{word}@')}/network.pth", size=len(CONTENT))
            told = Told()
            download(wanted, part, told, QUICK)
            refused = RemoteFile(f"{address.replace('://', '://me:wrong-secret@')}/network.pth")
            with pytest.raises(NotAvailable, match=r"http://\*\*\*@127.*401") as error:
                download(refused, part.with_name("b.part"), told, QUICK)
    assert part.read_bytes() == CONTENT
    assert set(home.told) == {login, "Basic " + base64.b64encode(b"me:wrong-secret").decode()}
    assert set(elsewhere.told) == {None}
    kept = "".join(path.read_text("latin-1") for path in part.parent.glob("*.json"))
    assert "secret" not in kept + str(error.value) + "".join(told.notes)


def test_a_mirror_with_a_password_is_never_said(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("VSSEVAL_WEIGHTS", str(tmp_path))
    name = next(name for name, pin in pinned().items() if pin.files)
    with serving({}) as address:
        mirror = address.replace("://", "://me:secret@")
        monkeypatch.setattr("vsseval.weights.fetch._addresses", lambda n, file, where: [f"{where.mirror}/{file.name}"])
        assert invoke(["weights", "pull", name, "--mirror", mirror]) != 0
    said = capsys.readouterr()
    assert "secret" not in said.out + said.err
    assert "***@127.0.0.1" in said.out + said.err
