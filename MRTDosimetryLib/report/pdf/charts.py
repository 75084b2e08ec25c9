"""Charts (SVG as matplotlib writes it) as drawings of a PDF: lines and letters stay sharp at any size."""

import functools
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from math import cos, radians, sin

from ...errors import InputError

_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_SILENT = {"metadata", "style", "title", "desc"}
_CAPS = {"butt": 0, "round": 1, "square": 2}
_JOINS = {"miter": 0, "round": 1, "bevel": 2}
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_STEP = re.compile(r"([MLHVCQZmlhvcqz])([^A-Za-z]*(?:[eE][-+]?\d[^A-Za-z]*)*)")
# As the canvas of reportlab counts: what a path goes around is filled.
_FILL_NON_ZERO = 1
_WHERE = "chart of the report"


@dataclass(frozen=True)
class _Mark:
    """One path of a chart: where its coordinates lie on the page, what cuts it, how it looks."""

    path: object
    matrix: tuple
    clips: tuple
    style: dict


def drawingOf(svg, widthPoints=None):
    """A chart as something that reportlab sets on a page.

    Parameters
    ----------
    svg : bytes
    widthPoints : float or None
        Largest width; a wider chart is made smaller.

    Returns
    -------
    reportlab.platypus.Flowable

    Raises
    ------
    InputError
        An SVG with parts that cannot be drawn: nothing is left out silently.
    """
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        raise InputError(f"The chart cannot be read ({error})", _WHERE) from None
    width, height = _sizePoints(root)
    scale = min(1.0, widthPoints / width) if widthPoints else 1.0
    reader = _Reader({item.get("id"): item for item in root.iter() if item.get("id")})
    # the origin of an SVG is at the top
    reader.add(root, (scale, 0.0, 0.0, -scale, 0.0, height * scale), (), {})
    return _flowable(reader.marks, width * scale, height * scale)


def _flowable(marks, width, height):
    from reportlab.platypus import Flowable

    class Chart(Flowable):
        """Draws itself without the shapes of reportlab, which check each of their values again."""

        def __init__(self):
            super().__init__()
            self.width, self.height, self.hAlign = width, height, "LEFT"

        def draw(self):
            for mark in marks:
                _draw(self.canv, mark)

    return Chart()


def _draw(canvas, mark):
    canvas.saveState()
    for corners in mark.clips:
        path = canvas.beginPath()
        path.moveTo(*corners[0])
        for corner in corners[1:]:
            path.lineTo(*corner)
        path.close()
        canvas.clipPath(path, stroke=0, fill=0)
    canvas.transform(*mark.matrix)
    style, opacity = mark.style, float(mark.style.get("opacity", 1.0))
    fill, stroke = _color(style.get("fill", "#000000")), _color(style.get("stroke", "none"))
    if fill is not None:
        canvas.setFillColor(fill)
        canvas.setFillAlpha(opacity * float(style.get("fill-opacity", 1.0)))
    if stroke is not None:
        canvas.setStrokeColor(stroke)
        canvas.setStrokeAlpha(opacity * float(style.get("stroke-opacity", 1.0)))
        canvas.setLineWidth(float(style.get("stroke-width", 1.0)))
        canvas.setLineCap(_CAPS[style.get("stroke-linecap", "butt")])
        canvas.setLineJoin(_JOINS[style.get("stroke-linejoin", "round")])
        dashes = [float(number) for number in _NUMBER.findall(style.get("stroke-dasharray", ""))]
        if dashes:
            canvas.setDash(dashes, float(style.get("stroke-dashoffset", 0)))
    canvas.drawPath(mark.path, int(stroke is not None), int(fill is not None), _FILL_NON_ZERO)
    canvas.restoreState()


def _sizePoints(root):
    box = [float(number) for number in _NUMBER.findall(root.get("viewBox") or "")]
    if len(box) != 4 or box[2] <= 0 or box[3] <= 0:
        raise InputError("The chart does not state its size (viewBox)", _WHERE)
    if not (root.get("width") or "").endswith("pt") or box[:2] != [0.0, 0.0]:
        raise InputError("The chart is not measured in points from 0", _WHERE,
                         "Give pictures of a template as PNG")
    return box[2], box[3]


class _Reader:
    """Collects the paths of an SVG in the order in which they are drawn."""

    def __init__(self, byId):
        self.byId, self.marks, self._paths = byId, [], {}

    def add(self, element, matrix, clips, style):
        kind = element.tag.removeprefix(_SVG)
        if kind in _SILENT or kind == "defs":
            return
        style, matrix = style | _styleOf(element), _transformed(element, matrix)
        clips = self._clipped(element, matrix, clips)
        if kind in ("svg", "g"):
            for child in element:
                if isinstance(child.tag, str):
                    self.add(child, matrix, clips, style)
        elif kind == "path":
            self._addPath(element, matrix, clips, style)
        elif kind == "use":
            self._addUse(element, matrix, clips, style)
        else:
            raise InputError(f"A chart holds <{kind}>, which cannot be drawn in a PDF", _WHERE)

    def _addUse(self, element, matrix, clips, style):
        target = self.byId.get((element.get(_LINK) or element.get("href") or "").removeprefix("#"))
        if target is None:
            raise InputError("A chart refers to a part that is not there", _WHERE)
        moved = _within(matrix, (1.0, 0.0, 0.0, 1.0, float(element.get("x", 0)), float(element.get("y", 0))))
        self.add(target, moved, clips, style)

    def _addPath(self, element, matrix, clips, style):
        for key, without in (("fill", "#000000"), ("stroke", "none")):
            _color(style.get(key, without))  # refused here, before anything is drawn
        steps = element.get("d") or ""
        if steps not in self._paths:  # a letter is drawn many times
            self._paths[steps] = _pathOf(steps)
        if self._paths[steps] is not None:
            self.marks.append(_Mark(self._paths[steps], matrix, clips, style))

    def _clipped(self, element, matrix, clips):
        match = re.match(r"url\(#(.+)\)", element.get("clip-path") or "")
        if not match:
            return clips
        shape = self.byId[match.group(1)].find(f"{_SVG}rect")
        if shape is None:
            raise InputError("A chart is cut by a shape that is no rectangle", _WHERE)
        x, y, width, height = (float(shape.get(key)) for key in ("x", "y", "width", "height"))
        corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
        return (*clips, tuple(_placed(matrix, *corner) for corner in corners))


def _placed(matrix, x, y):
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _within(outer, inner):
    """The matrix of what lies in ``inner`` coordinates within ``outer`` ones."""
    a, b, c, d, _e, _f = outer
    p, q, r, s, t, u = inner
    return (a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, *_placed(outer, t, u))


def _styleOf(element):
    style = {key: element.get(key) for key in ("fill", "stroke", "stroke-width", "opacity") if element.get(key)}
    for part in (element.get("style") or "").split(";"):
        key, colon, value = part.partition(":")
        if colon:
            style[key.strip()] = value.strip()
    return style


def _transformed(element, matrix):
    for kind, arguments in re.findall(r"(\w+)\(([^)]*)\)", element.get("transform") or ""):
        matrix = _within(matrix, _matrix(kind, [float(number) for number in _NUMBER.findall(arguments)]))
    return matrix


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


@functools.cache
def _color(text):
    from reportlab.lib.colors import HexColor

    if text == "none":
        return None
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise InputError(f"A chart has the color {text!r}, which cannot be drawn in a PDF", _WHERE)
    return HexColor(text)


def _pathOf(description):
    """A path, or ``None`` of nothing; relative steps, which matplotlib does not write, are refused."""
    from reportlab.pdfgen.pathobject import PDFPathObject

    path, point, steps = PDFPathObject(), (0.0, 0.0), _STEP.findall(description)
    if steps and steps[0][0] != "M":
        raise InputError("A path of a chart begins nowhere, which cannot be drawn in a PDF", _WHERE)
    for step, rest in steps:
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
            path.close()
        else:
            raise InputError(f"A chart has the step {step!r}, which cannot be drawn in a PDF", _WHERE)
    return path if steps else None


def _quadratic(path, start, controlX, controlY, x, y):
    """A quadratic curve as the cubic one that is the same."""
    path.curveTo(start[0] + 2.0 / 3.0 * (controlX - start[0]), start[1] + 2.0 / 3.0 * (controlY - start[1]),
                 x + 2.0 / 3.0 * (controlX - x), y + 2.0 / 3.0 * (controlY - y), x, y)
    return (x, y)
