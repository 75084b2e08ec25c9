"""Pictures that a page holds as data: charts as drawings, pictures of pixels as large as they are sharp."""

import base64
import binascii
import io
import re

from ...errors import InputError
from . import charts

LOGO_WIDTH, _LOGO_HEIGHT = 42.0 * 72.0 / 25.4, 16.0 * 72.0 / 25.4
_SMALLEST_DPI = 200.0
# Largest height of a picture as a part of the page.
_PARTS = {"alone": 0.72, "column": 0.33, "page": 0.24}
_DATA = re.compile(r"data:image/(svg\+xml|png|jpeg);base64,(\S+)")


def pictureOf(element, width, pageHeight, place):
    """A picture as a flowable of reportlab.

    Parameters
    ----------
    element : Element
        ``img``; with the class ``logo`` that of the center.
    width : float
        Of the column in points.
    pageHeight : float
        Of the printable page in points.
    place : {"alone", "column", "page"}
        Of its own, beside another one, or on the first page.

    Raises
    ------
    InputError
        A picture that is not in the page, or cannot be read.
    """
    match = _DATA.fullmatch(element.attributes.get("src") or "")
    if not match:
        raise InputError("A picture of the report is not inside of it", "report",
                         "Give pictures of a template as PNG or JPEG in data: addresses")
    try:
        content = base64.b64decode(match.group(2), validate=True)
    except binascii.Error:
        raise InputError("A picture of the report cannot be read", "report") from None
    if match.group(1) == "svg+xml":
        return charts.drawingOf(content, width)
    highest = _LOGO_HEIGHT if "logo" in element.classes else _PARTS[place] * pageHeight
    return _pixels(content, width, highest, isSharp="logo" not in element.classes)


def _pixels(content, width, highest, isSharp):
    """A picture of pixels as large as the column, the page and its sharpness let it be."""
    from reportlab.lib.utils import ImageReader
    from reportlab.platypus import Image

    try:
        columns, rows = ImageReader(io.BytesIO(content)).getSize()
    except OSError:
        raise InputError("A picture of the report cannot be read", "report") from None
    largest = columns * 72.0 / _SMALLEST_DPI if isSharp else width
    shown = min(width, largest, highest * columns / rows)
    return Image(io.BytesIO(content), shown, shown * rows / columns, hAlign="LEFT")
