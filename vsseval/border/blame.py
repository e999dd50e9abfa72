"""Calls into a plugin's code; of what goes wrong there says the type, the words, and the plugin's file and line."""

from __future__ import annotations

import inspect
import traceback
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

from vsseval.errors import Unmeasurable, VssevalError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

__all__ = ["PluginFault", "blame", "call", "readable"]

T = TypeVar("T")

LONGEST = 1000
"""Characters of a message that are kept: some libraries raise whole tables."""
_HARNESS = ("vsseval.border", "vsseval.stages", "vsseval.statistics")
"""Modules that call plugins: never the place of a plugin's fault."""


class PluginFault(Exception):
    """A plugin raised what it should not have, or gave what cannot be taken; the message says what and where."""


def call(owner: object, function: Callable[[], T], method: str = "") -> T:
    """Call into a plugin's code.

    Args:
        owner: the plugin, or its factory: whose code it is.
        function: makes the call, and takes what it gives.
        method: name of the plugin's method that is called: the place to name where none of its code was at work when
            something was raised, for it gave what could not be taken.

    Raises:
        Unmeasurable: the plugin says that a clip has no such value or feature.
        VssevalError: the plugin says what the machine or the request lacks.
        PluginFault: it raised anything else, and be it `SystemExit`.
    """
    try:
        return function()
    except KeyboardInterrupt:
        raise  # the user's
    except Unmeasurable as error:
        raise Unmeasurable(readable(error)) from error
    except VssevalError:
        raise
    except BaseException as error:
        raise PluginFault(blame(error, owner, method)) from error


def blame(error: BaseException, owner: object, method: str = "") -> str:
    """Return `TypeError: its words (my_package/model.py:41, in generate)`; see `call` for the arguments."""
    home = _home(owner)
    # A generator that lets `StopIteration` out is a RuntimeError without a frame, and that is its cause.
    frames = [found for one in (error.__cause__, error) if one for found in traceback.walk_tb(one.__traceback__)]
    named = [(str(frame.f_globals.get("__name__", "")), frame.f_code, line) for frame, line in frames]
    named = [found for found in named if not found[0].startswith(_HARNESS)]
    own = [found for found in named if found[0].partition(".")[0] == home.partition(".")[0]]
    place = _place(*own[-1]) if own else _definition(owner, method) or (_place(*named[-1]) if named else "")
    words = readable(error)
    said = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return f"{said} ({place})" if place else said


def readable(said: object) -> str:
    """Return words that can be stored and shown: on one line, of Unicode, without what moves a cursor, not endless."""
    try:
        words = " ".join(str(said).split())
    except Exception:  # noqa: BLE001 - a stranger's `__str__`
        words = f"a {type(said).__name__} that cannot be shown"
    words = words[: 2 * LONGEST].encode("utf-8", "backslashreplace").decode()
    words = "".join(letter for letter in words if letter.isprintable())
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"


def _home(owner: object) -> str:
    """Return the module that a plugin is written in."""
    bare = owner.func if isinstance(owner, partial) else owner
    described = bare if inspect.isroutine(bare) or inspect.isclass(bare) else type(bare)
    return str(getattr(described, "__module__", None) or "")


def _definition(owner: object, method: str) -> str:
    """Return where a plugin's method is written; empty where nobody can say."""
    function: Any = getattr(type(owner), method, owner) if method else owner
    function = inspect.unwrap(function) if callable(function) else function
    code: CodeType | None = getattr(function, "__code__", None)
    return _place(str(getattr(function, "__module__", "")), code, code.co_firstlineno) if code else ""


def _place(module: str, code: CodeType, line: int) -> str:
    """Return file and line; the file from its package on, for the rest is another one on every machine."""
    path = PurePath(code.co_filename)
    names = module.split(".")
    depth = len(names) + (path.stem != names[-1] and path.stem == "__init__")
    return f"{'/'.join(path.parts[-depth:])}:{line}, in {code.co_name}"
