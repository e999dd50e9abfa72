"""flite says the transcript, at the pace that fills the speech window; one process for each sentence."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from vsseval_worker import Refusal, in_window, serve, spoken

SECONDS = 60
"""Time for a sentence."""


def load(hello):
    program = shutil.which("flite")
    if program is None:
        raise OSError("the program flite is not on the path: apt-get install flite")
    voice = hello["variant"] or "slt"

    def say(text, stretch):
        with tempfile.TemporaryDirectory() as folder:
            said, heard = Path(folder, "said.txt"), Path(folder, "heard.wav")
            said.write_text(text, encoding="utf-8")
            command = [program, "-voice", voice, "--setf", f"duration_stretch={stretch:.4f}", "-f", said, "-o", heard]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
            if done.returncode != 0 or not heard.is_file():
                raise Refusal(f"flite fails: {done.stderr.decode(errors='replace')[-200:]}")
            return spoken(str(heard))

    return in_window(say)


serve(load)
