"""The first page of a report in short, as simple HTML that a text browser of the desktop can show."""

import html

from . import contextTables
from .grouping import groupedByRegion
from .numbers import dateTimeText, plusMinus, significant
from .prose import readable
from .therapyTables import decision, numberText, ownLines
from .warningOrder import mostPressingFirst

_MOST_WARNINGS = 5


def previewHTML(results, context):
    """Facts, warnings and absorbed doses; no style sheets, no pictures, colors of the surroundings.

    Parameters
    ----------
    results : dict
        Content of results.json.
    context : dict
        Of :func:`.htmlReport.renderReport`; ``patient``, ``protocol`` and ``administration`` are used.

    Returns
    -------
    str
    """
    name, identifier = contextTables.patientLine(context.get("patient"))
    title = (context.get("protocol") or {}).get("title") or "Molecular radiotherapy"
    administration = context.get("administration") or {}
    activityMBq, moment = administration.get("activityMBq"), administration.get("dateTime")
    cycle = (context.get("patient") or {}).get("cycle")
    facts = [("Patient", f"{name}, {identifier}"), ("Cycle", str(cycle) if cycle else ""),
             ("Administered", " on ".join([
                 ("activity not recorded" if results["regions"] else "nothing yet: an activity is being prescribed")
                 if activityMBq is None else f"{significant(activityMBq)} MBq",
                 *([dateTimeText(moment)] if moment else [])]))]
    parts = [f"<h4>{_text(title)}</h4>", "<p>", "<br>".join(
        f"<b>{_text(key)}:</b> {_text(value)}" for key, value in facts if value), "</p>"]
    parts += _recommendation(results.get("therapy"))
    if results["regions"]:
        parts += ["<table width='98%' cellspacing='0' cellpadding='2'>", _row(
            ["Region", "Absorbed\ndose (Gy)", "Gy/GBq", "BED\n(Gy)"], "th")]
    parts += [_row([region["name"], _number(region["absorbedDoseGy"], region["absorbedDoseUncertaintyGy"]),
                    _number(region["absorbedDoseCoefficientGyPerGBq"]), _number(region["bedGy"])], "td")
              for region in results["regions"]]
    if results["regions"]:
        parts.append("</table>")
    parts += _values(results.get("therapy"))
    warnings = mostPressingFirst(groupedByRegion([readable(text) for text in results.get("warnings") or []],
                                                 [region["name"] for region in results["regions"]]))
    if warnings:
        shown = "".join(f"<li>{_text(words)}</li>" for words in warnings[:_MOST_WARNINGS])
        parts.append(f"<p><b>Warnings ({len(warnings)})</b></p><ul>{shown}</ul>")
        if len(warnings) > _MOST_WARNINGS:
            parts.append(f"<p>{len(warnings) - _MOST_WARNINGS} more are in the report.</p>")
    return "".join(parts)


def _recommendation(therapy):
    words = (therapy or {}).get("recommendation")
    return [f"<p>{_text(words)} <b>{_text(decision(words))}</b></p>"] if words else []


def _values(therapy):
    """Values of a therapy's own calculation."""
    rows = ownLines(therapy) if therapy else []
    if not rows:
        return []
    found = ["<table width='98%' cellspacing='0' cellpadding='2'>", _row(["Quantity", "Value", "Unit"], "th")]
    found += [_row([line.title[:1].upper() + line.title[1:], *(
        ["\N{EN DASH}", ""] if line.value is None else [numberText(line), line.unit])], "td") for line in rows]
    return [*found, "</table>"]


def _row(cells, tag):
    first, *others = (_text(cell) for cell in cells)
    return (f"<tr><{tag} align='left'>{first}</{tag}>"
            + "".join(f"<{tag} align='right'>{cell}</{tag}>" for cell in others) + "</tr>")


def _number(value, uncertainty=None):
    if value is None:
        return "\N{EN DASH}"
    return significant(value) if uncertainty is None else plusMinus(value, uncertainty)


def _text(text):
    return html.escape(str(text)).replace("\n", "<br>")
