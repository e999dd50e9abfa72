"""Festival says the transcript with an HTS voice, at the pace that fills the speech window; a process a sentence."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from vsseval_worker import Refusal, in_window, serve, spoken

VOICE, SECONDS = "cmu_us_slt_arctic_hts", 60
"""Time for a sentence."""


def load(hello):
    program = shutil.which("festival")
    if program is None:
        raise OSError("the program festival is not on the path: apt-get install festival festvox-us-slt-hts")

    def say(text, stretch):
        with tempfile.TemporaryDirectory() as folder:
            heard = Path(folder, "heard.wav")
            # Scheme takes \ and " in a string as such only behind a \.
            told = text.encode("ascii", "ignore").decode().replace("\\", " ").replace('"', " ")
            orders = (
                f"(voice_{VOICE})"
                f"(Parameter.set 'Duration_Stretch {stretch:.4f})"
                f'(set! said (utt.synth (Utterance Text "{told}")))'
                f'(utt.save.wave said "{heard}" \'riff)'
            )
            command = [program, "--pipe"]
            done = subprocess.run(command, input=orders.encode(), capture_output=True, timeout=SECONDS, check=False)
            if done.returncode != 0 or not heard.is_file():
                raise Refusal(f"Festival fails: {done.stderr.decode(errors='replace')[-200:]}")
            return spoken(str(heard))

    return in_window(say)


serve(load)
