"""Turns the words by which a source is cited into its address on the web, where they hold one."""

from __future__ import annotations

import re
from urllib.parse import quote

_REPOSITORY = re.compile(r"^([A-Za-z0-9][\w.-]*/[\w.-]+)(?:@([0-9a-f]{7,40}))?(?:\s+([\w./-]+\.\w+))?")
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")


def source_link(source: str) -> str:
    """Return the address of a source: a file of a GitHub repository, or a paper on arXiv; "" where none is known.

    Args:
        source: "owner/name@commit path, what in it", or a text with "arXiv:2509.24773".
    """
    paper = _ARXIV.search(source)
    if paper:
        return f"https://arxiv.org/abs/{paper[1]}"
    found = _REPOSITORY.match(source)
    if found is None:
        return ""
    name, commit, path = found.groups()
    if path is None:
        return f"https://github.com/{name}" + (f"/tree/{commit}" if commit else "")
    return f"https://github.com/{name}/blob/{commit or 'HEAD'}/{quote(path)}"
