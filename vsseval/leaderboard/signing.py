"""Signs records with OpenSSH keys, and says who signed one: `ssh-keygen -Y`, which every machine with git has.

A signature (`ID.json.sig`, SSHSIG) covers the bytes of the record, which name the sha256 of all that the numbers were
made of. Who may sign stands in `leaderboards/signers`, one line each: a name and a public key, as OpenSSH's
allowed_signers (ssh-keygen(1)); GitHub shows the keys of its users at github.com/NAME.keys.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from vsseval.errors import EnvironmentFault, UsageError

__all__ = ["SIGNERS", "Signed", "sign", "signature_of"]

NAMESPACE = "vsseval-record"
"""So that a signature of something else by the same key is none of a record."""
SIGNERS = "signers"
SECONDS = 60


class Signed(NamedTuple):
    """What is known of the signature of a record."""

    by: str = ""
    """Name of the signer; empty where there is no good signature."""
    fault: str = ""
    """Why a signature that is there is none."""


def sign(record: Path, key: Path) -> Path:
    """Sign a record; ssh-keygen may ask for a passphrase, or for a touch of the key.

    Args:
        record: the file; a signature that is there is replaced.
        key: a private key, or the public one of a key that an agent holds.

    Returns:
        The signature's file.

    Raises:
        UsageError: there is no such file, or the key cannot sign.
        EnvironmentFault: ssh-keygen is not installed.
    """
    for file in (record, key):
        if not file.is_file():
            raise UsageError(f"there is no file {file}")
    made = record.with_name(f"{record.name}.sig")
    made.unlink(missing_ok=True)
    command = [_program(), "-Y", "sign", "-q", "-f", str(key.resolve()), "-n", NAMESPACE, str(record.resolve())]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603 - no shell
    if done.returncode or not made.exists():
        raise UsageError(f"{record} was not signed with {key}: {' '.join(done.stderr.split()) or 'ssh-keygen failed'}")
    return made


def signature_of(record: Path, signers: Path) -> Signed:
    """Say who signed a record.

    Args:
        record: the file; its signature lies beside it.
        signers: who may sign.

    Raises:
        EnvironmentFault: there is a signature, and ssh-keygen is not installed.
    """
    made = record.with_name(f"{record.name}.sig")
    if not made.is_file():
        return Signed()
    if not signers.is_file():
        return Signed(fault=f"it is signed, but {signers} does not exist, which says who may sign")
    files = "-s", str(made.resolve()), "-f", str(signers.resolve())
    found = _asked(["-Y", "find-principals", *files], b"")
    name = next(iter(found.stdout.decode("utf-8", "replace").splitlines()), "").strip()
    if found.returncode or not name:
        return Signed(fault=f"it is signed by a key that {signers.name} does not name")
    verified = _asked(["-Y", "verify", *files, "-I", name, "-n", NAMESPACE], record.read_bytes())
    if verified.returncode:
        return Signed(fault=f"its signature by {name} is not of this record")
    return Signed(by=name)


def _asked(arguments: list[str], data: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - no shell
        [_program(), *arguments], input=data, capture_output=True, check=False, timeout=SECONDS
    )


def _program() -> str:
    found = shutil.which("ssh-keygen")
    if found is None:
        raise EnvironmentFault("signatures need ssh-keygen, which is not here. Get it with: apt install openssh-client")
    return found
