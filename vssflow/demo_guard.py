"""What may reach the demo page: requests of its own page, of a bounded size, that name no file but what was uploaded.

Gradio checks paths too where `launch()` started it, and not where it is mounted into another application.
"""

from __future__ import annotations

import ipaddress
import json
import os
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

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
        """Hand a request on, or answer it with 400, 403 or 413 and a sentence."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refused = _foreign(headers)
        if refused is None and scope["type"] == "http" and scope["method"] not in {"GET", "HEAD", "OPTIONS"}:
            if headers.get("content-type", "").startswith("multipart/form-data"):
                refused, receive = _counted(headers, receive, LARGEST_UPLOAD)
            else:
                refused, receive = await self._question(receive)
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await _answer(send, *refused)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _question(self, receive: Receive) -> tuple[tuple[int, str] | None, Receive]:
        """Read a request that is no upload, and look at the files that it names."""
        body = await _body(receive, LARGEST_QUESTION)
        if body is None:
            return (413, f"a request has {LARGEST_QUESTION:,} bytes at most"), receive
        try:
            named = [*_paths(json.loads(body))] if body.strip() else []
        except (ValueError, RecursionError):
            return (400, "the request is no JSON"), receive
        for path in named:
            if not self._known(path):
                return (403, f"{path!r:.200} was not uploaded: hand the file over with the request"), receive
        return None, _replay(body, receive)

    def _known(self, path: object) -> bool:
        if not isinstance(path, str) or "\0" in path:
            return False
        real = os.path.realpath(path)
        return real in self._shipped or real.startswith(os.path.realpath(self._uploads) + os.sep)


def _foreign(headers: dict[str, str]) -> tuple[int, str] | None:
    """Refuse a name that may point to any machine, and a page that is not ours."""
    host = headers.get("host", "")
    if not _ours(host):
        return 403, f"{host!r:.200} is not the address of this page: open it by its number, or as localhost"
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return 403, f"the request comes from {origin!r:.200}, which is another page"
    return None


def _ours(host: str) -> bool:
    """Tell whether a `Host` header is a number, localhost, or this machine's own name."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        if name in {"localhost", socket.gethostname().lower(), socket.getfqdn().lower()}:
            return True
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _paths(value: Any) -> Iterator[object]:
    """Yield what a request names as files: `path`, and the address that Gradio would fetch in its place."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "path" and inner is not None:
                yield inner
            yield from _paths(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner)


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
