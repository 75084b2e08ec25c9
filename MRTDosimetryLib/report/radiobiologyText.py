"""Radiobiological parameters in words."""

VALUES = {"alphaBetaGy": "alpha/beta", "repairHalfLifeHours": "repair half-life", "repair": "components of repair",
          "alphaPerGy": "alpha", "repopulation": "repopulation"}


def textOf(key, value):
    """A parameter with its unit, for reading."""
    if key == "alphaBetaGy":
        return f"{value:g} Gy"
    if key == "alphaPerGy":
        return f"{value:g} /Gy"
    if key == "repopulation":
        return (f"doubling time {value['averageDoublingTimeHours']:g} h from {value.get('kickOffTimeHours', 0.0):g} h "
                f"to {value['overallTimeHours']:g} h")
    return repairText(value)


def repairText(repair):
    """One repair half-life, or the shares of several."""
    if isinstance(repair, (int, float)):
        return f"{repair:g} h"
    pairs = [(item["share"], item["halfLifeHours"]) if isinstance(item, dict) else item for item in repair]
    return ", ".join(f"{100.0 * share:g} % with {hours:g} h" for share, hours in pairs)
