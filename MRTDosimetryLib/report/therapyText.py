"""Results of a therapy's own calculation as lines of text, for the command line."""

from .quantities import lines, valueText
from .tables import NOT_COMPUTED
from .therapyTables import FRAME_KEYS, decision


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
    for title, value, unit in lines({key: item for key, item in therapy.items() if key not in FRAME_KEYS}):
        text = NOT_COMPUTED if value is None else f"{_plain(value)} {unit}".rstrip()
        found.append(f"{title}: {text}")
    if therapy.get("recommendation"):
        found.append(f"{therapy['recommendation']} {decision(therapy['recommendation'])}".rstrip())
    return found


def _plain(value):
    """A value as any terminal can show and any program can read it."""
    return f"{value:.5g}" if isinstance(value, float) else valueText(value)
