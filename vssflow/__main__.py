"""`python -m vssflow`, as `torchrun -m vssflow train ...` needs it."""

from vssflow.cli import main

main()
