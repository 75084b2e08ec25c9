"""Charts (SVG as matplotlib writes it) as drawings of a PDF: lines and letters stay sharp at any size."""

import re
import xml.etree.ElementTree as ElementTree
from math import cos, radians, sin

from ...errors import InputError

_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_SILENT = {"metadata", "style", "title", "desc"}
_CAPS = {"butt": 0, "round": 1, "square": 2}
_JOINS = {"miter": 0, "round": 1, "bevel": 2}
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_STEP = re.compile(r"([MLHVCQZmlhvcqz])([^A-Za-z]*(?:[eE][-+]?\d[^A-Za-z]*)*)")
_IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_WHERE = "chart of the report"


def drawingOf(svg, widthPoints=None):
    """A chart as a drawing of reportlab.

    Parameters
    ----------
    svg : bytes
    widthPoints : float or None
        Largest width; a wider chart is made smaller.

    Returns
    -------
    reportlab.graphics.shapes.Drawing

    Raises
    ------
    InputError
        An SVG with parts that cannot be drawn: nothing is left out silently.
    """
    from reportlab.graphics.shapes import Drawing, Group

    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        raise InputError(f"The chart cannot be read ({error})", _WHERE) from None
    width, height = _sizePoints(root)
    scale = min(1.0, widthPoints / width) if widthPoints else 1.0
    drawing = Drawing(width * scale, height * scale)
    # the origin of an SVG is at the top
    page = Group(transform=(scale, 0.0, 0.0, -scale, 0.0, height * scale))
    reader = _Reader({item.get("id"): item for item in root.iter() if item.get("id")})
    reader.add(root, page, {})
    drawing.add(page)
    return drawing


def _sizePoints(root):
    box = [float(number) for number in _NUMBER.findall(root.get("viewBox") or "")]
    if len(box) != 4 or box[2] <= 0 or box[3] <= 0:
        raise InputError("The chart does not state its size (viewBox)", _WHERE)
    if not (root.get("width") or "").endswith("pt") or box[:2] != [0.0, 0.0]:
        raise InputError("The chart is not measured in points from 0", _WHERE,
                         "Give pictures of a template as PNG")
    return box[2], box[3]


class _Reader:
    """Adds the parts of an SVG to a group of shapes."""

    def __init__(self, byId):
        self.byId = byId

    def add(self, element, group, style):
        kind = element.tag.removeprefix(_SVG)
        if kind in _SILENT or kind == "defs":
            return
        style = style | _styleOf(element)
        group = self._clipped(element, _transformed(element, group))
        if kind in ("svg", "g"):
            for child in element:
                if isinstance(child.tag, str):
                    self.add(child, group, style)
        elif kind == "path":
            _addPath(element, group, style)
        elif kind == "use":
            self._addUse(element, group, style)
        else:
            raise InputError(f"A chart holds <{kind}>, which cannot be drawn in a PDF", _WHERE)

    def _addUse(self, element, group, style):
        target = self.byId.get((element.get(_LINK) or element.get("href") or "").removeprefix("#"))
        if target is None:
            raise InputError("A chart refers to a part that is not there", _WHERE)
        moved = _inner(group, (1.0, 0.0, 0.0, 1.0, float(element.get("x", 0)), float(element.get("y", 0))))
        self.add(target, moved, style)

    def _clipped(self, element, group):
        match = re.match(r"url\(#(.+)\)", element.get("clip-path") or "")
        if not match:
            return group
        shape = self.byId[match.group(1)].find(f"{_SVG}rect")
        if shape is None:
            raise InputError("A chart is cut by a shape that is no rectangle", _WHERE)
        from reportlab.graphics.shapes import Path

        x, y, width, height = (float(shape.get(key)) for key in ("x", "y", "width", "height"))
        inner = _inner(group, _IDENTITY)
        clip = Path(isClipPath=1, fillColor=None, strokeColor=None)
        clip.moveTo(x, y)
        for corner in ((x + width, y), (x + width, y + height), (x, y + height)):
            clip.lineTo(*corner)
        clip.closePath()
        inner.add(clip)
        return inner


def _inner(group, transform):
    from reportlab.graphics.shapes import Group

    inner = Group(transform=transform)
    group.add(inner)
    return inner


def _styleOf(element):
    style = {key: element.get(key) for key in ("fill", "stroke", "stroke-width", "opacity") if element.get(key)}
    for part in (element.get("style") or "").split(";"):
        key, colon, value = part.partition(":")
        if colon:
            style[key.strip()] = value.strip()
    return style


def _transformed(element, group):
    text = element.get("transform")
    for kind, arguments in re.findall(r"(\w+)\(([^)]*)\)", text or ""):
        numbers = [float(number) for number in _NUMBER.findall(arguments)]
        group = _inner(group, _matrix(kind, numbers))
    return group


def _matrix(kind, numbers):
    if kind == "translate":
        return (1.0, 0.0, 0.0, 1.0, numbers[0], numbers[1] if len(numbers) > 1 else 0.0)
    if kind == "scale":
        return (numbers[0], 0.0, 0.0, numbers[-1], 0.0, 0.0)
    if kind == "matrix" and len(numbers) == 6:
        return tuple(numbers)
    if kind == "rotate" and len(numbers) == 1:
        angle = radians(numbers[0])
        return (cos(angle), sin(angle), -sin(angle), cos(angle), 0.0, 0.0)
    raise InputError(f"A chart is turned by {kind}, which cannot be drawn in a PDF", _WHERE)


def _addPath(element, group, style):
    from reportlab.graphics.shapes import FILL_NON_ZERO, Path

    opacity = float(style.get("opacity", 1.0))
    stroke = _color(style.get("stroke", "none"))
    path = Path(fillColor=_color(style.get("fill", "#000000")), strokeColor=stroke, fillMode=FILL_NON_ZERO)
    path.fillOpacity = opacity * float(style.get("fill-opacity", 1.0))
    path.strokeOpacity = opacity * float(style.get("stroke-opacity", 1.0))
    if stroke is not None:
        path.strokeWidth = float(style.get("stroke-width", 1.0))
        path.strokeLineCap = _CAPS[style.get("stroke-linecap", "butt")]
        path.strokeLineJoin = _JOINS[style.get("stroke-linejoin", "round")]
        dashes = [float(number) for number in _NUMBER.findall(style.get("stroke-dasharray", ""))]
        if dashes:
            path.strokeDashArray = [float(style.get("stroke-dashoffset", 0)), dashes]
    _trace(path, element.get("d") or "")
    if path.operators:
        group.add(path)


def _color(text):
    from reportlab.lib.colors import HexColor

    if text == "none":
        return None
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise InputError(f"A chart has the color {text!r}, which cannot be drawn in a PDF", _WHERE)
    return HexColor(text)


def _trace(path, description):
    """Add the steps of a path; relative steps, which matplotlib does not write, are refused."""
    point = (0.0, 0.0)
    for step, rest in _STEP.findall(description):
        numbers = [float(number) for number in _NUMBER.findall(rest)]
        if step == "M":
            point = tuple(numbers[-2:])
            path.moveTo(*point)
        elif step == "L":
            for index in range(0, len(numbers), 2):
                point = (numbers[index], numbers[index + 1])
                path.lineTo(*point)
        elif step == "C":
            for index in range(0, len(numbers), 6):
                path.curveTo(*numbers[index:index + 6])
                point = tuple(numbers[index + 4:index + 6])
        elif step == "Q":
            for index in range(0, len(numbers), 4):
                point = _quadratic(path, point, *numbers[index:index + 4])
        elif step in "Zz":
            path.closePath()
        else:
            raise InputError(f"A chart has the step {step!r}, which cannot be drawn in a PDF", _WHERE)


def _quadratic(path, start, controlX, controlY, x, y):
    """A quadratic curve as the cubic one that is the same."""
    path.curveTo(start[0] + 2.0 / 3.0 * (controlX - start[0]), start[1] + 2.0 / 3.0 * (controlY - start[1]),
                 x + 2.0 / 3.0 * (controlX - x), y + 2.0 / 3.0 * (controlY - y), x, y)
    return (x, y)
