"""The checklist of a report, A to I: what is recorded of each item, from where, and what is missing.

Items and where each comes from are data (``data/reportChecklist.json``).
"""

from ..resources import dataPath, loadJSON
from .contextTables import sourceText
from .cycles import severalCycles
from .numbers import compact, dateTimeText
from .quantities import valueText
from .tables import NOT_RECORDED, Cell, Column, Table

_FILE = "reportChecklist.json"
# More different values than these are counted instead of listed.
_MOST_VALUES = 8
_IMAGES, _WITHOUT_IMAGES = "images", "withoutImages"
_BY_HAND = "reporting."
_COMPUTED, _STUDY = "computed", "study"
# Parts of results.json that hold what was calculated, not what was stated.
_CALCULATED = ("regions", "therapy", "registration", "organDrift", "engines")


def evaluate(results, context):
    """Every item that applies to a study, section by section.

    Parameters
    ----------
    results : dict
        Content of results.json.
    context : dict
        Of the report; of it ``checklist`` holds what is known beside the rest: ``stated``, ``reporting`` and ``facts``
        (name -> ``{"value", "source", "detail"}``, of facts a list of them), ``grids``.

    Returns
    -------
    list of dict
        ``letter``, ``title``, ``items``: list of ``id``, ``title``, ``value`` (text with unit, or ``None`` where the
        item is not recorded), ``source``, ``isWithheld``, ``isByHand``, ``fields`` (names of ``reporting`` that state
        it) and ``page`` (of the wizard where it is entered or computed).
    """
    roots = _roots(results, context or {})
    kind = _IMAGES if results.get("regions") else _WITHOUT_IMAGES
    sections = []
    for section in loadJSON(dataPath(_FILE))["sections"]:
        items = [_item({"page": section["page"], **item}, roots, kind) for item in section["items"]
                 if item.get("for", kind) == kind and ("when" not in item or _found(item["when"], roots))]
        if items:
            sections.append({"letter": section["letter"], "title": section["title"], "items": items})
    return sections


def content(sections):
    """The checklist for ``results.json``: what names a person, or changes with each writing, is left out of it.

    Returns
    -------
    dict
        ``recorded``, ``items`` (counts) and ``sections`` with their own counts.
    """
    found = []
    for section in sections:
        items = [{"id": item["id"], "title": item["title"], "isRecorded": item["value"] is not None,
                  "value": None if item["isWithheld"] else item["value"], "source": item["source"]}
                 for item in section["items"]]
        found.append({"letter": section["letter"], "title": section["title"],
                      "recorded": sum(item["isRecorded"] for item in items), "items": items})
    return {"recorded": sum(section["recorded"] for section in found),
            "count": sum(len(section["items"]) for section in found), "sections": found}


def parts(sections):
    """Variables of the template: ``sections`` (heading, counts, table), counts of all, and what may be added by hand.
    """
    shown = []
    for section in sections:
        recorded = sum(item["value"] is not None for item in section["items"])
        table = Table([Column("Item", isNumber=False), Column("Recorded", isNumber=False),
                       Column("Where from", isNumber=False)], css="checklist")
        for item in section["items"]:
            isMissing = item["value"] is None
            value = Cell(item["value"] or NOT_RECORDED, isMissing=isMissing, isFlagged=isMissing)
            table.rows.append([Cell(item["title"]), value, Cell(item["source"])])
        shown.append({"title": f"{section['letter']}. {section['title']}", "recorded": recorded,
                      "count": len(section["items"]), "table": table})
    missing = [item["title"] for section in sections for item in section["items"]
               if item["value"] is None and item["isByHand"]]
    return {"sections": shown, "recorded": sum(item["recorded"] for item in shown),
            "count": sum(item["count"] for item in shown), "missing": missing}


def _roots(results, context):
    """What the paths of the data file begin with."""
    known = context.get("checklist") or {}
    signed = {row["role"]: row["name"] for row in (context.get("signOff") or {}).get("report") or []
              if row.get("isValid")}
    level = str((context.get("protocol") or {}).get("level") or "").lower().removeprefix("level").strip()
    population = [text for text in [*(context.get("assumptions") or []),
                                    *((results.get("therapy") or {}).get("assumptions") or [])]
                  if "population" in text.lower()]
    several = severalCycles(results)
    cycle = (context.get("patient") or {}).get("cycle") or 1
    own = {**context, "severalCycles": several or None,
           "hasEarlierCycles": bool(several or cycle > 1 or (known.get("stated") or {}).get("earlierCycles")) or None,
           "grids": known.get("grids"), "warningCount": len(results.get("warnings") or []),
           "pictures": results.get("regions") or None, "isPrescribing": level == "3" or None,
           "populationWords": population or None, "isRegistered": len(results.get("registration") or []) > 1 or None,
           "massWords": "volume of the region times its density" if results.get("regions") else None}
    return {"results": results, "context": own, "signed": signed, "stated": known.get("stated") or {},
            "reporting": known.get("reporting") or {}, "facts": known.get("facts") or {}}


def _item(item, roots, kind):
    value, source = None, ""
    for path in item["from"]:
        found = _found(path, roots)
        if found:
            source = _sourceOf(path, roots)
            value = _words(item, found, kind, valueText if source == _COMPUTED else _text)
            break
    fields = [path.removeprefix(_BY_HAND) for path in item["from"] if path.startswith(_BY_HAND)]
    return {"id": item["id"], "title": item["title"], "value": value, "source": source,
            "isWithheld": bool(item.get("isWithheld")), "isByHand": bool(fields), "fields": fields,
            "page": item["page"][kind] if isinstance(item["page"], dict) else item["page"]}


def _found(path, roots):
    """Different values under a path, in their order; ``[]`` maps over a list."""
    root, *steps = path.split(".")
    if root in ("reporting", "facts"):
        entries = roots[root].get(steps[0]) or []
        values = [entry.get("value") for entry in (entries if isinstance(entries, list) else [entries])]
    else:
        values = [roots[root]]
        for step in steps:
            values = _below(values, step)
    kept = []
    for value in values:
        if value not in (None, "", [], {}, ()) and value not in kept:
            kept.append(value)
    return kept


def _below(values, step):
    key, isList = step.removesuffix("[]"), step.endswith("[]")
    found = [value.get(key) for value in values if isinstance(value, dict)]
    if not isList:
        return found
    return [item for value in found if isinstance(value, (list, tuple)) for item in value]


def _words(item, values, kind, textOf):
    say = item.get("say")
    if say:
        return say[kind] if isinstance(say, dict) else say
    unit = f" {item['unit']}" if item.get("unit") else ""
    texts = list(dict.fromkeys(textOf(value) for value in values))
    if len(texts) > _MOST_VALUES:
        return f"{len(texts)} values, {texts[0]}{unit} to {texts[-1]}{unit}"
    return f"{', '.join(texts)}{unit}"


def _text(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return compact(value, 5)
    if isinstance(value, dict):
        return ", ".join(str(key) for key in value)
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(part) for part in value)
    return dateTimeText(value)


def _sourceOf(path, roots):
    """Where a value comes from, in words."""
    root, name, *_rest = path.split(".")
    if root in ("reporting", "facts"):
        entries = roots[root][name]
        entry = entries[0] if isinstance(entries, list) else entries
        detail = f", {entry['detail']}" if entry.get("detail") else ""
        return f"{sourceText(entry.get('source') or '')}{detail}"
    if root == "stated":
        return "stated"
    return _COMPUTED if root == "results" and name.removesuffix("[]") in _CALCULATED else _STUDY
