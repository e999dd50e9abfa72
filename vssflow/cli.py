"""`vssflow`: verbs that are imported when they are called; exit codes are those of vsseval.

0 done, 2 usage, 4 environment, 130 interrupted. Data goes to standard output, everything else to standard error.
"""

from __future__ import annotations

import shlex
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from vsseval.errors import Unmeasurable, UsageError, VssevalError
from vsseval.text.saying import say, show_usage

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""


class Verbs(click.Group):
    """A group whose verbs are imported only when they are called; `--help` shows the summaries below."""

    summaries = {  # noqa: RUF012 - never changed
        "generate": "Give a video its sound and its speech.",
        "demo": "Open a page that does so in the browser.",
        "features": "Compute training features of registered benchmarks.",
        "train": "Train a model: the small configuration or the authors'.",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of use."""
        del ctx
        return [*self.summaries]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        del ctx
        if cmd_name not in self.summaries:
            return None
        command: click.Command = import_module(f"vssflow.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the summaries without importing the verbs."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([*self.summaries.items()])


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vsseval", message="%(prog)s %(version)s")
def verbs() -> None:
    """VSSFlow: sound and speech for silent video, by one flow-matching transformer."""


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: Sequence[str]) -> int:
    """Run the command line; whatever the user can mend becomes one message and an exit code."""
    try:
        code = verbs.main(args=[*arguments], prog_name="vssflow", standalone_mode=False)
    except click.ClickException as error:
        show_usage(error)
        return UsageError.exit_code
    except (click.Abort, KeyboardInterrupt):
        again = shlex.join(["vssflow", *arguments])
        say(f"\nStopped; what is done is kept. Go on with:\n  {again}", err=True)
        return INTERRUPTED
    except VssevalError as error:
        say(f"error: {error}", err=True)
        return error.exit_code
    except Unmeasurable as reason:
        say(f"error: {reason}", err=True)
        return UsageError.exit_code
    return code if isinstance(code, int) else 0
