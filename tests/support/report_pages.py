"""Reads the pages of reports: whether their tags are closed, what they would fetch, and the data in them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser


class Strict(HTMLParser):
    """Checks that tags are closed in order, and collects what the page would fetch."""

    VOID = frozenset({"meta", "link", "img", "br", "path", "use"})

    def __init__(self):
        super().__init__()
        self.open, self.fetched, self.counts = [], [], {}

    def handle_starttag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.fetched += [v for k, v in attrs if k in {"src", "href"} and v and not v.startswith(("data:", "#"))]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def parse(text):
    """Return a page as `Strict` saw it; every tag has to be closed."""
    page = Strict()
    page.feed(text)
    assert page.open == []
    return page


def section_data(text, key):
    """Return what the explorer of a page knows of one benchmark."""
    found = re.search(
        rf'<script type="application/json" id="data:{re.escape(key)}"[^>]*>(.*?)</script>', text, re.DOTALL
    )
    return json.loads(found[1])


def media_of(text, key, place):
    """Return the embedded media of one clip."""
    found = re.search(rf'id="media:{re.escape(key)}/{place}">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1])
