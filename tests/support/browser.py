"""A headless Chromium, driven over a pipe by its own protocol: nothing but the browser is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from itertools import count

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


class Page:
    """One page; `said` is what it wrote to its console, `asked` every address that it asked for."""

    def __init__(self, read, write):
        self._read, self._write, self._ids, self._session = read, write, count(1), None
        self._rest, self._loaded = b"", set()
        self.said, self.asked = [], []

    def call(self, method, **params):
        number = next(self._ids)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def open(self, url, width, height):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{part}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.goto(url)

    def goto(self, url):
        """Open an address in this page, anew where it is the one that is open."""
        loader = self.call("Page.navigate", url=url)["loaderId"]
        while loader not in self._loaded:
            self._note(self._next())

    def run(self, script):
        """Evaluate a script; a promise is waited for."""
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True,
                          userGesture=True)  # fmt: skip
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key, code=None, text=None):
        """Press a key, as a person does."""
        made = {"key": key, "code": code or key, **({"text": text or key} if len(key) == 1 else {})}
        if key == "Enter":
            made["text"] = "\r"
        self.call("Input.dispatchKeyEvent", type="keyDown", **made)
        self.call("Input.dispatchKeyEvent", type="keyUp", **made)

    def _next(self):
        while b"\0" not in self._rest:
            data = os.read(self._read, 1 << 20)
            assert data, "the browser is gone"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)

    def _note(self, event):
        params = event.get("params", {})
        if event.get("method") == "Runtime.consoleAPICalled":
            self.said.append(str(params["args"]))
        elif event.get("method") in {"Runtime.exceptionThrown", "Log.entryAdded"}:
            self.said.append(str(params))
        elif event.get("method") == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])
        elif event.get("method") == "Page.lifecycleEvent" and params["name"] == "load":
            self._loaded.add(params["loaderId"])


@contextmanager
def opened(url, profile, downloads, width=1000, height=900):
    """Yield a page of a browser of its own; what it downloads lies in `downloads`."""
    to_browser, mine = os.pipe()
    theirs, from_browser = os.pipe()

    # The browser reads from 3 and writes to 4; shells know such numbers of one digit only.
    pipes = (
        f"import os, sys; os.dup2({to_browser}, 103); os.dup2({from_browser}, 104); os.dup2(103, 3); os.dup2(104, 4); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [
        sys.executable, "-c", pipes, BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu",
        "--remote-debugging-pipe", "--autoplay-policy=no-user-gesture-required",
        f"--user-data-dir={profile}", "about:blank",
    ]  # fmt: skip
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, pass_fds=(to_browser, from_browser), stdout=quiet, stderr=quiet)
    os.close(to_browser)
    os.close(from_browser)
    try:
        page = Page(theirs, mine)
        page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        page.open(url, width, height)
        yield page
    finally:
        process.kill()
        process.wait()
        os.close(mine)
        os.close(theirs)
