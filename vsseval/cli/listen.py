"""`vsseval listen`: a listening test that opens from disk, and `vsseval listen import`: what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vsseval.cli.moved import moved_option, relocations
from vsseval.cli.named import named_runs, root_option
from vsseval.errors import UsageError
from vsseval.text.saying import say, show_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vsseval.listening.key import Kind, TestKey
    from vsseval.store.record import LoadedRun

FOLDER = Path("listening")
INCOMPLETE = 3
STYLES = ("terminal", "markdown")


class OrPage(click.Group):
    """A group whose first word is a run, unless it is one of its verbs."""

    def with_first(self, args: list[str]) -> list[str]:
        """Take everything that is no verb for arguments of `page`."""
        return args if args and (args[0] in self.commands or args[0] in {"-h", "--help"}) else ["page", *args]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse them."""
        return super().parse_args(ctx, self.with_first(args))


@click.group(cls=OrPage, name="listen", short_help="Make a listening test, and read its answers.")
def command() -> None:
    """Let people judge the sounds of runs: a page that opens from disk, and scores out of what they answer.

    \b
    vsseval listen runs/*                        # writes listening/test.html and listening/key.json
    vsseval listen import answers-*.json         # scores, intervals, ratings.csv for vsseval correlate
    """  # noqa: D301 - click wants the control character, which keeps the lines apart


@command.command(name="page", short_help="Write the page (the default: vsseval listen RUN...).")
@click.argument("run_names", nargs=-1, metavar="[RUN]...")
@root_option
@click.option("--kind", type=click.Choice(["ab", "mushra", "mos"]), default="ab", show_default=True,
              help="Pairs with ties, sets with a hidden reference and anchors, or single grades.")  # fmt: skip
@click.option("--benchmark", metavar="NAME", help="Only runs on this benchmark.")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=FOLDER, show_default=True,
              help="The folder to write.")  # fmt: skip
@click.option("--clips", type=click.IntRange(1), default=12, show_default=True, help="Clips, at most.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the clips and of every order.")
@click.option("--trials", "per_rater", type=click.IntRange(1), help="Trials of a rater, at most, without checks.")
@click.option("--checks", type=click.IntRange(0), default=4, show_default=True,
              help="Attention checks, where the reference is at hand.")  # fmt: skip
@click.option("--anchor", "anchors", multiple=True, metavar="NAME",
              help="A bound as an anchor (shuffled, silence, noise, degraded:...), or lowpass; repeatable.  "
                   "[default: lowpass and shuffled for mushra]")  # fmt: skip
@click.option("--reference/--no-reference", default=None, help="Judge the benchmark's own sound too.  "
              "[default: in mos and mushra]")  # fmt: skip
@click.option("--loudness", type=click.FloatRange(-50, -5), default=-23.0, show_default=True, metavar="LUFS",
              help="All sounds of a clip are brought to it (ITU-R BS.1770).")  # fmt: skip
@click.option("--least-heard", type=click.FloatRange(0), default=1.0, show_default=True, metavar="SECONDS",
              help="Of each sound, before an answer is taken.")  # fmt: skip
@click.option("--practice", type=click.IntRange(0), default=1, show_default=True,
              help="Trials that come first and do not count.")  # fmt: skip
@click.option("--question", default="", help="What is asked, instead of the question of the kind of test.")
@click.option("--instructions", default="", help="What raters read first, instead of the usual words.")
@click.option("--force", is_flag=True, help="Replace a test that is there: its answers lose their meaning.")
@moved_option
def page(
    run_names: tuple[str, ...], root: Path, kind: Kind, benchmark: str | None, output: Path, clips: int, seed: int,
    per_rater: int | None, checks: int, anchors: tuple[str, ...], loudness: float, least_heard: float, practice: int,
    question: str, instructions: str, moved: tuple[str, ...], *, reference: bool | None, force: bool,
) -> None:  # fmt: skip
    """Write a page on which people judge the sounds of runs of one benchmark."""
    from vsseval.cli.report import benchmark_media
    from vsseval.listening.key import KEY
    from vsseval.listening.page import Asked, write_test
    from vsseval.listening.panel import LOWPASS, attention, gather

    if (output / KEY).exists() and not force:
        raise UsageError(
            f"{output} holds a listening test: its answers mean nothing without that key. Name another folder with "
            "-o, or replace it with --force"
        )
    runs = [run for run in named_runs(run_names, root) if benchmark in {None, run.record.benchmark.name}]
    around = _around(runs)
    wanted = anchors or ((LOWPASS, "shuffled") if kind == "mushra" else ())
    panel = gather(runs, around, kind, wanted, reference=kind != "ab" if reference is None else reference)
    own = attention(panel, [*runs, *around]) if checks else None
    media = benchmark_media(relocations(moved))(panel.systems[0].run.record)
    asked = Asked(kind, clips, checks, per_rater, seed, loudness, least_heard, practice, question, instructions)
    made = write_test(output, panel, asked, media.samples, own, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    for note in (media.note, *panel.without, *made.notes):
        if note:
            say(note, err=True)
    names = ", ".join(f"{s.name} ({s.role})" if s.role != "system" else s.name for s in made.key.systems)
    each = min(made.key.per_rater, sum(not t.always for t in made.key.trials)) + sum(t.always for t in made.key.trials)
    say(f"{made.page} ({made.size / 1e6:.1f} MB): {len(made.key.clusters)} clips of {names}")
    say(
        f"{len(made.key.trials)} trials, of which a rater gets {each}. Send {made.page.name}; keep {output / KEY}, "
        f"which says what is what.\nThen: vsseval listen import --test {output} answers-*.json"
    )


def _around(runs: Sequence[LoadedRun]) -> list[LoadedRun]:
    """Return the other runs of the folders in which some lie: the bounds are among them."""
    from vsseval.store.record import scan_runs

    named = {run.path.resolve() for run in runs}
    folders = sorted({run.path.resolve().parent for run in runs})
    return [run for folder in folders for run in scan_runs(folder)[0] if run.path.resolve() not in named]


@command.command(name="import", short_help="Read answers: scores, raters, ratings.csv.")
@click.argument("answers", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--test", "folder", type=click.Path(path_type=Path), default=FOLDER, show_default=True,
              help="The folder of the test, with its key.json.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path),
              help="Where ratings.csv and results.json are written.  [default: the folder of the test]")  # fmt: skip
@click.option("--keep-all", is_flag=True, help="Let everybody count, whoever failed the checks.")
@click.option(
    "--state",
    "given",
    multiple=True,
    metavar="FIELD=TEXT",
    help="A field of the checklist that only you know: recruitment, payment, language, consent, training.",
)
@click.option("--style", type=click.Choice(STYLES), default="terminal", show_default=True, help="How to print it.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def read(
    answers: tuple[Path, ...], folder: Path, output: Path | None, given: tuple[str, ...], style: str, *,
    keep_all: bool, as_json: bool,
) -> int:  # fmt: skip
    """Read the files that raters sent back (or folders of them), and say what came of the test."""
    import shutil
    import sys

    import msgspec

    from vsseval.listening.answers import collect
    from vsseval.listening.checklist import checklist, stated
    from vsseval.listening.key import read_key
    from vsseval.listening.ratings import RATINGS, write_ratings
    from vsseval.listening.results import results
    from vsseval.listening.screening import judgements, screen
    from vsseval.listening.shown import render
    from vsseval.store import atomic, codec

    told, key = stated(given), read_key(folder)
    paths = [one for path in answers for one in (sorted(path.glob("*.json")) if path.is_dir() else [path])]
    paths = [path for path in paths if path.name not in {"key.json", "results.json"}]
    collected = collect(paths, key)
    for problem in collected.problems:
        say(problem, err=True)
    screened = screen(collected.raters, judgements(collected.raters, key), key)
    if keep_all:
        screened = [msgspec.structs.replace(one, out="", doubt=one.out or one.doubt) for one in screened]
    kept = {one.rater for one in screened if not one.out}
    for one in screened:
        if one.out:
            say(f"{one.rater} does not count: {one.out}", err=True)
    said = judgements([rater for rater in collected.raters if rater.name in kept], key)
    found = results(said, key)
    fields = checklist(key, collected.raters, screened, said, found, told)
    target = output or (folder if folder.is_dir() else folder.parent)
    write_ratings(target / RATINGS, said, key)
    whole = {
        "test": key.test,
        "results": found,
        "raters": screened,
        "checklist": fields,
        "problems": collected.problems,
    }
    atomic.write_bytes(target / "results.json", codec.pretty(whole))
    if as_json:
        show_json(codec.pretty(whole), nl=False)
    else:
        shown = sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if shown else 100
        text = render(found, screened, _runs(key), fields, collected.problems, style, width=width, colour=shown)
        say(text)
        say(f"{target / RATINGS}; which metrics agree with it: vsseval correlate {target / RATINGS} RUN...")
    return INCOMPLETE if collected.problems else 0


def _runs(key: TestKey) -> dict[str, LoadedRun]:
    """Return the runs of the systems, where they are still."""
    from vsseval.store.record import load_run

    found = {}
    for system in key.systems:
        if system.run is not None and system.role != "check":
            try:
                found[system.name] = load_run(system.run)
            except UsageError as gone:
                say(f"the metrics of {system.name} are not shown: {gone}", err=True)
    return found
