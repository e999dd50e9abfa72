"""Optional packages: asked for by name, imported at their first use, and kept from reaching for the network."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.util import find_spec
from typing import Any

from vsseval.errors import MissingExtra


def require_package(package: str, what: str, installed_by: str = "vsseval[papers]") -> None:
    """See to it that an optional package is installed, without importing it.

    Args:
        package: its import name.
        what: who needs it, for the message.
        installed_by: what to give to `pip install`.

    Raises:
        MissingExtra: it is not installed.
    """
    if find_spec(package) is None:
        raise MissingExtra(f"{what} needs the package {package}: pip install '{installed_by}'")


def import_offline(package: str, what: str, extra: str = "papers") -> Any:
    """Import an optional package, or a module of it, with the model hubs out of its reach.

    Weights come from the files that were pinned, never from a hub: without this a missing file would be looked for
    there, for minutes, and whatever is found would be used.

    Args:
        package: name of the package or of a module within it.
        what: who needs it, for the message.
        extra: the extra of vsseval that brings it.

    Raises:
        MissingExtra: it is not installed.
    """
    require_package(package.partition(".")[0], what, f"vsseval[{extra}]")
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    module = importlib.import_module(package)
    without_stand_ins()
    if package == "transformers":
        # its advice on deprecated options concerns whoever wrote the repository's files, not whoever runs a metric
        module.logging.set_verbosity_error()
    return module


def without_stand_ins() -> None:
    """Take speechbrain's stand-ins for modules that it moved out of the list of loaded modules.

    Whoever walks that list and looks at one sets off the import of what it stands for, which fails wherever a package
    is not installed that nobody asked for.
    """
    if "speechbrain" not in sys.modules:
        return
    for name in [name for name in sys.modules if name.startswith("speechbrain.")]:
        if type(sys.modules[name]).__module__ == "speechbrain.utils.importutils":
            del sys.modules[name]
