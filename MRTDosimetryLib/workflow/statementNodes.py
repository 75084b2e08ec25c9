"""Statements and results of a therapy as tables and charts of the scene: filled again, and removed when not needed."""

import json
import re

from ..scene import plots, tables
from . import studyNodes

_COLORS = ((0.0, 0.45, 0.7), (0.84, 0.37, 0.0), (0.0, 0.62, 0.45), (0.8, 0.47, 0.65), (0.34, 0.34, 0.34),
           (0.9, 0.62, 0.0), (0.34, 0.71, 0.91))
_UNIT = re.compile(r"^(.*\S) ?[(\[]([^()\[\]]*)[)\]]$")


def titleAndUnit(title):
    """A title with its unit in brackets, taken apart: ``"Time (h)"`` to ``("Time", "h")``."""
    match = _UNIT.match(title)
    return (match.group(1), match.group(2)) if match else (title, "")


def columnsOf(kind, value):
    """(field name, title, unit, values) of each column of a statement; a form is one row.

    Parameters
    ----------
    kind : Kind
    value : list of dict or dict
        As stated.
    """
    rows = value if isinstance(value, list) else [value]
    rows = [row for row in rows if isinstance(row, dict)]
    titles = {item.name: item.title for item in kind.fields}
    names = [name for name in titles if any(name in row for row in rows)]
    names += [name for name in dict.fromkeys(name for row in rows for name in row) if name not in titles]
    return [(name, *titleAndUnit(titles.get(name, name)), [_plain(row.get(name)) for row in rows]) for name in names]


def writeStatement(study, kind, value):
    """Table of a statement, and a chart where it is measured over time; roles of the nodes written."""
    columns, role = columnsOf(kind, value), f"statement.{kind.key}"
    if not columns:
        return []
    if kind.isTable:
        studyNodes.putTable(study, f"{role}.table", kind.title, [
            tables.Column(title, unit, values, _typeOf(values)) for _name, title, unit, values in columns])
    else:
        studyNodes.putTable(study, f"{role}.table", kind.title, [
            tables.Column("Quantity", "", [title for _name, title, _unit, _values in columns], "string"),
            tables.Column("Value", "", [_text(values[0]) for *_others, values in columns], "string"),
            tables.Column("Unit", "", [unit for _name, _title, unit, _values in columns], "string")])
    chart = seriesOf(columns) if kind.isTable else None
    if chart is None:
        return [f"{role}.table"]
    studyNodes.putChart(study, f"{role}.chart", kind.title, chart["xTitle"], chart["yTitle"], [
        plots.Series(name, x, y, _COLORS[index % len(_COLORS)], "points")
        for index, (name, x, y) in enumerate(chart["series"])])
    return [f"{role}.table", f"{role}.chart"]


def seriesOf(columns):
    """What of a statement's columns can be drawn over time, or ``None``.

    Returns
    -------
    dict
        ``xTitle``, ``yTitle`` and ``series``: list of (name, x, y). Columns of the unit of the first measured one, a
        series of its own for each word of a column of text.
    """
    numbers = [item for item in columns if _typeOf(item[3]) == "double"]
    time = next((item for item in numbers if item[0].startswith("time")), None)
    measured = [item for item in numbers if item is not time]
    if time is None or not measured:
        return None
    unit = measured[0][2]
    shown = [item for item in measured if item[2] == unit]
    groups = next((item[3] for item in columns if _typeOf(item[3]) == "string"), None)
    series = []
    for _name, title, _unit, values in shown:
        for group in dict.fromkeys(groups or [None]):
            pairs = [(x, y) for x, y, own in zip(time[3], values, groups or [None] * len(values), strict=True)
                     if own == group and x is not None and y is not None]
            name = " ".join(str(word) for word in (group, title if len(shown) > 1 or group is None else None) if word)
            if pairs:
                series.append((name, tuple(x for x, _y in pairs), tuple(y for _x, y in pairs)))
    title = shown[0][1] if len(shown) == 1 else "Measured"
    return {"xTitle": _withUnit(time[1], time[2]), "yTitle": _withUnit(title, unit), "series": series}


def writeResult(study, value):
    """Tables and charts of a therapy's result (as the stage keeps it); roles of the nodes written."""
    roles = []
    for index, content in enumerate(value["tables"]):
        columns = list(zip(*content["rows"], strict=True)) or [() for _title in content["columns"]]
        studyNodes.putTable(study, f"therapy.table{index}", content["title"], [
            tables.Column(*titleAndUnit(title), [_plain(item) for item in values], _typeOf(values))
            for title, values in zip(content["columns"], columns, strict=True)])
        roles.append(f"therapy.table{index}")
    for index, curve in enumerate(value["curves"]):
        series = []
        if curve["points"]:
            series.append(plots.Series("measured", *_transposed(curve["points"]), (0.1, 0.1, 0.1), "points"))
        if curve["line"]:
            series.append(plots.Series("fitted", *_transposed(curve["line"]), _COLORS[0], "line"))
        studyNodes.putChart(study, f"therapy.chart{index}", curve["title"], curve["xTitle"], curve["yTitle"], series)
        roles.append(f"therapy.chart{index}")
    return roles


def keepOnly(study, roles, earlier):
    """Remove the nodes of ``earlier`` roles that are not among ``roles``."""
    for role in earlier:
        node = study.nodeByRole(role)
        if role in roles or node is None:
            continue
        study.setNodeForRole(role, None)
        if node.IsA("vtkMRMLPlotChartNode"):
            plots.removeChart(node)
        else:
            study.scene.RemoveNode(node)


def nodesOf(study, stageName):
    """Nodes that a stage of this file wrote."""
    roles = ((study.stageRecord(stageName) or {}).get("value") or {}).get("roles") or []
    return [node for node in (study.nodeByRole(role) for role in roles) if node is not None]


def _transposed(pairs):
    return tuple(x for x, _y in pairs), tuple(y for _x, y in pairs)


def _withUnit(title, unit):
    return f"{title} ({unit})" if unit else title


def _plain(value):
    """A value as a cell can hold it: what was read of a file by its name, other lists and objects as JSON text."""
    if isinstance(value, dict) and isinstance(value.get("file"), str):
        return value["file"]
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, tuple, dict)) else value


def _typeOf(values):
    isNumber = [isinstance(value, (int, float)) and not isinstance(value, bool)
                for value in values if value is not None]
    return "double" if isNumber and all(isNumber) else "string"


def _text(value):
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
