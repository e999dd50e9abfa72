"""What worker processes are forked with. It is loaded by the process that they are forked from, and by no other.

Loading torch takes a process longer than all else before its first clip. Here one loads it for all. It has one thread
and never uses a GPU, so that it can be forked: `Local` sees to the former, and loading torch does not do the latter.
"""

import signal
from contextlib import suppress

# Ctrl-C goes to all processes of a terminal, and what Slurm announces to all of a task; they end with the parent.
for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
    signal.signal(number, signal.SIG_IGN)

# Whoever cannot load one of them does without it here; a unit that needs it says what is wrong.
with suppress(Exception):
    import scipy.signal  # noqa: F401
with suppress(Exception):
    import torch  # noqa: F401
