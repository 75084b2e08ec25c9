"""Every link of the README and of the documentation to a file or a heading of the repository leads somewhere."""

import os
import re

import pytest
from repositoryTree import REPOSITORY, files, read

PAGES = ["README.md", *files("docs", ".md"), *files("Resources/Protocols/examples", ".md")]
_FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")


def headings(text):
    """Anchors of all headings by the rules of GitHub: lower case, hyphens for spaces, no signs, doubles with -1."""
    found = {}
    for title in re.findall(r"^#{1,6}\s+(.*?)\s*#*\s*$", _FENCE.sub("", text), re.MULTILINE):
        title = re.sub(r"<[^>]*>", "", title)
        title = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title)
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        count = found[anchor] = found.get(anchor, -1) + 1
        if count:
            found[f"{anchor}-{count}"] = 0
    return set(found) | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))


def faultsOf(page, text, pathExists, textOf):
    """Links of a page that lead nowhere."""
    found = []
    plain = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))
    for target in _LINK.findall(plain):
        if re.match(r"[a-z]+:", target):
            continue
        path, _sign, anchor = target.partition("#")
        place = os.path.normpath(os.path.join(os.path.dirname(page), path)).replace(os.sep, "/") if path else page
        if place != page and (place.startswith("..") or not pathExists(place)):
            found.append(f"{page}: {target}: no such file")
        elif anchor and anchor not in headings(text if place == page else textOf(place)):
            found.append(f"{page}: {target}: no such heading")
    return found


def pathExists(path):
    return os.path.exists(os.path.join(REPOSITORY, path))


@pytest.mark.parametrize("page", PAGES)
def test_linksLeadSomewhere(page):
    assert faultsOf(page, read(page), pathExists, read) == []


@pytest.mark.parametrize("text, faults", [
    ("[a](#two-words)\n# Two words", 0), ("[a](#two-words)", 1), ("[a](other.md)", 1), ("[a](page.md)", 0),
    ("[a](page.md#the-top)", 0), ("[a](page.md#the-bottom)", 1), ("`[a](other.md)`", 0), ("[a](https://x.y/z)", 0),
    ("```\n# Two words\n```\n[a](#two-words)", 1), ("# A\n# A\n[a](#a-1)", 0), ("# A\n[a](#a-1)", 1),
    ("# <sup>177</sup>Lu, (one) scan\n[a](#177lu-one-scan)", 0), ("[a](../../x.md)", 1), ("![p](picture.png)", 1),
    ("# `code` and 5.2\n[a](#code-and-52)", 0)])
def test_theCheckOfLinksSeesAFault(text, faults):
    found = faultsOf("docs/start.md", text, {"docs/page.md"}.__contains__, {"docs/page.md": "# The top"}.get)
    assert len(found) == faults


def test_everyPageIsInTheIndex():
    """Pages in folders have an index of their own, or stand in the top one."""
    text = "".join(read(page) for page in PAGES)
    linked = {target.partition("#")[0].rpartition("/")[2] for target in _LINK.findall(text)}
    assert not [page for page in files("docs", ".md") if page.rpartition("/")[2] not in linked | {"README.md"}]
