"""The template of the report: the one that ships with the program, or a center's own with its name and logo.

A center's folder holds any of the shipped template's files (the others are the shipped ones) and ``center.json``. What
it makes is checked: nothing may be left out that has to be read, and nothing fetched from elsewhere.
"""

import base64
import functools
import hashlib
import json
import os
import re
from dataclasses import dataclass

from ..errors import Faults, InputError, missingPackage

FILES = ("report.html", "summary.html", "therapy.html", "macros.html", "report.css")
# Those that are filled with the report's own names; macros have names of their own.
_PAGES = FILES[:3]
CENTER_FILE = "center.json"
CENTER_KEYS = ("name", "address", "logo", "paper")
STATEMENT = "Research use; the treating physician decides."
_SHIPPED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
_LOGOS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg"}
_LARGEST_LOGO = 2_000_000
PAPERS = ("A4", "Letter")
# What a page could fetch from, or send to, somewhere else.
_OUTSIDE = re.compile(r"""\b(?:src|href|action|data|poster|srcset)\s*=\s*["']?\s*(?!data:image/|\#|["'{])[^\s"'>]
                          |url\(\s*["']?\s*(?!data:|\#)[^)\s]|@import|<\s*(?:script|link|iframe|object|embed|form|base)\b
                          |\bon[a-z]+\s*=\s*["']|javascript:""", re.IGNORECASE | re.VERBOSE)
_FORBIDDEN = {"script", "link", "iframe", "object", "embed", "form", "base"}
_ADDRESSES = {"src", "href", "action", "data", "poster", "srcset"}
_UNESCAPED = {"safe", "forceescape", "xmlattr"}


@dataclass(frozen=True)
class Template:
    """A template that can be rendered.

    Attributes
    ----------
    environment : jinja2.Environment
    isShipped : bool
    digest : str
        SHA-256 of all its files, for the record.
    center : dict or None
        ``name``, ``address`` (list of lines), ``logo`` (data address of an image or empty).
    paper : str
        Of :data:`PAPERS`, for the PDF.
    """

    environment: object
    isShipped: bool
    digest: str
    center: dict | None
    paper: str

    def render(self, variables):
        """The report as HTML.

        Raises
        ------
        InputError
            The template does not fit the report: a name that is not known, text that is left out ...
        """
        import jinja2

        problems = (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)
        try:
            text = self.environment.get_template("report.html").render({**variables, "center": self.center})
        except InputError:
            raise
        except problems as error:
            if self.isShipped:
                raise
            raise _broken(error) from None
        if not self.isShipped:
            _requireComplete(text, variables)
        return text

    def describe(self):
        """What the record states of it."""
        return {"template": "shipped" if self.isShipped else "own", "sha256": self.digest, "paper": self.paper,
                "center": None if self.center is None else self.center["name"]}


def load(folder=None):
    """A template, checked.

    Parameters
    ----------
    folder : str or None
        Of the center; ``None`` or empty: the shipped one.

    Raises
    ------
    InputError, FaultList
        Everything that is wrong with the folder.
    """
    try:
        import jinja2
        import jinja2.sandbox
    except ImportError as error:
        raise missingPackage("jinja2", "report") from error
    if not folder:
        return Template(_shippedEnvironment(), True, _digest(_SHIPPED, []), None, PAPERS[0])
    folder = str(folder)
    if not os.path.isdir(folder):
        raise InputError("There is no such folder", folder, "Give the folder of the report's template")
    given = [name for name in (*FILES, CENTER_FILE) if os.path.exists(os.path.join(folder, name))]
    if not given:
        raise InputError("The folder holds no template of the report", folder,
                         f"It has to hold any of {', '.join((*FILES, CENTER_FILE))}: write the shipped one with "
                         "mrt-dosimetry report --export-template DIR")
    environment = _environment(jinja2.sandbox.SandboxedEnvironment, [folder, _SHIPPED])
    faults, center, paper, logo = Faults(), None, PAPERS[0], None
    for name in given:
        with faults.collect():
            if name == CENTER_FILE:
                center, paper, logo = _center(folder)
            else:
                _checkFile(environment, folder, name)
    faults.raiseIfAny()
    return Template(environment, False, _digest(folder, [*given, *([logo] if logo else [])]), center, paper)


def export(folder):
    """Write the shipped template into a new or empty folder, to be edited; returns the names of its files.

    Raises
    ------
    InputError
        The folder cannot be written, or holds something.
    """
    try:
        os.makedirs(folder, exist_ok=True)
        if os.listdir(folder):
            raise InputError("The folder is not empty", folder, "Name a new folder: nothing is written over")
        for name in FILES:
            with open(os.path.join(_SHIPPED, name), "rb") as source, open(os.path.join(folder, name), "wb") as target:
                target.write(source.read())
        with open(os.path.join(folder, CENTER_FILE), "w", encoding="utf-8", newline="\n") as file:
            json.dump({"name": "", "address": [], "logo": "", "paper": PAPERS[0]}, file, indent=1)
            file.write("\n")
    except OSError as error:
        raise InputError(f"The template cannot be written ({error.strerror or error})", folder,
                         "Choose a folder you may write to") from None
    return [*FILES, CENTER_FILE]


@functools.cache
def _shippedEnvironment():
    """Kept with what it has compiled; a file that changes is read again."""
    import jinja2

    return _environment(jinja2.Environment, [_SHIPPED])


def _environment(kind, folders):
    import jinja2

    environment = kind(loader=jinja2.FileSystemLoader(folders), autoescape=True, undefined=jinja2.StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True)
    environment.filters["cssString"] = _cssString
    return environment


def _cssString(text):
    """Text for a quoted CSS string: HTML escaping does not hold inside a style element, so escape by code point."""
    from markupsafe import Markup

    # only characters that a regular expression let through or that are escaped can be in the result
    return Markup(re.sub(r"[^A-Za-z0-9 .,-]", lambda match: f"\\{ord(match.group()):06x}", str(text)))


def _read(folder, name):
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", name, "Save it as UTF-8") from None


def _checkFile(environment, folder, name):
    """Refuse a file that is no template, fetches something, or switches the escaping of text off."""
    import jinja2
    from jinja2 import meta, nodes

    source = _read(folder, name)
    outside = _OUTSIDE.search(source)
    if outside:
        line = source.count("\n", 0, outside.start()) + 1
        raise InputError(f"'{outside.group().strip()[:40]}' refers to something outside of the report, or is no part "
                         "of one", f"{name}, line {line}", "A report is one file: put pictures into it")
    try:
        tree = environment.parse(source)
    except jinja2.TemplateSyntaxError as error:
        raise InputError(f"This is no template: {error.message}", f"{name}, line {error.lineno}",
                         "Mend the line, or take the shipped file") from None
    switched = [node.lineno for node in tree.find_all((nodes.ScopedEvalContextModifier, nodes.EvalContextModifier))]
    switched += [node.lineno for node in tree.find_all(nodes.Filter) if node.name in _UNESCAPED]
    if switched:
        raise InputError("The template switches off that names and texts are escaped", f"{name}, line {switched[0]}",
                         "Take out 'safe' and 'autoescape'")
    known = _knownNames()
    unknown = sorted(meta.find_undeclared_variables(tree) - known) if name in _PAGES else []
    if unknown:
        raise InputError(f"The template uses '{unknown[0]}', which the report does not know", name,
                         f"Known are {', '.join(sorted(known))}")


def _knownNames():
    """Names that a template can use: those of the shipped one, each of which the report fills."""
    import jinja2
    from jinja2 import meta

    environment = jinja2.Environment()
    environment.filters["cssString"] = _cssString
    return {"patientName"}.union(*(meta.find_undeclared_variables(environment.parse(_read(_SHIPPED, name)))
                                   for name in _PAGES))


def _center(folder):
    """(name, address and logo of the center; paper; name of the logo's file)"""
    try:
        content = json.loads(_read(folder, CENTER_FILE))
    except json.JSONDecodeError as error:
        raise InputError(f"This is not valid JSON: {error.msg}", f"{CENTER_FILE}, line {error.lineno}") from None
    if not isinstance(content, dict) or set(content) - set(CENTER_KEYS):
        raise InputError("The file does not hold what is said of a center", CENTER_FILE,
                         f"Give any of {', '.join(CENTER_KEYS)}")
    name, address, logo = (content.get(key) or "" for key in ("name", "address", "logo"))
    address = [address] if isinstance(address, str) and address else list(address or [])
    if not isinstance(name, str) or not isinstance(logo, str) or not all(isinstance(line, str) for line in address):
        raise InputError("Name, address and logo have to be texts", CENTER_FILE)
    paper = content.get("paper") or PAPERS[0]
    if paper not in PAPERS:
        raise InputError(f"The paper {paper!r} is not known", CENTER_FILE, f"Use {' or '.join(PAPERS)}")
    picture = _logo(folder, logo) if logo else ""
    isEmpty = not (name.strip() or address or picture)
    return None if isEmpty else {"name": name.strip(), "address": address, "logo": picture}, paper, logo


def _logo(folder, name):
    if os.path.basename(name) != name:
        raise InputError("The logo is not a file of the template's folder", CENTER_FILE, "Put it there, and name it")
    try:
        with open(os.path.join(folder, name), "rb") as file:
            content = file.read(_LARGEST_LOGO + 1)
    except OSError:
        raise InputError("There is no such logo", name, f"It is named in {CENTER_FILE}") from None
    kind = next((kind for start, kind in _LOGOS.items() if content.startswith(start)), None)
    if kind is None or len(content) > _LARGEST_LOGO:
        raise InputError("The logo is no PNG or JPEG of at most 2 MB", name, "Give such a picture")
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _digest(folder, names):
    """SHA-256 of all files of a template in their order, those of the center in place of the shipped ones."""
    found = hashlib.sha256()
    for name in dict.fromkeys([*FILES, *names]):
        with open(os.path.join(folder if name in names else _SHIPPED, name), "rb") as file:
            content = file.read()
        found.update(f"{name}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


def _broken(error):
    place = getattr(error, "name", None) or "report.html"
    line = getattr(error, "lineno", None)
    return InputError(f"The template cannot be filled: {error}", f"{place}, line {line}" if line else str(place),
                      "Mend it, or take the shipped template")


def _requireComplete(text, variables):
    """Refuse a page that fetches something, or leaves out what has to be read in every report."""
    from .pdf.elements import parse

    page = parse(text)
    for element in page.all():
        links = [value or "" for key, value in element.attributes.items() if key in _ADDRESSES]
        isStyle = element.tag == "style" and re.search(r"@import|url\(\s*[\"']?\s*(?!data:|#)", element.text)
        if element.tag in _FORBIDDEN or isStyle or any(key.startswith("on") for key in element.attributes) \
                or not all(link.startswith(("data:image/", "#")) for link in links):
            raise InputError(f"The report refers to something outside of it (<{element.tag}>)", "template",
                             "Put everything into it")
    body = next((element for element in page.all("body")), page)
    words = _squeezed(body.text)
    wanted = [("the patient's identifier", variables["patientIdentifier"]),
              ("the statement on research use", STATEMENT)]
    wanted += [("a warning", warning) for warning in variables["warnings"]]
    table = variables["summary"]
    wanted += [("a region", row[0].text) for row in (table.rows if table else [])]
    faults = Faults()
    for what, content in wanted:
        if _squeezed(content) not in words:
            faults.add(f"The template leaves out {what}: {content}", "template", "Take it in again")
    faults.raiseIfAny()


def _squeezed(text):
    return re.sub(r"\s+", "", str(text))
