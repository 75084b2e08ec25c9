"""The time points as one table in the scene: what the panel has no room for, each fact beside its origin."""

from ..scene import tables
from . import studyNodes

_ROLE, _NAME = "timePointsTable", "Time points"
_FACTS = (("Time after administration", "h", "timeAfterAdministrationHours"), ("Duration", "s", "durationSeconds"),
          ("Unit as found", "", "unit"), ("Calibration", "Bq/cps", "calibrationFactorBqPerCps"))


def writeTable(study, rows):
    """Fill the table; made when there is none yet.

    Parameters
    ----------
    rows : list of dict
        Of :func:`.timePoints.rows`.

    Returns
    -------
    vtkMRMLTableNode
    """
    columns = [tables.Column("Time point", "", [_label(row) for row in rows], "string"),
               tables.Column("SPECT", "", [row["name"] for row in rows], "string"),
               tables.Column("CT", "", [row["ct"] for row in rows], "string")]
    for title, unit, key in _FACTS:
        values = [(row["facts"].get(key) or {}).get("value") for row in rows]
        columns.append(tables.Column(title, unit, values, "double" if unit else "string"))
        origins = [row["sources"].get(key) or _absentWords(row, key) for row in rows]
        columns.append(tables.Column(f"{title}: from", "", origins, "string"))
    shares = [None if row["shareOfAdministered"] is None else 100.0 * row["shareOfAdministered"] for row in rows]
    columns += [tables.Column("Activity in view", "MBq", [row["totalActivityMBq"] for row in rows]),
                tables.Column("Of the administered activity left by decay", "%", shares),
                tables.Column("Remarks", "", ["; ".join(row["problems"]) for row in rows], "string")]
    return studyNodes.putTable(study, _ROLE, _NAME, columns)


def _absentWords(row, key):
    """Why there is no such fact, where that is as it should be."""
    isCounts = str(row["unit"]).lower() == "counts"
    return "none: the image itself is calibrated" if key == "calibrationFactorBqPerCps" and not isCounts else ""


def _label(row):
    return f"{row['label']} (excluded)" if row["isExcluded"] else row["label"]
