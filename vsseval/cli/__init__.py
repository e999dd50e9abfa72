"""The command line: verbs that are imported when they are called, and the meaning of exit codes.

Exit codes: 0 passed, 1 regression, 2 usage, 3 incomplete (clips failed), 4 environment, 130 interrupted.
Data goes to standard output, everything else to standard error.
"""

from __future__ import annotations

import difflib
import errno
import os
import shlex
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from vsseval.cli.once import warned_once
from vsseval.engines.threads import thread_variables
from vsseval.errors import EnvironmentFault, UsageError, VssevalError
from vsseval.text.saying import say, show_usage

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""
BUG = 70
"""EX_SOFTWARE of sysexits.h: the traceback is shown, for it is vsseval that is at fault."""
REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


class Verbs(click.Group):
    """A group whose verbs are imported only when they are called; `--help` shows the summaries below."""

    summaries = {  # noqa: RUF012 - never changed
        "run": "Run models on benchmarks, and show the comparison table.",
        "plan": "Say what a run would take: work, time, memory, disk.",
        "score": "Score a run again, or a folder of finished sound.",
        "table": "Print the table of finished runs.",
        "report": "Write one HTML file: table, plots, players, failures.",
        "compare": "Compare two runs and more, clip by clip.",
        "power": "Say how many clips a difference needs.",
        "gate": "Pass or fail a run against a baseline; for CI.",
        "verify": "Check a run: hashes, numbers made again from its sounds, sounds made again.",
        "calibrate": "Show which metrics see which faults on a benchmark.",
        "correlate": "Show which metrics agree with people.",
        "listen": "Make a listening test, and read its answers.",
        "watch": "Show how far a run is, from another terminal.",
        "reproduce": "Compare published numbers with what can be measured here.",
        "baselines": "Make the environment of a published system, or show what is known of it.",
        "data": "Register your copies of benchmarks.",
        "store": "Show and clear what is kept of features.",
        "leaderboard": "Accept records, check them, build the site.",
        "export": "Write runs for W&B, MLflow, the Hub, Papers with Code.",
        "list": "List models, benchmarks, metrics, extractors and runs.",
        "weights": "List, fetch and verify published weights.",
        "doctor": "Say what is missing, and the command that gets it.",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of use."""
        del ctx
        return [*self.summaries]  # the verb `list` is a module of this package: here the builtin has no name

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        del ctx
        if cmd_name not in self.summaries:
            return None
        command: click.Command = import_module(f"vsseval.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or propose the nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            near = difflib.get_close_matches(args[0], self.summaries, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"There is no command '{args[0]}'.{hint}", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the summaries without importing the verbs."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([*self.summaries.items()])


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vsseval", message="%(prog)s %(version)s")
def verbs() -> None:
    """Evaluate video-to-sound, visual text-to-speech and joint generation.

    \b
    vsseval run --model vssflow --suite all
    vsseval run --model audio:my_wavs --benchmark folder:my_videos
    """  # noqa: D301 - click wants the control character, which keeps the lines apart


def main() -> None:
    """Run the command line and exit with its code."""
    # Before numpy and torch are loaded, which look there: the same bits whatever the machine has.
    os.environ.update(thread_variables())
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: Sequence[str]) -> int:  # noqa: PLR0911 - one return for each way to end
    """Run the command line; whatever goes wrong for the user becomes one message and an exit code."""
    try:
        with warned_once():
            code = verbs.main(args=[*arguments], prog_name="vsseval", standalone_mode=False)
    except click.ClickException as error:
        show_usage(error)
        return UsageError.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _interrupted(arguments)
    except VssevalError as error:
        say(f"error: {error}", err=True)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe has gone, as `| head` does: nobody wants to hear of it
        return 0
    except OSError as error:
        return _refused(error)
    except ModuleNotFoundError as error:
        return _not_installed(error)
    except MemoryError:
        say("error: out of memory. Try fewer processes: --jobs 1", err=True)
        return 4
    except Exception:  # noqa: BLE001 - the one place where a bug ends
        return _bug()
    return code if isinstance(code, int) else 0


def _interrupted(arguments: Sequence[str]) -> int:
    again = shlex.join(["vsseval", *arguments])
    say(f"\nStopped; what is done is kept. Go on with:\n  {again}", err=True)
    return INTERRUPTED


def _refused(error: OSError) -> int:
    if error.errno not in REFUSALS:
        return _bug()
    from vsseval.store.atomic import environment_fault

    fault = environment_fault(error)
    say(f"error: {fault}", err=True)
    return fault.exit_code


def _not_installed(error: ModuleNotFoundError) -> int:
    """Say which package is not there: vsseval may be installed without what only measuring needs."""
    module = (error.name or "").partition(".")[0]
    if not module or module in {"vsseval", "vssflow"}:
        return _bug()
    say(
        f"error: this needs the module '{module}', which is not installed here. Install all that vsseval needs with: "
        f"pip install vsseval",
        err=True,
    )
    return EnvironmentFault.exit_code


def _bug() -> int:
    import traceback

    say(traceback.format_exc(), err=True)
    say("This is a fault of vsseval or of a plugin, not yours. Please report it with the lines above.", err=True)
    return BUG
