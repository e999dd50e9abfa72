"""A server of weights on this machine that can be told to break off, refuse, change its mind or hesitate."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """What lies under one path, and how it is given away."""

    content: bytes
    etag: str | None = '"1"'
    breaks: list[int] = field(default_factory=list)
    """Bytes after which the first answers break off, one for each."""
    states: list[int] = field(default_factory=list)
    """HTTP states of the first answers."""
    ranges: bool = True
    length: bool = True
    slow: float = 0.0
    """Seconds before anything is said."""
    asked: list[str] = field(default_factory=list)
    """The Range of every request, or an empty text."""
    login: str | None = None
    """What the header Authorization must be."""
    moved: str | None = None
    """Address that is answered with."""
    told: list[str | None] = field(default_factory=list)
    """The header Authorization of every request."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        served = self.server.files.get(self.path)
        if served is None:
            self.send_error(404)
            return
        wanted = self.headers.get("Range", "")
        served.asked.append(wanted)
        served.told.append(self.headers.get("Authorization"))
        time.sleep(served.slow)
        if served.login not in {None, self.headers.get("Authorization")}:
            self.send_error(401)
            return
        if served.moved:
            self.send_response(302)
            self.send_header("Location", served.moved)
            self.end_headers()
            return
        if served.states:
            self.send_error(served.states.pop(0))
            return
        start = self.start(served, wanted)
        if start > len(served.content):
            self.send_error(416)
            return
        self.answer(served, start)

    def start(self, served, wanted):
        current = self.headers.get("If-Range") in {None, served.etag}
        found = re.fullmatch(r"bytes=(\d+)-", wanted)
        return int(found[1]) if found and served.ranges and current else 0

    def answer(self, served, start):
        body = served.content[start:]
        self.send_response(206 if start else 200)
        if served.length:
            self.send_header("Content-Length", str(len(body)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(served.content) - 1}/{len(served.content)}")
        if served.etag:
            self.send_header("ETag", served.etag)
        self.end_headers()
        self.wfile.write(body[: served.breaks.pop(0)] if served.breaks else body)

    def log_message(self, *_arguments):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that has gone is what some tests are about."""


@contextmanager
def serving(files: dict[str, Served]):
    """Yield the address of a server of files, by path."""
    server = Server(("127.0.0.1", 0), Handler)
    server.files = files
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Told:
    """A watcher that remembers."""

    def __init__(self):
        self.begun, self.notes, self.advanced = [], [], 0

    def begin(self, label, total, done):
        self.begun.append((label, total, done))

    def advance(self, count):
        self.advanced += count

    def note(self, text):
        self.notes.append(text)
