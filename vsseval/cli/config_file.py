"""`--config FILE`: the options of a command in a TOML file, by their long names; what is typed counts more.

model = ["audio:ours", "audio:theirs"]
benchmark = "folder:clips"
metric = ["kl@aisfx", "desync@onset"]
no-bounds = true
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import click

from vsseval.errors import UsageError
from vsseval.text.readers import file_text, toml_tables

__all__ = ["config_option"]

_PLAIN = (str, int, float, bool)


def _read(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Make what the file says the defaults of the command."""
    del parameter
    if path is None:
        return None
    known = {_long(option): option for option in context.command.params if _long(option)}
    found = {}
    for name, value in _table(path).items():
        plain = name.replace("_", "-")
        if plain not in known:
            near = difflib.get_close_matches(plain, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"
            raise UsageError(f"{path}: there is no option '{name}': {hint}")
        option = known[plain]
        found[option.name or ""] = _checked(path, name, value, option)
    context.default_map = {**found, **(context.default_map or {})}
    return path


def _checked(path: Path, name: str, value: Any, option: click.Parameter) -> Any:
    """Return the value of one option, a list where it may be repeated.

    Raises:
        UsageError: it is a table, or a list of an option that is given once.
    """
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, _PLAIN) for item in items):
        raise UsageError(f"{path}: {name} = {value!r}: a text, a number, true or false is needed, or a list of them")
    if getattr(option, "multiple", False):
        return items
    if name == "seeds" and isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, list):
        raise UsageError(f"{path}: {name} = {value!r}: one value is needed, for --{name} is given once")
    flag = bool(getattr(option, "is_flag", False))
    if isinstance(value, bool) != flag:
        raise UsageError(f"{path}: {name} = {value!r}: {'true or false' if flag else 'a text or a number'} is needed")
    return value


def _long(option: click.Parameter) -> str:
    """Return the name of an option as it is typed, without its dashes; an argument has none."""
    names = [name.removeprefix("--") for name in option.opts if name.startswith("--")]
    return names[0] if names and names[0] != "config" else ""


def _table(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = toml_tables(file_text(path))
    except FileNotFoundError as error:
        raise UsageError(f"--config {path} does not exist") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"--config {path} cannot be read: {error}") from error
    return found


config_option = click.option(
    "-c", "--config", type=click.Path(dir_okay=False, path_type=Path), is_eager=True, expose_value=False,
    callback=_read, metavar="FILE", help='Options from a TOML file: model = ["a", "b"], limit = 8.',
)  # fmt: skip
