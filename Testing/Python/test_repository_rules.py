"""The rules of the project that a machine can check; each test names the file and the line."""

import ast
import json
import os
import re
import struct

import pytest
from repositoryTree import REPOSITORY, files, read, shippedPython, textFiles, tree

THIS = "Testing/Python/test_repository_rules.py"
LONG_FILES = {}  # path: why it may pass 400 lines although it has one subject
BROAD_EXCEPT = {"Testing/Python/StandIns/pythonQt.py": "as in PythonQt, no exception of a slot reaches the caller"}

# Keys of shipped tables whose numbers are no measured or chosen values.
COUNTS = {"schemaVersion", "year", "minimumTimePoints"}

# British spelling by its stem; the words that may follow a stem are left open. A quoted "tumour" is a name that
# others give a region.
BRITISH = (r"colour|grey(?!stone)|centre|metre(?!s? of)|litre|tumour(?!s?\")|behaviour|favour|neighbour|honour|"
           r"analyse(?!s\b)|normalis|visualis|initialis|optimis|organis(?!m)|minimis|maximis|summaris|recognis|generalis|"
           r"parametris|discretis|standardis|characteris(?!t)|synchronis|customis|categoris|label(?-i:l)|"
           r"model(?-i:l)|cancel(?-i:l)(?!ation)|artefact|catalogue|programme(?!d|r)|haem|oedema|oesophag|paediatric|sulph|judgement|"
           r"licence|defence|fibre")

# What may stand beside the word dose, or in its place, where a user reads it.
DOSE = re.compile(r"(?<!bsorbed[ \n-])(?<!equivalent )(?<!effective )(?<!equieffective )(?<!low-)"
                  r"(?<!RT )(?<!Radiation )\bdoses?\b(?!-volume| volume histogram| equivalent)", re.IGNORECASE)


def lines(paths, expression, flags=0):
    """``path:line: text`` of every line of the files in which the expression is found."""
    pattern = re.compile(expression, flags)
    return [f"{path}:{number}: {line.strip()[:120]}" for path in paths if path != THIS
            for number, line in enumerate(read(path).splitlines(), 1) if pattern.search(line)]


def calls(path):
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]


def test_noScriptInTheRoot():
    assert not [path for path in files(ending=".py") if "/" not in path]


def test_onlyDoorsInTheModuleFolder():
    scripts = files("MRTDosimetry", ".py")
    assert "MRTDosimetry/MRTDosimetry.py" in scripts
    for path in scripts:
        stem = path.removeprefix("MRTDosimetry/").removesuffix(".py")
        classes = [node.name for node in tree(path).body if isinstance(node, ast.ClassDef)]
        assert stem in classes, f"{path}: Slicer takes it for a module and looks for the class {stem}"


def test_theModuleIsFoundByDragAndDrop():
    module = next(node for node in tree("MRTDosimetry/MRTDosimetry.py").body
                  if isinstance(node, ast.ClassDef) and node.name == "MRTDosimetry")
    assert [getattr(base, "id", None) for base in module.bases] == ["ScriptedLoadableModule"]


def test_filesHaveOneSubject():
    long = [f"{path}: {read(path).count(chr(10))} lines" for path in shippedPython()
            if read(path).count("\n") > 400 and path not in LONG_FILES]
    assert not long, long


def test_noBroadExcept():
    found = []
    for path in files(ending=".py"):
        for node in ast.walk(tree(path)) if path not in BROAD_EXCEPT else ():
            if isinstance(node, ast.ExceptHandler):
                kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
                names = [getattr(kind, "id", None) for kind in kinds]
                if node.type is None or {"Exception", "BaseException"} & set(names):
                    found.append(f"{path}:{node.lineno}")
    assert not found, found


def isCommand(path):
    return path.startswith("MRTDosimetryLib/commandLine") or path.endswith("Commands.py")


def test_noPrintInTheLibrary():
    found = [f"{path}:{call.lineno}" for path in shippedPython() if not isCommand(path)
             for call in calls(path) if getattr(call.func, "id", None) == "print"]
    assert not found, found


def test_noTypeChecksOnWidgets():
    """PythonQt may hand out a base class, so isinstance on Qt classes lies (pass by objectName or className)."""
    found = []
    for path in shippedPython():
        for call in calls(path):
            if getattr(call.func, "id", None) == "isinstance":
                kinds = ast.unparse(call.args[1])
                if re.search(r"\b(qt|ctk)\.|slicer\.qMRML", kinds):
                    found.append(f"{path}:{call.lineno}: {kinds}")
    assert not found, found


def test_translatedTextsAreLiterals():
    """A translation is looked up by its text, so a value inside of it would never be found."""
    found = [f"{path}:{call.lineno}" for path in shippedPython() for call in calls(path)
             if getattr(call.func, "id", None) == "_" and call.args and not isinstance(call.args[0], ast.Constant)]
    assert not found, found


def test_namesAreInTheStyleOfSlicer():
    """camelCase functions, PascalCase classes, files in camelCase (modules of Slicer in PascalCase)."""
    found = []
    for path in shippedPython():
        stem = path.rpartition("/")[2].removesuffix(".py")
        if not re.fullmatch(r"__init__|[A-Za-z][A-Za-z0-9]*", stem) or stem[0].isupper() != path.startswith(
                "MRTDosimetry/") and stem != "__init__":
            found.append(path)
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                pattern = r"_?[A-Z][A-Za-z0-9]*" if isinstance(node, ast.ClassDef) else \
                    r"_?[a-z][A-Za-z0-9]*|__\w+__|_|D\d+Gy|test_\w+"
                if not re.fullmatch(pattern, node.name):
                    found.append(f"{path}:{node.lineno}: {node.name}")
    assert not found, found


def test_noMachinePathsAndNoRegistryHosts():
    found = lines(textFiles(), r"(?<![\w.*}])/(?:tmp|work|root|home|Users)/[A-Za-z]|[A-Z]:\\\\?Users")
    found += lines(textFiles(), r"(?:pypi|pythonhosted|npmjs|debian)\.(?:org|com)", re.IGNORECASE)
    assert not found, "\n".join(found)


def test_noWordsOfThePast():
    paths = [path for path in textFiles() if not path.startswith("Testing/")]
    found = lines(paths, r"residence\W{0,3}times?\b|\bS factors?\b", re.IGNORECASE)
    assert not found, "\n".join(found)


def test_americanSpelling():
    paths = [path for path in textFiles() if path != "LICENSE.txt" and not path.startswith("Testing/Data/")]
    found = lines(paths, rf"(?<![A-Za-z])(?:{BRITISH})|(?<=[a-z])(?:Colour|Centre|Tumour|Neighbour)", re.IGNORECASE)
    assert not found, "\n".join(found)


def userTexts(path):
    """``(line, text)`` of what a user reads of a file: text of a form or page, or sentences of a program."""
    if path.endswith(".py"):
        return [(node.lineno, node.value) for node in sentences(tree(path))]
    if path.endswith(".ui"):
        return [(number, text) for number, line in enumerate(read(path).splitlines(), 1)
                for text in re.findall(r"<string[^>]*>([^<]*)</string>", line)]
    text = re.sub(r"```.*?```|<(style|script).*?</\1>|\{[%#{].*?[%#}]\}|<[^>]*>|`[^`\n]*`|\]\([^)]*\)",
                  lambda match: "\n" * match.group().count("\n"), read(path), flags=re.DOTALL)
    return list(enumerate(text.splitlines(), 1))


def sentences(module):
    """String constants that hold several words and are no docstring."""
    docstrings = set()
    for node in ast.walk(module):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            docstrings.add(node.body[0].value)
    return [node for node in ast.walk(module) if isinstance(node, ast.Constant) and isinstance(node.value, str)
            and node not in docstrings and re.search(r"[A-Za-z]{2}[,.:]? [A-Za-z(]", node.value)]


def test_absorbedDoseIsCalledSo():
    paths = [path for path in shippedPython() if path.split("/")[1] in (
        "workflow", "report", "registry", "steps", "physics", "therapies", "MRTDosimetry.py") or isCommand(path)]
    paths += files("MRTDosimetry", ".ui") + files("MRTDosimetryLib", ".html") + ["README.md"] + files("docs", ".md")
    found = [f"{path}:{line}: {text.strip()[:120]}" for path in paths for line, text in userTexts(path)
             if DOSE.search(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("text, isFault", [
    ("Mean dose per region", True), ("absorbed dose map", False), ("Dose (Gy)", True), ("dose-volume histogram", False),
    ("biologically effective dose", False), ("Absorbed doses", False), ("Absorbed\ndose (Gy)", False),
    ("voxelDoseMap", False), ("RTDOSE", False), ("the RT Dose object", False),
    ("Radiopharmaceutical Radiation Dose report", False)])
def test_theCheckOfDoseSeesAFault(text, isFault):
    assert bool(DOSE.search(text)) == isFault


def numbersWithoutOrigin(value, place, known):
    """Places of the numbers of a JSON value for which no enclosing object states the keys ``source``, ``verified``."""
    if isinstance(value, dict):
        known = known | ({"source", "verified"} & set(value))
        return [fault for key, item in value.items() if key not in COUNTS
                for fault in numbersWithoutOrigin(item, f"{place}.{key}", known)]
    if isinstance(value, list):
        return [fault for index, item in enumerate(value)
                for fault in numbersWithoutOrigin(item, f"{place}[{index}]", known)]
    isNumber = isinstance(value, (int, float)) and not isinstance(value, bool)
    return [f"{place} = {value}: no {', no '.join(sorted({'source', 'verified'} - known))}"] \
        if isNumber and known != {"source", "verified"} else []


def test_everyShippedNumberHasItsOrigin():
    tables = files("MRTDosimetryLib/data", ".json") + files("Resources/Protocols", ".json")
    # A study file states its own measurements.
    tables = [path for path in tables if not path.startswith("Resources/Protocols/examples/")]
    assert len(tables) > 1
    found = [fault for path in tables for fault in numbersWithoutOrigin(json.loads(read(path)), path, set())]
    assert not found, "\n".join(found[:20])


def test_theCheckOfOriginsSeesAFault():
    assert numbersWithoutOrigin({"a": {"source": "x", "value": 1.5}}, "t", set()) == ["t.a.value = 1.5: no verified"]
    assert not numbersWithoutOrigin({"source": "x", "verified": False, "rows": [[1, 2], {"value": 3}]}, "t", set())


def test_license():
    text = read("LICENSE.txt")
    assert "Apache License" in text and "Version 2.0, January 2004" in text and "END OF TERMS AND CONDITIONS" in text
    assert "LICENSE.txt" in read("README.md")


def test_theTwoCommandsOfTheReadme():
    readme = read("README.md")
    commands = re.findall(r"^python3 Testing/run\.py .*$", readme, re.MULTILINE)
    assert {"python3 Testing/run.py demo", "python3 Testing/run.py tests"} <= set(commands)
    last = [line for line in read(".ci/run").splitlines() if line and not line.startswith("#")]
    assert last == ["set -eu", 'cd "$(dirname "$0")/.."', "python3 Testing/run.py tests"]
    assert os.access(os.path.join(REPOSITORY, ".ci", "run"), os.X_OK) or os.name == "nt"


def test_whatTheReadmePointsToIsThere():
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", read("README.md"))
    local = [target for target in targets if "://" not in target]
    assert local
    assert not [target for target in local if not os.path.exists(os.path.join(REPOSITORY, target))]


def test_readmeSaysWhatItIsNot():
    readme = re.sub(r"\s+", " ", read("README.md"))
    for words in ("Research use", "the treating physician decides", "not a medical device", "15HLT06"):
        assert words.lower() in readme.lower(), words


def test_iconIsAsTheCatalogWantsIt():
    with open(os.path.join(REPOSITORY, "Resources", "Icon.png"), "rb") as file:
        head = file.read(24)
    assert head[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", head[16:24]) == (128, 128)


def test_testsAreNamedByLayer():
    layers = "data|physics|imaging|therapies|registry|dicom|scene|report|workflow|commandLine|steps|module|repository"
    named = [path for path in files("Testing/Python", ".py") if path.rpartition("/")[2].startswith("test_")]
    assert not [path for path in named if not re.search(rf"/test_({layers})(_\w+)?\.py$", path)]


def test_testsCanFail():
    """No expected failures, no mocks that answer everything, no swallowed errors."""
    found = lines(files("Testing", ".py"), r"\bxfail\b|MagicMock|assert True\b|assertTrue\(True\)|contextlib\.suppress")
    assert not found, "\n".join(found)
