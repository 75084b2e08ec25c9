"""Every protocol has its page, complete, and what it quotes of the protocol is what the protocol states."""

import importlib.util
import os
import re

import pytest
from repositoryTree import REPOSITORY, files, read

from MRTDosimetryLib.therapies import registry

HEADINGS = ["Equipment", "Staff", "What it takes", "Step by step", "The study file", "What the numbers mean",
            "Taken for granted", "Accuracy to expect", "What it leaves out", "When to refuse",
            "Before the first patient", "Further reading"]
FOLDER = "docs/strategies"


@pytest.fixture(scope="module")
def pages():
    path = os.path.join(REPOSITORY, "Utilities", "updateStrategyPages.py")
    spec = importlib.util.spec_from_file_location("updateStrategyPages", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_everyProtocolHasItsPageAndNoOtherIsThere():
    assert {path.rpartition("/")[2].removesuffix(".md") for path in files(FOLDER, ".md")} == {
        "README", *registry.protocolIds()}
    index = read(f"{FOLDER}/README.md")
    assert not [identifier for identifier in registry.protocolIds() if f"({identifier}.md)" not in index]


@pytest.mark.parametrize("identifier", registry.protocolIds())
def test_thePageIsComplete(identifier):
    text = read(f"{FOLDER}/{identifier}.md")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    for part in re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]:
        assert len(part.split()) > 8, part
    assert len(re.findall(r"^\d+\. ", text, re.MULTILINE)) >= 4 and "../../Resources/Protocols/examples/" in text
    assert set(re.findall(r"<!-- protocol: (\w+) -->", text)) == {"facts", "tasks", "assumptions", "leavesOut",
                                                                    "uncertaintyCost"}


@pytest.mark.parametrize("identifier", registry.protocolIds())
def test_thePageSaysWhatTheProtocolStates(identifier, pages):
    text, content = read(pages.pagePath(identifier)), registry.protocol(identifier)
    assert pages.updated(text, content) == text, "run: python3 Utilities/updateStrategyPages.py"
    for key in ("assumptions", "leavesOut", "uncertaintyCost"):
        assert all(f"- {pages.marked(line)}\n" in text for line in content[key])


def test_aChangedProtocolIsSeen(pages):
    identifier = "lutetiumDotatate.multiTimePoint"
    text, content = read(pages.pagePath(identifier)), registry.protocol(identifier)
    content["recommendedTimesHours"]["value"][0] += 1
    assert pages.updated(text, content) != text
    content = registry.protocol(identifier)
    content["leavesOut"].append("One more.")
    assert "- One more.\n" in pages.updated(text, content)


def test_whatIsNotVerifiedIsSaidToBeSo(pages):
    content = registry.protocol("lutetiumPsma.singleTimePoint")
    rows = "\n".join(pages.facts(content))
    assert "7400 MBq" in rows and "not checked against it" in rows
    record = {"value": 1, "source": "A paper", "verified": True}
    assert "not checked" not in pages.quoted(record, "1")
    assert "not checked" in pages.quoted(record | {"verified": False}, "1")


@pytest.mark.parametrize("text, shown", [
    ("177Lu and 99mTc-MAA", "<sup>177</sup>Lu and <sup>99m</sup>Tc-MAA"), ("90Y PET", "<sup>90</sup>Y PET"),
    ("2023;50:1861-1868", "2023;50:1861-1868"), ("30 Insertions", "30 Insertions")])
def test_massNumbersAreRaised(pages, text, shown):
    assert pages.marked(text) == shown
