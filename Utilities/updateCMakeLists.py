"""Write the lists of shipped files that CMake and the Python package need, from the tree.

    python3 Utilities/updateCMakeLists.py            rewrite the lists
    python3 Utilities/updateCMakeLists.py --check    only say which are out of date (exit status 1)

Rewritten are the two lists of MRTDosimetry/CMakeLists.txt and MRTDosimetryLib/CMakeLists.txt, the folders of
Resources/CMakeLists.txt and the packages of pyproject.toml. Everything around the lists stays as it is.
"""

import os
import re
import sys

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NOT_SHIPPED_FOLDERS = {"__pycache__", "ExtensionsIndex", "Screenshots"}


def shippedFiles(folder):
    """Paths below ``folder``, relative to it, with forward slashes and in order."""
    top = os.path.join(REPOSITORY, folder)
    found = []
    for path, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if name not in NOT_SHIPPED_FOLDERS and not name.startswith("."))
        below = os.path.relpath(path, top).replace(os.sep, "/")
        prefix = "" if below == "." else f"{below}/"
        found += [f"{prefix}{name}" for name in names if isShipped(name)]
    return sorted(found)


def isShipped(name):
    return not (name.startswith(".") or name.endswith((".pyc", "~")) or name == "CMakeLists.txt")


def resourceFolders():
    """Top-level folders of Resources that are read at run time."""
    return sorted({path.split("/")[0] for path in shippedFiles("Resources") if "/" in path})


def packages():
    """Names of the packages of the library, and of the resource folders that a wheel carries inside it."""
    names = {os.path.dirname(f"MRTDosimetryLib/{path}").replace("/", ".")
             for path in shippedFiles("MRTDosimetryLib") if path.endswith(".py")}
    return sorted(names) + [f"MRTDosimetryLib.Resources.{name}" for name in resourceFolders()]


def withCMakeList(text, name, items):
    """``text`` with the content of ``set(name ...)`` replaced by ``items``."""
    lines = "".join(f"  {item}\n" for item in items)
    text, count = re.subn(rf"set\({name}\n(?:  [^\s)]\S*\n)*  \)", lambda _: f"set({name}\n{lines}  )", text)
    if count != 1:
        raise SystemExit(f"set({name} ...) is not there once in the form that is rewritten")
    return text


def withTOMLTable(text, header, lines):
    """``text`` with the table or list that opens by the line ``header`` replaced, up to its closing line."""
    start, end = text.find(f"\n{header}\n"), -1
    if start >= 0:
        start += len(header) + 2
        end = text.find("]\n", start) if header.endswith("[") else text.find("\n[", start) + 1
    if start < 0 or end <= 0:
        raise SystemExit(f"pyproject.toml has no part that opens with: {header}")
    closing = "" if header.endswith("[") else "\n"
    return text[:start] + "".join(f"{line}\n" for line in lines) + closing + text[end:]


def updated(path, text):
    """What the file at ``path`` should hold, given what it holds now."""
    if path == "pyproject.toml":
        text = withTOMLTable(text, "packages = [", [f'    "{name}",' for name in packages()])
        return withTOMLTable(text, "[tool.setuptools.package-dir]", [
            f'"MRTDosimetryLib.Resources.{name}" = "Resources/{name}"' for name in resourceFolders()])
    if path == "Resources/CMakeLists.txt":
        return withCMakeList(text, "RESOURCE_FOLDERS", resourceFolders())
    files = shippedFiles(os.path.dirname(path))
    text = withCMakeList(text, "MODULE_PYTHON_SCRIPTS", [name for name in files if name.endswith(".py")])
    return withCMakeList(text, "MODULE_PYTHON_RESOURCES", [name for name in files if not name.endswith(".py")])


def main(arguments):
    if arguments not in ([], ["--check"]):
        raise SystemExit(__doc__)
    stale = []
    for path in ("MRTDosimetry/CMakeLists.txt", "MRTDosimetryLib/CMakeLists.txt", "Resources/CMakeLists.txt",
                 "pyproject.toml"):
        absolute = os.path.join(REPOSITORY, path)
        with open(absolute, encoding="utf-8", newline="") as file:
            old = file.read()
        new = updated(path, old)
        if new != old:
            stale.append(path)
            if not arguments:
                with open(absolute, "w", encoding="utf-8", newline="") as file:
                    file.write(new)
    for path in stale:
        print(f"{path}: {'out of date' if arguments else 'rewritten'}")
    return 1 if stale and arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
