"""What the tests of the repository itself share: its files, and what they import."""

import ast
import os

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOT_OURS = {"__pycache__", "build", "demo-output"}
TEXT_ENDINGS = (".py", ".ui", ".md", ".txt", ".toml", ".json", ".html", ".css", ".svg", ".yml", ".cmake", ".csv", "run")


def files(folder="", ending=""):
    """Paths of the project's files below ``folder``, relative to the repository, with forward slashes."""
    found = []
    for path, folders, names in os.walk(os.path.join(REPOSITORY, folder)):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS and not name.endswith(".egg-info")
                            and (not name.startswith(".") or name == ".ci")
                            and not os.path.exists(os.path.join(path, name, "pyvenv.cfg")))
        below = os.path.relpath(path, REPOSITORY).replace(os.sep, "/")
        prefix = "" if below == "." else f"{below}/"
        found += [prefix + name for name in sorted(names)
                  if name.endswith(ending or "") and not name.startswith(".") and not name.endswith(".pyc")]
    return found


def textFiles():
    return [path for path in files() if path.endswith(TEXT_ENDINGS)]


def read(path):
    with open(os.path.join(REPOSITORY, path), encoding="utf-8") as file:
        return file.read()


def tree(path):
    return ast.parse(read(path), filename=path)


def shippedPython():
    return files("MRTDosimetry", ".py") + files("MRTDosimetryLib", ".py")


def imports(path):
    """Yield ``(absolute dotted name, line, is at file scope)`` for everything a file imports.

    Relative imports are made absolute; ``from .a import b`` yields ``<package>.a.b``, so that importing a module
    from its package is seen. ``importlib.import_module("literal")`` counts as an import.
    """
    package = path[:-len(".py")].split("/")[:-1]

    def visit(node, isFileScope):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((alias.name, child.lineno, isFileScope) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = package[:len(package) - child.level + 1] if child.level else []
                base = base + (child.module.split(".") if child.module else [])
                yield from ((".".join(base + [alias.name]), child.lineno, isFileScope) for alias in child.names)
            elif isinstance(child, ast.Call) and _isImportCall(child):
                yield child.args[0].value, child.lineno, isFileScope
                continue
            isFunction = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from visit(child, isFileScope and not isFunction)

    yield from visit(tree(path), True)


def _isImportCall(call):
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return (name in ("import_module", "__import__") and bool(call.args)
            and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str))
