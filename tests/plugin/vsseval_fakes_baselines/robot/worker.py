"""Beeps once for each word; the word "unsayable" ends the process."""

import math
import os

from vsseval_worker import serve


def load(hello):
    print("robot on", hello["device"], hello["name"])

    def generate(request):
        words = request["transcript"].split()
        if "unsayable" in words:
            os._exit(7)
        count = round(request["duration"] * 8000)
        return [0.1 * math.sin(0.1 * len(words) * index) for index in range(count)], 8000

    return generate


serve(load)
