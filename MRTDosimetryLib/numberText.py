"""Numbers as a reader meets them, in a report or in a sentence: few digits, honest uncertainties, no NaN."""

import math

from .errors import InputError

PLUS_MINUS = "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}"
GROUP_SEPARATOR = "\N{NARROW NO-BREAK SPACE}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Outside these powers of ten a plain number is mostly zeros, so that a power of ten is easier to read.
_SMALLEST_PLAIN_EXPONENT = -3
_LARGEST_PLAIN_EXPONENT = 6
# Digits of an uncertainty, and the least and most of the value beside it (JCGM 100:2008, 7.2.6: both end alike).
_UNCERTAINTY_DIGITS, _LEAST_DIGITS, _MOST_DIGITS = 2, 2, 6


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


def plusMinus(value, uncertainty):
    """``value ± uncertainty`` (same unit, k = 1), both ending at the same decimal place (JCGM 100:2008, 7.2.6).

    The uncertainty has two significant digits. A value far below its uncertainty keeps two digits of its own, so that
    none is printed as 0, and one far above it six.

    Raises
    ------
    InputError
        When one of them is not a finite number, or the uncertainty is negative.
    """
    number, spread = finite(value), finite(uncertainty)
    if spread < 0:
        raise InputError(f"An uncertainty cannot be negative ({spread:g})", "report")
    if spread == 0:
        return f"{significant(number)}{PLUS_MINUS}0"
    spreadPlace = _exponent(spread, _UNCERTAINTY_DIGITS) - _UNCERTAINTY_DIGITS + 1
    if number == 0:
        return f"0{PLUS_MINUS}{_format(spread, _exponent(spread, _UNCERTAINTY_DIGITS), _UNCERTAINTY_DIGITS - 1)}"
    least, most = (_exponent(number, digits) - digits + 1 for digits in (_LEAST_DIGITS, _MOST_DIGITS))
    place = min(max(spreadPlace, most), least)
    exponent = _exponent(number, max(_exponent(number, 1) - place + 1, 1))
    if _isPlain(exponent):
        isTiny = spreadPlace < place  # as a power of ten, not as a row of zeros
        spreadText = _format(spread, _exponent(spread, 2), 1) if isTiny else fixed(spread, spreadPlace)
        return f"{fixed(number, place)}{PLUS_MINUS}{spreadText}"
    scale = 10.0 ** -exponent
    return f"({fixed(number * scale, place - exponent)}{PLUS_MINUS}{fixed(spread * scale, spreadPlace - exponent)})" \
           f"\N{NO-BREAK SPACE}× 10{_superscript(exponent)}"


def compact(value, digits=4):
    """Number that was set or chosen, not measured: no zeros behind the last digit that says something, e.g. ``24``."""
    number = finite(value)
    mantissa, times, power = significant(number, digits).partition("\N{NO-BREAK SPACE}×")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}{times}{power}"


def asGiven(value):
    """A number that may have been given or computed: up to four digits as they are, five of a whole one, more of them
    as three."""
    number = finite(value)
    digits = 5 if number == round(number) else 4
    isShort = math.isclose(number, float(f"{number:.{digits}g}"), rel_tol=1e-12)
    return compact(number, digits) if isShort else significant(number)


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
        return fixed(number, exponent - digitsAfterFirst)
    mantissa = fixed(number * 10.0 ** -exponent, -digitsAfterFirst)
    return f"{mantissa}\N{NO-BREAK SPACE}× 10{_superscript(exponent)}"


def fixed(number, lastPlace):
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
