"""What the report shows of a therapy's own calculation, with and without images."""

from ..therapies.levels import ACCUMULATED_TITLE
from . import statedTables, therapyTables
from .contextTables import levelText
from .cycles import severalCycles

# Key of a protocol's file -> heading.
_OF_PROTOCOL = (("assumptions", "Assumptions"), ("leavesOut", "What is left out"),
                ("uncertaintyCost", "What that costs in uncertainty"))


def parts(results, context, chartOf):
    """Variables of the templates: ``therapy``, ``inputsStated`` and ``strategy``.

    Parameters
    ----------
    results : dict
        Content of results.json.
    context : dict
        Of the report; ``statements``, ``therapyCurves`` and ``protocol`` are used.
    chartOf : callable
        From a curve to what the templates show.
    """
    # the sums over the cycles stand in a section of their own where each cycle is known
    repeated = (ACCUMULATED_TITLE,) if severalCycles(results) else ()
    return {"therapy": _therapy(results.get("therapy"), context.get("therapyCurves") or [], chartOf, repeated),
            "inputsStated": statedTables.inputs(context.get("statements") or []),
            "strategy": _strategy(results.get("therapy") or {}, context.get("protocol") or {})}


def _therapy(found, curves, chartOf, repeated):
    if not found:
        return None
    recommendation = found.get("recommendation") or ""
    return {"found": therapyTables.values(found), "recommendation": recommendation,
            "decision": therapyTables.decision(recommendation), "charts": [chartOf(curve) for curve in curves],
            "tables": [therapyTables.stated(content) for content in found.get("tables") or []
                       if content["title"] not in repeated]}


def _strategy(found, protocol):
    """What the protocol's file, and the calculation where there is one, say of assumptions and limits."""
    told = [(heading, therapyTables.texts(found.get(key) or protocol.get(key))) for key, heading in _OF_PROTOCOL]
    told = [(heading, texts) for heading, texts in told if texts]
    level, reached = levelText(found.get("level") or protocol.get("level")), found.get("levelReached")
    isOther = level and reached not in (None, "") and not level.startswith(f"Level {reached}")
    level = f"{level}. Reached: level {reached}" if isOther else level
    return {"isTold": bool(told), "summary": protocol.get("summary") or "",
            "parts": [*told, *([("Level of dosimetry", [level])] if level else [])],
            "physicsExpert": therapyTables.PHYSICS_EXPERT, "physicsExpertSource": therapyTables.PHYSICS_EXPERT_SOURCE}
