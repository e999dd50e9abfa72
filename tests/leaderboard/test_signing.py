"""Records may be signed by OpenSSH keys: who signed is said, and a signature that is none is a fault."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from support.leaderboards import faults, folder  # noqa: F401
from support.synthetic_runs import write_run
from vsseval.cli import invoke
from vsseval.leaderboard.signing import Signed, signature_of

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


def key(path, comment):
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)], check=True, timeout=30
    )  # fmt: skip
    return path


@pytest.fixture
def record(folder, tmp_path):
    run = write_run(tmp_path / "runs", "m", 0.2)
    assert invoke(["leaderboard", "add", str(run)]) == 0
    return folder / "records" / f"{run.name}.json"


@pytest.fixture
def mine(folder, tmp_path):
    made = key(tmp_path / "id", "me")
    (folder / "signers").write_text(f"me@example.org {(tmp_path / 'id.pub').read_text()}")
    return made


def test_a_signed_record_says_who_signed_it(record, mine, folder, tmp_path, capsys):
    assert signature_of(record, folder / "signers") == Signed()
    assert invoke(["leaderboard", "sign", str(record), "--key", str(mine)]) == 0
    assert signature_of(record, folder / "signers") == Signed(by="me@example.org")
    assert faults(folder) == []
    capsys.readouterr()
    assert invoke(["leaderboard", "check"]) == 0
    assert capsys.readouterr().out == "1 records (1 signed), 0 reported numbers: no fault\n"
    assert invoke(["leaderboard", "build", "-o", str(tmp_path / "site")]) == 0
    assert "me@example.org" in (tmp_path / "site/index.html").read_text()
    assert (tmp_path / f"site/records/{record.name}.sig").exists()


def test_an_edit_a_stranger_and_another_purpose_are_faults(record, mine, folder, tmp_path):
    invoke(["leaderboard", "sign", str(record), "--key", str(mine)])
    whole = record.read_text()
    record.write_text(json.dumps(json.loads(whole)))  # the same record, other bytes
    assert faults(folder) == ["its signature by me@example.org is not of this record"]
    record.write_text(whole)
    invoke(["leaderboard", "sign", str(record), "--key", str(key(tmp_path / "other", "you"))])
    assert faults(folder) == ["it is signed by a key that signers does not name"]
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-f", str(mine), "-n", "file", str(record)], check=True,
        timeout=30, input=b"y\n", capture_output=True,
    )  # fmt: skip
    assert faults(folder) == ["its signature by me@example.org is not of this record"]
    (folder / "signers").unlink()
    assert "does not exist, which says who may sign" in faults(folder)[0]


def test_a_key_that_is_none_is_refused(record, tmp_path, capsys):
    (tmp_path / "none").write_text("x")
    assert invoke(["leaderboard", "sign", str(record), "--key", str(tmp_path / "none")]) == 2
    assert "was not signed with" in capsys.readouterr().err


def test_a_record_of_fewer_clips_than_others_is_named(folder, tmp_path):
    for name, clips in (("a", 24), ("b", 24), ("c", 5)):
        assert invoke(["leaderboard", "add", str(write_run(tmp_path / "runs", name, 0.2, clips=clips))]) == 0
    assert faults(folder) == ["it says that toy_joint 1.0 has 5 clips, other records 24"]
