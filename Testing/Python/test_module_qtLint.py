"""Rules of PythonQt that can be checked without running anything, for the module file and the pages."""

import ast
import glob
import os

import pytest
from StandIns import api

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
FILES = [os.path.join(ROOT, "MRTDosimetry", "MRTDosimetry.py"),
         *sorted(glob.glob(os.path.join(ROOT, "MRTDosimetryLib", "steps", "*.py")))]


def parsed(path):
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read(), path)


def where(path, node, text):
    return f"{os.path.relpath(path, ROOT)}:{node.lineno}: {text}"


def dotted(node):
    """``a.b.c`` of an attribute chain of plain names, else an empty text."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def collect(check):
    return [fault for path in FILES for node in ast.walk(parsed(path)) for fault in check(path, node)]


def testThereIsSomethingToCheck():
    assert len(FILES) > 10


def testNoIsinstance():
    """isinstance of a widget is False for every base class in the application."""
    assert collect(lambda path, node: [where(path, node, "isinstance")] if isinstance(node, ast.Call)
                   and isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass") else []) == []


def testNamesOfQtAndCtkExist():
    def check(path, node):
        chain = dotted(node) if isinstance(node, ast.Attribute) else ""
        parts = chain.split(".")
        if parts[0] not in ("qt", "ctk") or len(parts) < 2:
            return []
        name = f"{parts[0]}.{parts[1]}"
        if name not in api.classNames():
            return [where(path, node, f"{name} is not known")]
        if len(parts) > 2 and parts[2] not in api.members(name):
            return [where(path, node, f"{chain} is not known")]
        return []

    assert collect(check) == []


def testWidgetsOfSlicerExist():
    def check(path, node):
        chain = dotted(node) if isinstance(node, ast.Attribute) else ""
        parts = chain.split(".")
        isWidget = len(parts) > 1 and parts[0] == "slicer" and parts[1].startswith(("qMRML", "qSlicer"))
        return [where(path, node, chain)] if isWidget and f"slicer.{parts[1]}" not in api.classNames() else []

    assert collect(check) == []


def testNoKeywordArgumentsToQt():
    def check(path, node):
        if not (isinstance(node, ast.Call) and node.keywords):
            return []
        chain = dotted(node.func)
        return [where(path, node, chain)] if chain.startswith(("qt.", "ctk.")) or ".ui." in f".{chain}" else []

    assert collect(check) == []


def testUtilitiesAreSpelledOut():
    """slicer-core offers slicer.loadVolume and the like; the application does not."""
    allowed = {"util", "app", "mrmlScene", "modules", "i18n", "packaging", "ScriptedLoadableModule"}

    def check(path, node):
        chain = dotted(node) if isinstance(node, ast.Attribute) else ""
        parts = chain.split(".")
        isWrong = len(parts) > 1 and parts[0] == "slicer" and parts[1] not in allowed
        return [where(path, node, chain)] if isWrong and not parts[1].startswith(("vtkMRML", "qMRML")) else []

    assert collect(check) == []


def testTranslatedTextsAreLiteral():
    def check(path, node):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
            isLiteral = len(node.args) == 1 and isinstance(node.args[0], ast.Constant)
            return [] if isLiteral and not node.keywords else [where(path, node, "not a literal text")]
        return []

    assert collect(check) == []


def testSignalsAreLiteralAndConnectedByText():
    def check(path, node):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "connect":
            isText = node.args and isinstance(node.args[0], ast.Constant)
            return [] if isText else [where(path, node, "connect by the signal's text")]
        return []

    assert collect(check) == []


def testPropertiesAreNotCalled():
    """On the widgets of a page (``ui.name``) the name of a property is never called."""
    properties = {member for name in api.classNames() if api.classInfo(name)["isQObject"]
                  for member, (kind, _detail) in api.members(name).items() if kind == "property"}
    alsoMethods = {member for name in api.classNames()
                   for member, (kind, _detail) in api.members(name).items() if kind in ("method", "signal")}

    def check(path, node):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ".ui." in f".{dotted(node.func)}":
            name = node.func.attr
            return [where(path, node, f"{name}()")] if name in properties - alsoMethods else []
        return []

    assert collect(check) == []


def testApplicationModulesAreImportedAtTheDoorOnly():
    """slicer.i18n, slicer.packaging and Qt do not exist outside the application."""
    others = [path for path in glob.glob(os.path.join(ROOT, "MRTDosimetryLib", "**", "*.py"), recursive=True)
              if os.sep + "steps" + os.sep not in path]
    faults = []
    for path in others:
        for node in ast.walk(parsed(path)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else (
                [alias.name for alias in node.names] if isinstance(node, ast.Import) else [])
            faults += [where(path, node, name) for name in names if name.split(".")[0] in ("qt", "ctk") or name in (
                "slicer.i18n", "slicer.packaging", "slicer.ScriptedLoadableModule", "slicer.parameterNodeWrapper")]
    assert faults == []


@pytest.mark.parametrize("path", FILES, ids=os.path.basename)
def testFilesStaySmall(path):
    limit = 300 if path.endswith("MRTDosimetry.py") else 410
    with open(path, encoding="utf-8") as file:
        assert sum(1 for _line in file) < limit


def testModuleFolderHoldsNoOtherPython():
    """Every .py directly in a module folder is taken for a module."""
    folder = os.path.join(ROOT, "MRTDosimetry")
    found = [name for name in os.listdir(folder) if name.endswith(".py")]
    assert "MRTDosimetry.py" in found
    assert "__init__.py" not in found
    for name in found:
        classes = [node.name for node in ast.walk(parsed(os.path.join(folder, name))) if isinstance(node, ast.ClassDef)]
        assert name[:-3] in classes, f"{name} lacks the class of its name"


def testModuleFileStartsLight():
    """Slicer loads every module at start-up: nothing of the library, numpy or Qt at file scope."""
    tree = parsed(FILES[0])
    imported = [alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names]
    imported += [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert all(name in ("os", "sys") or name.split(".")[0] == "slicer" for name in imported), imported
