"""Runs a command, and others on what it leaves of the processors: `python -m tools.beside mypy -- pytest -n 3`.

What the command behind `--` prints is seen at once; what each other one prints comes when it has ended, in one piece.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack


def run(main: Sequence[str], others: Sequence[str]) -> int:
    """Carry out all commands to their ends, whichever of them fails.

    Args:
        main: a command and its arguments; it has this process's output.
        others: commands, each as a shell's line.

    Returns:
        The exit code of the first that failed, `main` before the others; 0 where all succeeded.
    """
    with ExitStack() as stack:
        started = []
        for line in others:
            said = stack.enter_context(tempfile.TemporaryFile("w+"))
            process = subprocess.Popen(  # noqa: S603 - what the configuration of the tests names
                shlex.split(line), stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
            )
            stack.enter_context(process)
            stack.callback(process.kill)  # an interrupt leaves none behind; one that has ended is not touched
            started.append((line, process, said))
        codes = [subprocess.run(main, check=False).returncode]  # noqa: S603 - the same
        for line, process, said in started:
            codes.append(process.wait())
            said.seek(0)
            sys.stdout.write(f"{line}: exit {codes[-1]}\n{said.read()}")
    return next((code for code in codes if code), 0)


if __name__ == "__main__":
    middle = sys.argv.index("--")
    sys.exit(run(sys.argv[middle + 1 :], sys.argv[1:middle]))
