"""Numbers and dates as a report prints them: three significant digits, honest uncertainties, no NaN."""

import datetime
import re

from ..numberText import GROUP_SEPARATOR, PLUS_MINUS, asGiven, compact, finite, fixed, plusMinus, significant

__all__ = ["GROUP_SEPARATOR", "PLUS_MINUS", "asGiven", "byteSize", "compact", "dateTimeText", "finite",
           "minutesAndSeconds", "percent", "plusMinus", "rounded", "signed", "signedPercent", "signedTenths",
           "significant", "words"]

_UNIT_SUFFIX = re.compile(r"(MBqH|MBq|PerHour|Hours|Seconds|Percent|BqPerCps|BqPerML|ML|MM|Gy|H|G)$")


def percent(fraction, digits=2):
    """Fraction of one as a percentage, e.g. ``0.123`` as ``12 %``."""
    return f"{significant(100.0 * finite(fraction), digits)}\N{NARROW NO-BREAK SPACE}%"


def signed(value, digits=3):
    """Number with its sign, also when it is positive: for shifts and deviations."""
    text = significant(value, digits)
    return f"+{text}" if finite(value) > 0 else text


def rounded(value, decimals=1):
    """Number with fixed decimals, for quantities whose size is around zero (mm, degrees)."""
    return fixed(finite(value), -decimals)


def signedTenths(value):
    """Number with its sign and one decimal; what rounds to zero has none."""
    text = rounded(value)
    return f"+{text}" if float(text.replace(GROUP_SEPARATOR, "").replace("\N{MINUS SIGN}", "-")) > 0 else text


def signedPercent(percentage):
    """A deviation in percent, e.g. ``+6.5 %``."""
    return f"{signedTenths(percentage)}\N{NARROW NO-BREAK SPACE}%"


def minutesAndSeconds(seconds):
    """Duration, e.g. ``25 min`` or ``1 min 30 s``."""
    total = finite(seconds)
    if total < 60:
        return f"{significant(total)} s"
    minutes, rest = divmod(round(total), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def dateTimeText(text):
    """ISO 8601 date and time without the ``T`` and without seconds; other text stays as it is."""
    if not re.match(r"\d{4}-\d{2}-\d{2}", str(text)):
        return str(text)
    try:
        moment = datetime.datetime.fromisoformat(str(text))
    except ValueError:
        return str(text)
    if len(str(text)) <= len("2026-05-04"):
        return str(text)
    zone = f" {moment:%z}" if moment.tzinfo else ""
    return f"{moment:%Y-%m-%d %H:%M}{zone}"


def byteSize(count):
    """File size in decimal units."""
    size = finite(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{significant(size)} {unit}"
        size /= 1000
    return f"{significant(size)} GB"


def words(name):
    """A camelCase key as words without its unit: ``administeredActivityMBq`` becomes ``administered activity``."""
    bare = _UNIT_SUFFIX.sub("", str(name)) or str(name)
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", bare).split()
    # abbreviations keep their capitals
    return " ".join(part.lower() if part[1:].islower() or len(part) == 1 else part for part in parts)
