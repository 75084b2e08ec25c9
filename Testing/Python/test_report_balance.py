"""Activity balance and drift of the regions in the report."""

import pytest
from reportExample import exampleContext, exampleResults

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.report import contextTables
from MRTDosimetryLib.report.balanceFigure import activityBalanceChart
from MRTDosimetryLib.report.htmlReport import renderReport

RISE = "the decay-corrected total activity rises by 30% since 24 h: physically impossible without new uptake"


def rows(hasAdministered=True, problem=""):
    shares = (0.92, 0.41, 0.55, 0.2)
    return [{"label": f"{hours:g} h", "timeHours": hours, "shareOfAdministered": share if hasAdministered else None,
             "decayCorrectedActivityMBq": 7400 * share, "problems": [problem] if problem and hours == 96 else []}
            for hours, share in zip((4.0, 24.0, 96.0, 168.0), shares, strict=True)]


def drifts():
    return [{"region": "liver", "label": "4 h", "isReference": True, "driftMM": None, "driftRASMM": None,
             "isDriftLarge": False, "oneVoxelChangePercent": 1.7},
            {"region": "liver", "label": "24 h", "isReference": False, "driftMM": 12.24, "driftRASMM": [10.0, -5.0, 5],
             "isDriftLarge": True, "oneVoxelChangePercent": 1.65},
            {"region": "red marrow", "label": "24 h", "isReference": False, "driftMM": None, "driftRASMM": None,
             "isDriftLarge": False, "oneVoxelChangePercent": None}]


def test_theImpossibleIsMarkedInTheChart():
    plain, marked = (activityBalanceChart(rows(problem=text)) for text in ("", RISE))
    assert plain.startswith(b"<?xml") and marked != plain
    assert activityBalanceChart(rows()) == plain, "the same picture for the same numbers"
    assert activityBalanceChart(rows(hasAdministered=False)) != plain
    assert activityBalanceChart(rows(), "png").startswith(b"\x89PNG")


def test_nothingAndNoNumberAreRefused():
    with pytest.raises(InputError, match="no scan"):
        activityBalanceChart([])
    broken = rows()
    broken[1]["shareOfAdministered"] = float("nan")
    with pytest.raises(InputError, match="finite"):
        activityBalanceChart(broken)


def test_driftTableSaysWhatItKnows():
    table = contextTables.organDrift(drifts())
    assert [column.title for column in table.columns] == ["Region", "4 h", "24 h"]
    liver, marrow = table.rows
    assert [cell.text for cell in liver] == ["liver", "reference", "12.2"]
    assert liver[2].detail == "(10.0, −5.0, 5.0); one voxel: 1.7\u202f%"
    assert liver[2].isFlagged and liver[1].isMissing and not liver[1].isFlagged
    assert marrow[2].text == "not computed" and marrow[2].isMissing and marrow[2].detail == ""


def test_whoSetTheAlignmentIsSaid():
    row = {"label": "24 h", "translationMM": [1, 2, 3], "rotationDegrees": [0, 0, 0], "diceBefore": 0.9,
           "diceAfter": 0.95, "quality": "good", "reasons": [], "isManuallyCorrected": True, "isAccepted": True}
    cell = contextTables.registration([row]).rows[0][-1]
    assert cell.text == "good, corrected by hand, accepted" and not cell.isFlagged


def test_reportShowsBothAndManagesWithout():
    results = exampleResults()
    context = exampleContext(results)
    assert "Activity balance" not in renderReport(results, context)
    text = renderReport(results, {**context, "activityBalance": rows(problem=RISE), "organDrift": drifts()})
    assert "Activity balance" in text and RISE in text
    assert "Regions after registration" in text and "12.2" in text
