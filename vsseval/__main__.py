"""`python -m vsseval` is the command `vsseval`."""

from vsseval.cli import main

if __name__ == "__main__":
    main()
