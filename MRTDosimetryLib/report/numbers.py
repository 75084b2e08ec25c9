"""Numbers and dates as a report prints them: three significant digits, honest uncertainties, no NaN."""

import datetime
import math
import re

from ..errors import InputError

PLUS_MINUS = "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}"
GROUP_SEPARATOR = "\N{NARROW NO-BREAK SPACE}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNIT_SUFFIX = re.compile(r"(MBqH|MBq|PerHour|Hours|Seconds|Percent|BqPerCps|BqPerML|ML|MM|Gy|H|G)$")
# Outside these powers of ten a plain number is mostly zeros, so that a power of ten is easier to read.
_SMALLEST_PLAIN_EXPONENT = -3
_LARGEST_PLAIN_EXPONENT = 6


def finite(value, where=""):
    """``value`` as a finite float.

    Raises
    ------
    InputError
        For anything that is not a finite number (text, None, True, NaN, infinity).
    """
    isNumber = isinstance(value, (int, float)) and not isinstance(value, bool)
    # numpy scalars are numbers too, without numpy being needed here
    if not isNumber and not isinstance(value, (bool, str, bytes)) and hasattr(value, "__float__"):
        isNumber = getattr(value, "ndim", 0) == 0
    if not isNumber or not math.isfinite(value):
        raise InputError(f"{value!r} is not a finite number", where or "report",
                         "Give a number, or nothing where it could not be computed")
    return float(value)


def significant(value, digits=3):
    """Number with ``digits`` significant digits, e.g. ``0.0853``, ``7.40``, ``12 300`` or ``1.23 × 10⁻⁵``.

    Raises
    ------
    InputError
        When ``value`` is not a finite number.
    """
    number = finite(value)
    return _format(number, _exponent(number, digits), digits - 1)


def plusMinus(value, uncertainty, digits=3):
    """``value ± uncertainty`` (same unit, k = 1): the value with ``digits`` significant digits.

    The uncertainty ends at the last digit of the value, but keeps at least two and at most ``digits``
    significant digits, so that its rounding never matters beside itself.

    Raises
    ------
    InputError
        When one of them is not a finite number, or the uncertainty is negative.
    """
    number, spread = finite(value), finite(uncertainty)
    if spread < 0:
        raise InputError(f"An uncertainty cannot be negative ({spread:g})", "report")
    if spread == 0:
        return f"{significant(number, digits)}{PLUS_MINUS}0"
    exponent = _exponent(number, digits) if number else _exponent(spread, digits)
    spreadExponent = _exponent(spread, digits)
    spreadDigits = min(max(spreadExponent - (exponent - digits + 1) + 1, 2), max(digits, 2))
    spreadExponent = _exponent(spread, spreadDigits)
    if _isPlain(exponent):
        spreadText = _fixed(spread, spreadExponent - spreadDigits + 1)
        return f"{_format(number, exponent, digits - 1)}{PLUS_MINUS}{spreadText}"
    scale = 10.0 ** -exponent
    valueText = _fixed(number * scale, 1 - digits)
    spreadText = _fixed(spread * scale, spreadExponent - spreadDigits + 1 - exponent)
    return f"({valueText}{PLUS_MINUS}{spreadText})\N{NO-BREAK SPACE}× 10{_superscript(exponent)}"


def compact(value, digits=4):
    """Number that was set or chosen, not measured: no zeros behind the last digit that says something, e.g. ``24``."""
    number = finite(value)
    text = significant(number, digits)
    return text.rstrip("0").rstrip(".") if "." in text and "×" not in text else text


def percent(fraction, digits=2):
    """Fraction of one as a percentage, e.g. ``0.123`` as ``12 %``."""
    return f"{significant(100.0 * finite(fraction), digits)}\N{NARROW NO-BREAK SPACE}%"


def signed(value, digits=3):
    """Number with its sign, also when it is positive: for shifts and deviations."""
    text = significant(value, digits)
    return f"+{text}" if finite(value) > 0 else text


def rounded(value, decimals=1):
    """Number with fixed decimals, for quantities whose size is around zero (mm, degrees)."""
    return _fixed(finite(value), -decimals)


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


def _exponent(number, digits):
    """Power of ten of the first digit after rounding to ``digits`` (9.996 with three digits counts as 10.0)."""
    if number == 0:
        return 0
    return int(f"{number:.{digits - 1}e}".split("e")[1])


def _isPlain(exponent):
    return _SMALLEST_PLAIN_EXPONENT <= exponent <= _LARGEST_PLAIN_EXPONENT


def _format(number, exponent, digitsAfterFirst):
    if number == 0:
        return "0"
    if _isPlain(exponent):
        return _fixed(number, exponent - digitsAfterFirst)
    mantissa = _fixed(number * 10.0 ** -exponent, -digitsAfterFirst)
    return f"{mantissa}\N{NO-BREAK SPACE}× 10{_superscript(exponent)}"


def _fixed(number, lastPlace):
    """Number rounded at the power of ten ``lastPlace``, thousands grouped from five digits on."""
    if lastPlace > 0:
        # through text, because round() of a float to tens can show its binary tail
        number = float(f"{number / 10 ** lastPlace:.0f}") * 10 ** lastPlace
    text = f"{abs(number):.{max(-lastPlace, 0)}f}"
    whole, point, decimals = text.partition(".")
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", GROUP_SEPARATOR)
    isZero = float(text) == 0
    return f"{'−' if number < 0 and not isZero else ''}{whole}{point}{decimals}"


def _superscript(exponent):
    return str(exponent).translate(_SUPERSCRIPTS)
