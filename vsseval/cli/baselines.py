"""`vsseval baselines`: make the environment of a published system, or show all that is known of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.text.saying import say, show_json

if TYPE_CHECKING:
    from vsseval.models.baseline.spec import Baseline


_TRIED = ("command", "python_driver", "mix")
"""Kinds that run something: of finished sound and quoted numbers there is nothing to verify."""


@click.group(name="baselines", short_help="Make a baseline's environment, or show it.")
def command() -> None:
    """Published systems, each in an environment of its own. `vsseval list models` shows them all."""


@command.command(name="setup")
@click.argument("name")
@click.option("--python", type=click.Path(path_type=Path), help="Use an environment that is there: its interpreter.")
@click.option("--repo", type=click.Path(path_type=Path), help="Use a copy of the repository that is there.")
def setup(name: str, python: Path | None, repo: Path | None) -> None:
    """Make the environment of the baseline NAME: interpreter, packages, repository.

    With --python (and --repo, where the system runs in its repository) an environment that you made is used.
    """
    from vsseval.models.baseline import find_baseline
    from vsseval.models.baseline.installed import missing_part
    from vsseval.models.baseline.setup import adopt, make

    baseline, folder = find_baseline(name)
    _refuse(baseline)
    if python is not None or repo is not None:
        site = adopt(baseline, python, repo)
    else:
        site = make(baseline, folder, lambda step: say(step, err=True))
    for line in _by_hand(baseline):
        say(line, err=True)
    lost = missing_part(baseline, site)
    say(f"{site.python}")
    say(f"not complete yet: {lost}" if lost else f"Try it with: vsseval doctor --model {name}", err=True)


@command.command(name="show")
@click.argument("name")
def show(name: str) -> None:
    """Show what is known of the baseline NAME: licence, citation, weights, commands, limits; as JSON."""
    import msgspec

    from vsseval.models.baseline import find_baseline

    baseline, folder = find_baseline(name)
    told = {"folder": str(folder), **msgspec.to_builtins(baseline)}
    show_json(msgspec.json.format(msgspec.json.encode(told), indent=1))


@command.command(name="table")
def table() -> None:
    """Print all baselines as a Markdown table: tasks, how each is run, licence, when it was read and tried."""
    from vsseval import plugins
    from vsseval.models.baseline import find_baseline

    lines = ["| name | system | tasks | run by | licence | read | verified |", "|---|---|---|---|---|---|---|"]
    for name in sorted(plugins.baseline_folders()):
        baseline, _ = find_baseline(name)
        kind = baseline.kind.replace("_", " ")
        tasks = ", ".join(baseline.tasks)
        tried = baseline.verified if baseline.kind in _TRIED else ""
        lines.append(
            f"| `{name}` | {baseline.title} | {tasks} | {kind} | {baseline.licence} | {baseline.read} | {tried} |"
        )
    say("\n".join(lines))


def _refuse(baseline: Baseline) -> None:
    from vsseval.errors import UsageError

    if baseline.kind == "reported_only":
        raise UsageError(f"{baseline.name} cannot be run: {baseline.reason}")
    if baseline.kind == "precomputed":
        raise UsageError(
            f"{baseline.name} is finished sound and needs no environment: get it from {baseline.outputs} and write "
            f"--model {baseline.name}:FOLDER"
        )
    if baseline.mix is not None:
        raise UsageError(f"{baseline.name} mixes {baseline.mix.sound} and {baseline.mix.speech}: set those up")


def _by_hand(baseline: Baseline) -> list[str]:
    """Return what the user still has to do."""
    lines = [f"needs on the path: {', '.join(baseline.environment.system)}"] if baseline.environment.system else []
    lines += [f"then: {step}" for step in baseline.environment.steps]
    for weights in baseline.weights:
        if weights.target:
            known = f", sha256 {weights.sha256}" if weights.sha256 else ""
            lines.append(f"weights: {weights.url or weights.name} to {weights.target}{known}")
    return lines
