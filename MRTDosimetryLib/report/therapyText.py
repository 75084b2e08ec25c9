"""Results of a therapy's own calculation as lines of text, for the command line."""

from .numbers import GROUP_SEPARATOR
from .quantities import lines, valueText
from .therapyTables import FRAME_KEYS, decision

_PLAIN = (("\N{NO-BREAK SPACE}", " "), (GROUP_SEPARATOR, ""), ("±", "+-"), ("×", "x"))


def therapyLines(therapy):
    """One line per value with its unit, then the recommendation; empty where there is no calculation.

    Parameters
    ----------
    therapy : dict or None
        ``therapy`` of results.json.
    """
    if not therapy:
        return []
    found = []
    for line in lines({key: item for key, item in therapy.items() if key not in FRAME_KEYS}):
        spread = "" if line.uncertainty is None else f" +- {_plain(line.uncertainty)}"
        interval = "" if line.interval is None else f" (95 % interval {' to '.join(map(_plain, line.interval))})"
        text = line.missing if line.value is None else f"{_plain(line.value)}{spread} {line.unit}".rstrip() + interval
        found.append(f"{line.title}: {text}")
    if therapy.get("recommendation"):
        found.append(f"{therapy['recommendation']} {decision(therapy['recommendation'])}".rstrip())
    return [_forTerminal(text) for text in found]


def _forTerminal(text):
    for printed, plain in _PLAIN:
        text = text.replace(printed, plain)
    return text


def _plain(value):
    """A value as any terminal can show and any program can read it."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value))
    return f"{value:.5g}" if isinstance(value, float) else valueText(value)
