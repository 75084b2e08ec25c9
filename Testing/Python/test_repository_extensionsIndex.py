"""The entry of the Slicer Extensions Index and CMakeLists.txt pass what the robot of the index checks.

The rules are those of scripts/check_description_files.py of the index (07f1d1b, August 2026), without what needs the
network: the clone, the topic of the repository, and that the addresses of the pictures answer.
"""

import ast
import json
import os
import re

import pytest
from repositoryTree import REPOSITORY, files, read, shippedPython, tree

ENTRY = "Resources/ExtensionsIndex/MRTDosimetry.json"
SCHEMA = "https://raw.githubusercontent.com/Slicer/Slicer/main/Schemas/slicer-extension-catalog-entry-schema-v1.0.2.json#"
# Properties of the schema 1.0.2, which allows no others, and their types.
PROPERTIES = {"$schema": str, "category": str, "scm_url": str, "scm_revision": str, "scm_type": str,
              "build_dependencies": list, "build_subdirectory": str, "dicom_support_rule": str, "enabled": bool,
              "tier": int}
REQUIRED = {"$schema", "category", "scm_url"}
# Those of the fixed list that an extension of this kind could belong to.
CATEGORIES = {"Nuclear Medicine", "Radiotherapy", "Wizards"}
PREFIXES = ("Slicer", "Slicer-", "Slicer_", "SlicerExtension-", "SlicerExtension_")
LICENSES = ("LICENSE", "License.txt", "license.txt", "LICENSE.txt", "COPYING", "COPYING.txt")
LARGEST_MB = 100
# Standard packages that open connections.
NETWORK = {"socket", "ssl", "http", "urllib", "ftplib", "smtplib", "xmlrpc", "requests", "httpx", "aiohttp"}


def faultsOf(name, text, cmake, rootFiles):
    """What the robot would say of an entry ``name``.json with the content ``text`` (bytes)."""
    if b"\r" in text:
        return ["line endings are not LF"]
    entry, faults = json.loads(text), []
    faults += [f"key {key} is missing" for key in REQUIRED - set(entry)]
    faults += [f"key {key} is not allowed" for key in set(entry) - set(PROPERTIES)]
    faults += [f"{key} is no {kind.__name__}" for key, kind in PROPERTIES.items()
               if key in entry and (not isinstance(entry[key], kind) or (kind is int and entry[key] is True))]
    if faults:
        return faults
    if not 1 <= entry.get("tier", 1) <= 5:
        faults.append("tier is not 1 to 5")
    if entry["$schema"] != SCHEMA:
        faults.append("another schema")
    if entry["category"] not in CATEGORIES:
        faults.append("category is unknown")
    if not entry["scm_url"].startswith(("https://", "git://")):
        faults.append("address of the repository")
    repository = os.path.splitext(entry["scm_url"].strip("/").split("/")[-1])[0]
    if not repository.startswith(PREFIXES) or not repository.endswith(name):
        faults.append("name of the repository")
    if name.lower().startswith("slicer"):
        faults.append("name of the extension")
    project = re.findall(r"project\s*\(\s*([^\s\)\n\r]+)", cmake, re.IGNORECASE)
    if project[:1] != [name]:
        faults.append("project of CMakeLists.txt")
    if not re.findall(r'set\s*\(EXTENSION_ICONURL\s*"([^"]+)"[ ]*\)', cmake, re.IGNORECASE):
        faults.append("EXTENSION_ICONURL")
    if not re.findall(r'set\s*\(EXTENSION_SCREENSHOTURLS\s*"([^"]+)"\)', cmake, re.IGNORECASE):
        faults.append("EXTENSION_SCREENSHOTURLS")
    if not set(LICENSES) & set(rootFiles):
        faults.append("license file")
    return faults


def written():
    with open(os.path.join(REPOSITORY, ENTRY), "rb") as file:
        return file.read()


def rootFiles():
    return [path for path in files() if "/" not in path]


def test_theRobotFindsNothing():
    assert faultsOf("MRTDosimetry", written(), read("CMakeLists.txt"), rootFiles()) == []


@pytest.mark.parametrize("change, fault", [
    (lambda entry: entry.update(homepage="x"), "key homepage is not allowed"),
    (lambda entry: entry.pop("category"), "key category is missing"),
    (lambda entry: entry.update(category="Nuclear medicine"), "category is unknown"),
    (lambda entry: entry.update(tier=True), "tier is no int"),
    (lambda entry: entry.update(tier=6), "tier is not 1 to 5"),
    (lambda entry: entry.update(scm_url="http://github.com/x/SlicerMRTDosimetry"), "address of the repository"),
    (lambda entry: entry.update(scm_url="https://github.com/x/MRTDosimetry.git"), "name of the repository")])
def test_theCheckSeesAFaultOfTheEntry(change, fault):
    entry = json.loads(written())
    change(entry)
    assert faultsOf("MRTDosimetry", json.dumps(entry).encode(), read("CMakeLists.txt"), rootFiles()) == [fault]


@pytest.mark.parametrize("old, new, fault", [
    ("project(MRTDosimetry)", "project(SlicerMRTDosimetry)", "project of CMakeLists.txt"),
    ("set(EXTENSION_ICONURL \"", "set(EXTENSION_ICONURL ", "EXTENSION_ICONURL"),
    ("report.png\")", "report.png\"\n)", "EXTENSION_SCREENSHOTURLS")])
def test_theCheckSeesAFaultOfCMake(old, new, fault):
    cmake = read("CMakeLists.txt")
    assert old in cmake
    assert faultsOf("MRTDosimetry", written(), cmake.replace(old, new), rootFiles()) == [fault]


def test_theCheckSeesOtherFaults():
    cmake = read("CMakeLists.txt")
    assert faultsOf("MRTDosimetry", written(), cmake, ["README.md"]) == ["license file"]
    windows = written().replace(b"\n", b"\r\n")
    assert faultsOf("MRTDosimetry", windows, cmake, rootFiles()) == ["line endings are not LF"]


def test_theEntryAgreesWithCMake():
    """Category, repository and dependencies are stated in both."""
    entry, cmake = json.loads(written()), read("CMakeLists.txt")
    assert f'set(EXTENSION_CATEGORY "{entry["category"]}")' in cmake
    assert f'set(EXTENSION_HOMEPAGE "{entry["scm_url"].removesuffix(".git")}")' in cmake
    assert 'set(EXTENSION_DEPENDS "NA")' in cmake and entry["build_dependencies"] == []


def test_theTreeIsSmallEnough():
    size = sum(os.path.getsize(os.path.join(REPOSITORY, path)) for path in files())
    assert 0 < size < LARGEST_MB * 1024 ** 2


def test_noConnectionIsOpened():
    found = []
    for path in shippedPython():
        for node in ast.walk(tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else \
                [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            found += [f"{path}:{node.lineno}: {name}" for name in names if name.split(".")[0] in NETWORK]
    assert not found, found


def test_everyLineOfTheChecklistIsAnswered():
    rows = [line for line in read("docs/extensionsIndex.md").splitlines()
            if line.startswith("|") and not line.startswith(("|---", "| check ", "| requirement "))]
    assert len(rows) > 30
    assert not [row for row in rows if not re.match(r"done|not done|cannot be shown here", row.split("|")[2].strip())]
