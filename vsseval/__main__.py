"""The command `vsseval`, and `python -m vsseval`; Ctrl-C is heeded from here on, while the rest is being loaded."""

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        from vsseval import cli
    except KeyboardInterrupt:
        from shlex import join

        sys.stderr.write(f"\nStopped; nothing was begun. Go on with:\n  {join(['vsseval', *sys.argv[1:]])}\n")
        sys.exit(130)
    cli.main()


if __name__ == "__main__":
    main()
