"""Drives headless Chromium over its debugging pipe: opens a page, asks it things, keeps what it logged and fetched."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
from contextlib import contextmanager

CHROMIUM = shutil.which("chromium")
REASON = "no browser here: apt-get install chromium"
SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
    "--autoplay-policy=no-user-gesture-required", "--mute-audio",
)  # fmt: skip


class Browser:
    """One tab of one browser."""

    def __init__(self, read, write):
        self._read, self._write = read, write
        self._numbers = itertools.count(1)
        self._left = b""
        self.logged, self.fetched, self._loaded = [], [], set()
        target = self.send("Target.createTarget", {"url": "about:blank"}, tab=False)["targetId"]
        self._session = self.send("Target.attachToTarget", {"targetId": target, "flatten": True}, tab=False)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send("Page.setLifecycleEventsEnabled", {"enabled": True})

    def send(self, method, params=None, *, tab=True):
        """Ask the browser for something, and return its answer; events that come before it are kept."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params or {}}
        if tab:
            message["sessionId"] = self._session
        self._write.write(json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != number:
            self._event(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _next(self):
        while b"\0" not in self._left:
            data = self._read.read(1 << 16)
            assert data, "the browser has gone"
            self._left += data
        text, _, self._left = self._left.partition(b"\0")
        return json.loads(text)

    def _event(self, event):
        method, params = event["method"], event["params"]
        if method == "Page.lifecycleEvent" and params["name"] == "load":
            self._loaded.add(params["loaderId"])
        if method == "Runtime.consoleAPICalled":
            self.logged.append(" ".join(str(a.get("value", a.get("description"))) for a in params["args"]))
        elif method == "Runtime.exceptionThrown":
            self.logged.append(params["exceptionDetails"].get("exception", {}).get("description", "exception"))
        elif method == "Log.entryAdded":
            self.logged.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.fetched.append(params["request"]["url"])

    def open(self, path, address="", *, width=1200, height=900, dark=False):
        """Show a file, and wait until it is loaded."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", {"features": [scheme]})
        self._go("about:blank")
        self.logged.clear()
        self.fetched.clear()
        url = path.as_uri() + address
        self._go(url)
        self.fetched = [one for one in self.fetched if not one.startswith("data:") and one != url.partition("#")[0]]

    def _go(self, url):
        """Go to an address, and wait until what is there is loaded."""
        loader = self.send("Page.navigate", {"url": url}).get("loaderId")
        while loader is not None and loader not in self._loaded:
            self._event(self._next())

    def ask(self, expression):
        """Return what an expression is in the page; a promise is waited for."""
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True, "userGesture": True}
        answer = self.send("Runtime.evaluate", asked)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key, **options):
        """Press a key where the focus is."""
        return self.ask(
            "(document.activeElement || document.body).dispatchEvent(new KeyboardEvent('keydown', "
            f"{json.dumps({'key': key, 'bubbles': True, 'cancelable': True, **options})}))"
        )

    def strike(self, key, code=None):
        """Press a key as a person does, so that the browser's own shortcuts see it too."""
        made = {"key": key, "code": code or key, **({"text": key} if len(key) == 1 else {})}
        made |= {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", {"type": kind, **made})

    def keep_downloads(self, folder):
        """Let what the page saves lie in a folder."""
        self.send("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)}, tab=False)

    def wait(self, milliseconds):
        """Let the page go on for a while."""
        self.ask(f"new Promise((done) => setTimeout(done, {milliseconds}))")

    def on_paper(self):
        """Lay the page out as it is printed on A4, and say how many tables there are and what would be cut off."""
        width = 1031  # CSS pixels of 297 mm less two margins of 12 mm
        size = {"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": False}
        self.ask("dispatchEvent(new Event('beforeprint'))")
        self.send("Emulation.setDeviceMetricsOverride", size)
        self.send("Emulation.setEmulatedMedia", {"media": "print"})
        found = self.ask(
            "(() => { const shown = [...document.querySelectorAll('table')].filter((t) => t.offsetParent); "
            "const cells = shown.flatMap((t) => [...t.querySelectorAll('th, td')]); "
            f"const beyond = cells.filter((c) => c.getBoundingClientRect().right > {width} + 1); "
            "return { tables: shown.length, beyond: beyond.map((c) => c.textContent) }; })()"
        )
        self.send("Emulation.setEmulatedMedia", {"media": ""})
        self.ask("dispatchEvent(new Event('afterprint'))")
        return found

    def pdf(self):
        """Return the page as it would be printed, by its own page size."""
        return base64.b64decode(
            self.send("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})["data"]
        )


@contextmanager
def browser(folder):
    """Start a browser whose profile lies in a folder, and end it."""
    commands, answers = os.pipe(), os.pipe()
    script = f'exec {CHROMIUM} "$@" 3<&{commands[0]} 4>&{answers[1]}'
    switches = [*SWITCHES, f"--user-data-dir={folder / 'profile'}"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        ["bash", "-c", script, "bash", *switches], pass_fds=(commands[0], answers[1]), stdout=quiet, stderr=quiet
    ) as process:
        os.close(commands[0])
        os.close(answers[1])
        try:
            with os.fdopen(answers[0], "rb", 0) as read, os.fdopen(commands[1], "wb", 0) as write:
                yield Browser(read, write)
        finally:
            process.terminate()
