"""What CMake and the Python package install equals the tree, and CMake accepts it.

Slicer is not needed: a package Slicer is made up on the spot, with macros that install what they are given.
"""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
from repositoryTree import REPOSITORY, files, read

HOME_PAGE = "https://github.com/MRTDosimetry/SlicerMRTDosimetry"
NOT_SHIPPED = {"ExtensionsIndex", "Screenshots"}
RAW_FILES = "https://raw.githubusercontent.com/MRTDosimetry/SlicerMRTDosimetry/main/"


def commands(path):
    """All commands of a CMake file: ``(name, [arguments])``, quotes removed."""
    text = re.sub(r"#[^\n]*", "", read(path))
    found = re.findall(r"(\w+)\s*\(((?:\"[^\"]*\"|[^()\"])*)\)", text)
    return [(name.lower(), [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', arguments)])
            for name, arguments in found]


def variable(path, name):
    values = [arguments[1:] for command, arguments in commands(path) if command == "set" and arguments[:1] == [name]]
    assert len(values) == 1, f"{path}: {name} is set {len(values)} times"
    return values[0]


def shipped(folder):
    return [path.removeprefix(f"{folder}/") for path in files(folder) if not path.endswith("CMakeLists.txt")]


def resourceFolders():
    return sorted({path.split("/")[0] for path in shipped("Resources") if "/" in path} - NOT_SHIPPED)


@pytest.mark.parametrize("folder", ["MRTDosimetry", "MRTDosimetryLib"])
def test_listsEqualTheTree(folder):
    listing, tree = f"{folder}/CMakeLists.txt", shipped(folder)
    scripts, resources = variable(listing, "MODULE_PYTHON_SCRIPTS"), variable(listing, "MODULE_PYTHON_RESOURCES")
    mend = "run: python3 Utilities/updateCMakeLists.py"
    assert sorted(scripts) == sorted(path for path in tree if path.endswith(".py")), mend
    assert sorted(resources) == sorted(path for path in tree if not path.endswith(".py")), mend


def test_resourceFoldersEqualTheTree():
    assert variable("Resources/CMakeLists.txt", "RESOURCE_FOLDERS") == resourceFolders()


def test_theModuleTakesItsInterfaceAlong():
    resources = variable("MRTDosimetry/CMakeLists.txt", "MODULE_PYTHON_RESOURCES")
    assert "Resources/Icons/MRTDosimetry.svg" in resources and "Resources/requirements.txt" in resources
    assert any(path.startswith("Resources/UI/") and path.endswith(".ui") for path in resources)


def test_everyFolderWithCMakeIsAdded():
    added = [arguments[0] for name, arguments in commands("CMakeLists.txt") if name == "add_subdirectory"]
    assert sorted(added) == sorted(path.rpartition("/")[0] for path in files(ending="CMakeLists.txt") if "/" in path)


def test_metadataAsTheExtensionsIndexReadsIt():
    top = read("CMakeLists.txt")
    values = {name: variable("CMakeLists.txt", f"EXTENSION_{name}") for name in (
        "HOMEPAGE", "CATEGORY", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS")}
    for name, value in values.items():
        assert len(value) == 1 and f'set(EXTENSION_{name} "{value[0]}")\n' in top, f"{name}: one quoted line"
    assert values["HOMEPAGE"] == [HOME_PAGE] and values["DEPENDS"] == ["NA"]
    assert re.search(r"^project\(MRTDosimetry\b", top, re.MULTILINE)
    assert top.index("find_package(Slicer") < top.index("${Slicer_USE_FILE}") < top.index("add_subdirectory(")
    assert top.index("${Slicer_EXTENSION_GENERATE_CONFIG}") < top.index("${Slicer_EXTENSION_CPACK}")
    pictures = values["ICONURL"] + values["SCREENSHOTURLS"][0].split()
    assert len(pictures) > 1 and not [url for url in pictures if not url.startswith(RAW_FILES)]
    missing = [url for url in pictures if url.removeprefix(RAW_FILES) not in files("Resources", ".png")]
    assert not missing, f"pictures that the tree lacks: {missing}"


def test_pythonPackageEqualsTheTree():
    settings = tomllib.loads(read("pyproject.toml"))["tool"]["setuptools"]
    folders = {path.rpartition("/")[0] for path in files("MRTDosimetryLib", ".py")}
    mapped = {f"MRTDosimetryLib.Resources.{name}": f"Resources/{name}" for name in resourceFolders()}
    assert set(settings["packages"]) == {folder.replace("/", ".") for folder in folders} | set(mapped)
    assert settings["package-dir"] == mapped
    patterns = [f"MRTDosimetryLib/{pattern.replace('**/', '')}"
                for pattern in settings["package-data"]["MRTDosimetryLib"]]
    data = [path for path in files("MRTDosimetryLib") if not path.endswith((".py", "CMakeLists.txt"))]
    assert not [path for path in data if not any(fnmatch.fnmatch(path, pattern) for pattern in patterns)]
    for package, folder in mapped.items():
        taken = settings["package-data"].get(package, [])
        left = [path for path in files(folder) if not any(
            fnmatch.fnmatch(path.removeprefix(f"{folder}/"), pattern) for pattern in taken)]
        assert not left, f"not in the package: {left}"


SLICER_CONFIG = """
set(Slicer_USE_FILE "${CMAKE_CURRENT_LIST_DIR}/UseSlicer.cmake")
set(Slicer_EXTENSION_GENERATE_CONFIG "${CMAKE_CURRENT_LIST_DIR}/Nothing.cmake")
set(Slicer_EXTENSION_CPACK "${CMAKE_CURRENT_LIST_DIR}/Nothing.cmake")
set(Slicer_QTSCRIPTEDMODULES_LIB_DIR "lib/Slicer/qt-scripted-modules")
set(Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR "lib/Slicer/qt-scripted-modules")
set(BUILD_TESTING ON)
"""

# As Slicer's macros do: scripts keep their folders below the module's own, or below its parent WITH_SUBDIR.
USE_SLICER = """
macro(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(MODULE "WITH_GENERIC_TESTS;WITH_SUBDIR;VERBOSE" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  if(MODULE_UNPARSED_ARGUMENTS OR NOT MODULE_NAME OR NOT MODULE_SCRIPTS)
    message(FATAL_ERROR "arguments: ${ARGN}")
  endif()
  set(below "")
  if(MODULE_WITH_SUBDIR)
    get_filename_component(below "${CMAKE_CURRENT_SOURCE_DIR}" NAME)
  endif()
  foreach(path IN LISTS MODULE_SCRIPTS MODULE_RESOURCES)
    get_filename_component(folder "${path}" DIRECTORY)
    install(FILES "${path}" DESTINATION "${Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR}/${below}/${folder}")
  endforeach()
endmacro()
macro(slicer_add_python_unittest)
  cmake_parse_arguments(TEST "" "TESTNAME_PREFIX;SCRIPT" "SLICER_ARGS" ${ARGN})
  if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${TEST_SCRIPT}")
    message(FATAL_ERROR "no script ${TEST_SCRIPT}")
  endif()
  message(STATUS "self test ${TEST_SCRIPT}")
endmacro()
"""

LOOK = """
import importlib, os, sys
sys.path.insert(0, sys.argv[1])
import MRTDosimetryLib
from MRTDosimetryLib.resources import dataPath, resourcePath
assert os.path.dirname(MRTDosimetryLib.__file__).startswith(sys.argv[1]), MRTDosimetryLib.__file__
for name in sys.argv[2].split():
    importlib.import_module(name)
for name in sys.argv[3].split():
    assert resourcePath(*name.split("/")).startswith(sys.argv[1]), name
for name in sys.argv[4].split():
    assert os.path.isfile(dataPath(*name.split("/"))), name
"""


@pytest.mark.skipif(not shutil.which("cmake"), reason="cmake is not installed")
@pytest.mark.skipif(not shutil.which("make") and not shutil.which("ninja"), reason="make or ninja is not installed")
@pytest.mark.skipif(not shutil.which("cc") or not shutil.which("c++"), reason="no C and C++ compiler for cmake")
def test_cmakeInstallsWhatImports(tmp_path):
    slicer = tmp_path / "slicer"
    slicer.mkdir()
    for name, text in (("SlicerConfig", SLICER_CONFIG), ("UseSlicer", USE_SLICER), ("Nothing", "")):
        (slicer / f"{name}.cmake").write_text(text, encoding="utf-8")
    generator = ["-G", "Ninja"] if shutil.which("ninja") else ["-G", "Unix Makefiles"]

    def cmake(*arguments):
        answer = subprocess.run(["cmake", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    said = cmake("-S", REPOSITORY, "-B", "build", f"-DSlicer_DIR={slicer}", *generator)
    assert "self test MRTDosimetry.py" in said
    cmake("--build", "build")
    cmake("--install", "build", "--prefix", "installed")

    modules = str(tmp_path / "installed" / "lib" / "Slicer" / "qt-scripted-modules")
    resources = [f"{folder}/{path}" for folder in resourceFolders()
                 for path in shipped(f"Resources/{folder}")]
    wanted = shipped("MRTDosimetry") + [f"MRTDosimetryLib/{path}" for path in shipped("MRTDosimetryLib")]
    wanted += [f"MRTDosimetryLib/Resources/{path}" for path in resources]
    found = {os.path.relpath(os.path.join(path, name), modules).replace(os.sep, "/")
             for path, _, names in os.walk(modules) for name in names}
    assert found == set(wanted)

    light = ("physics", "imaging", "dicom", "therapies")
    names = [path.removesuffix(".py").replace("/", ".") for path in files("MRTDosimetryLib", ".py")
             if path.split("/")[1] in light]
    data = [path.removeprefix("data/") for path in shipped("MRTDosimetryLib") if path.startswith("data/")
            and not path.endswith(".py")]
    look = subprocess.run([sys.executable, "-I", "-c", LOOK, modules, " ".join(names), " ".join(resources),
                           " ".join(data)], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert look.returncode == 0, look.stderr
