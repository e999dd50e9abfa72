"""What may reach the demo page: requests of its own page, of a bounded size, that name no file but what was uploaded.

Gradio checks paths too where `launch()` started it, and not where it is mounted into another application. It serves
much that the page never asks for, too: recordings of screens that ffmpeg cuts without a limit, pages of others, deep
links, descriptions of itself. All that is shut.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from vsseval.text.readers import Unreadable, json_value

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, MutableMapping
    from pathlib import Path

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

__all__ = ["LARGEST_UPLOAD", "Guard"]

LARGEST_UPLOAD = 512 << 20
"""Bytes of one upload: ten minutes of video in high quality."""
LARGEST_QUESTION = 1 << 20
"""Bytes of any other request: words and names of files."""
DEEPEST = 32
"""Lists and tables inside each other in a request; those of the page have five."""
UPLOAD = "/gradio_api/upload"
FILE = "/gradio_api/file="
READ = re.compile(
    r"/|/config/?|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json|/(assets|static|svelte)/.+"
    r"|/gradio_api/(info/?|app_id/?|startup-events|theme\.css|user/?|login_check/?|token/?|upload_progress"
    r"|heartbeat/[\w-]+|queue/(data|status)|call/\w+/\w+|file=.+)",
    re.ASCII | re.DOTALL,
)
"""Addresses that the page and the clients of Gradio read from."""
WRITTEN = re.compile(r"/gradio_api/(upload|queue/join|(call|run|api)/\w+/?|cancel|reset/?)", re.ASCII)
"""Addresses that they send to."""
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/?#@,\[\]]+)(:\d{1,5})?", re.IGNORECASE)
_ONCE = ("host", "origin", "content-type", "content-length", "sec-fetch-site")
"""Headers that say who asks, and for what: of two, this file and Gradio could each believe another one."""


class Guard:
    """An ASGI application in front of another one.

    Args:
        app: what is guarded.
        uploads: folder of the files that a request may name, besides `shipped`.
        shipped: files that a request may name too.
    """

    def __init__(self, app: App, uploads: Path, shipped: list[Path]) -> None:
        self._app = app
        self._uploads = uploads
        self._shipped = {os.path.realpath(path) for path in shipped}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or answer it with 400, 403, 404, 405 or 413 and a sentence."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        named = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        headers = dict(named)
        refused = _twice([name for name, _ in named]) or _foreign(headers, scope) or self._closed(scope)
        if refused is None and scope["type"] == "http" and scope["method"] == "POST":
            if scope["path"] == UPLOAD:
                refused, receive = _counted(headers, receive, LARGEST_UPLOAD)
            else:
                refused, receive = await self._question(receive)
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await _answer(send, *refused)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _closed(self, scope: Scope) -> tuple[int, str] | None:
        """Refuse what the page does not ask for."""
        if scope["type"] == "websocket":
            return 404, "the page opens no socket"
        method, path = scope["method"], scope["path"]
        if method not in {"GET", "HEAD", "POST"}:
            return 405, f"{method!r:.40} is not answered here"
        if not (WRITTEN if method == "POST" else READ).fullmatch(path):
            return 404, f"there is nothing for {method} at {path!r:.200}"
        if path.startswith(FILE) and not self._known(path.removeprefix(FILE)):
            return 403, f"{path.removeprefix(FILE)!r:.200} is no file of this page"
        return None

    async def _question(self, receive: Receive) -> tuple[tuple[int, str] | None, Receive]:
        """Read a request that is no upload, and look at the files that it names.

        What is handed on is written anew from what was looked at: no two readers can differ about it.
        """
        body = await _body(receive, LARGEST_QUESTION)
        if body is None:
            return (413, f"a request has {LARGEST_QUESTION:,} bytes at most"), receive
        if not body.strip():
            return None, _replay(b"", receive)
        try:
            value = json_value(body)
            named = [*_paths(value)]
        except Unreadable as error:
            return (400, f"the request is no JSON that is taken here: {error}"), receive
        for path in named:
            if not self._known(path):
                return (403, f"{path!r:.200} was not uploaded: hand the file over with the request"), receive
        return None, _replay(msgspec.json.encode(value), receive)

    def _known(self, path: object) -> bool:
        if not isinstance(path, str) or "\0" in path:
            return False
        real = os.path.realpath(path)
        return real in self._shipped or real.startswith(os.path.realpath(self._uploads) + os.sep)


def _twice(names: list[str]) -> tuple[int, str] | None:
    """Refuse a request that says twice who asks, or what it holds."""
    name = next((name for name in _ONCE if names.count(name) > 1), None)
    return None if name is None else (400, f"the request has more than one {name}")


def _foreign(headers: dict[str, str], scope: Scope) -> tuple[int, str] | None:
    """Refuse a name that may point to any machine, and a page that is not ours."""
    host = headers.get("host", "")
    if not _ours(host):
        return 403, f"{host!r:.200} is not the address of this page: open it by its number, or as localhost"
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return 403, f"the request comes from {origin!r:.200}, which is another page"
    # pictures and forms of other pages say no origin; a link to this page may stand anywhere
    link = scope.get("path") == "/" and headers.get("sec-fetch-dest") == "document"
    if headers.get("sec-fetch-site", "none") not in {"same-origin", "none"} and not link:
        return 403, "the request comes from another page"
    return None


def _ours(host: str) -> bool:
    """Tell whether a `Host` header is a number, localhost, or this machine's own name."""
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found[1].strip("[]").lower().rstrip(".")
    if name in {"localhost", socket.gethostname().lower(), socket.getfqdn().lower()}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _paths(value: Any, depth: int = 0) -> Iterator[object]:
    """Yield what a request names as files: `path`, and the address that Gradio would fetch in its place.

    Raises:
        Unreadable: more than `DEEPEST` lists and tables are inside each other.
    """
    if depth > DEEPEST:
        raise Unreadable("it is nested too deeply")
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "path" and inner is not None:
                yield inner
            yield from _paths(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, depth + 1)


async def _body(receive: Receive, largest: int) -> bytes | None:
    """Return the body of a request; None if it is larger."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > largest:
            return None
        more = bool(message.get("more_body", False))
    return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read already, then what comes after it."""
    given = False

    async def again() -> MutableMapping[str, Any]:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _counted(headers: dict[str, str], receive: Receive, largest: int) -> tuple[tuple[int, str] | None, Receive]:
    """Refuse an upload whose length is too large; one that says none, or lies, is cut off where it is."""
    try:
        if int(headers.get("content-length", "0")) > largest:
            return (413, f"an upload has {largest >> 20} MB at most"), receive
    except ValueError:
        return (400, "the length of the upload is no number"), receive
    size = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        return {"type": "http.disconnect"} if size > largest else message

    return None, counted


async def _answer(send: Send, status: int, said: str) -> None:
    text = (said + "\n").encode()
    head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": text})
