"""A set of weights on this machine, verified; or the command that gets it."""

from __future__ import annotations

from pathlib import Path

from vsseval.errors import EnvironmentFault, MissingWeights
from vsseval.types import Record
from vsseval.weights import pins
from vsseval.weights.verify import joint_sha256, weights_state


class Weights(Record, frozen=True):
    """A set of weights on this machine, verified."""

    name: str
    folder: Path
    files: tuple[str, ...]
    sha256: str
    """Of the single file, or of the list of names and hashes where there are several."""
    pinned: bool = True

    def file(self, name: str | None = None) -> Path:
        """Return the path of a file of the set; without a name, of its only or first one.

        Raises:
            KeyError: the set has no such file.
        """
        if name is not None and name not in self.files:
            raise KeyError(f"the weights {self.name} hold no file {name}")
        return self.folder / (name or self.files[0])


def find_weights(name: str) -> Weights:
    """Return a set of weights that lies on this machine.

    Raises:
        MissingWeights: it was not fetched yet.
        EnvironmentFault: a file is gone, cut short or replaced, or the set is that of an earlier pin.
    """
    pin = pins.pinned()[name]
    seen = weights_state(name, pin)
    if seen.found is None:
        raise MissingWeights(
            f"the weights {name} ({pin.licence}) are not on this machine. Get them with: vsseval weights pull {name}"
        )
    if seen.status in {"damaged", "outdated"}:
        raise EnvironmentFault(f"{seen.detail}. Get it anew with: vsseval weights pull --again {name}")
    hashes = {file: known.sha256 for file, known in seen.found.files.items()}
    return Weights(
        name, seen.package or pins.weights_root() / name, tuple(hashes), joint_sha256(hashes), seen.found.pinned
    )
