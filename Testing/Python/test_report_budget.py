"""The uncertainty budgets of the report."""

import pytest
from reportExample import exampleContext, exampleResults

from MRTDosimetryLib.physics.uncertainty.budget import uncertaintyBudget
from MRTDosimetryLib.physics.uncertainty.chain import ChainInputs
from MRTDosimetryLib.report.budgetTables import budgets, notes
from MRTDosimetryLib.report.htmlReport import renderReport


def region(name="lesion 1", **changes):
    values = {"volumeML": 8.0, "voxelSizeMM": 4.8, "imageFWHMMM": 10.0, "calibrationRelative": 0.03,
              "fitRelative": 0.02}
    method = changes.pop("method", "auto")
    return {"name": name, "uncertaintyBudget": uncertaintyBudget(ChainInputs(**{**values, **changes}), method).toDict()}


def texts(budget):
    return {row[0].text: (row[1].text, row[2].text) for row in budget.table.rows}


def test_rowsAndTotal():
    shown = budgets([region(volumeML=900.0)])[0]
    rows = texts(shown)
    assert rows["Calibration"][0] == "3.0\N{NARROW NO-BREAK SPACE}%"
    assert rows["Absorbed dose, combined"][1] == "100\N{NARROW NO-BREAK SPACE}%"
    assert "Recovery coefficient" not in rows  # none is applied
    shares = [float(share.split("\N{NARROW NO-BREAK SPACE}")[0].replace("−", "-"))
              for name, (_relative, share) in rows.items() if name != "Absorbed dose, combined"]
    assert sum(shares) == pytest.approx(100, abs=0.3)
    assert rows["Covariance of time-integrated activity and mass"][0] == "–"
    assert shown.remark.startswith("Volume of the outline known within 16")


def test_notStatedIsSaid():
    rows = texts(budgets([region(calibrationRelative=None)])[0])
    assert rows["Calibration"] == ("not stated", "–")
    assert any("then too small" in text for text in notes([region(calibrationRelative=None)]))
    assert not any("then too small" in text for text in notes([region()]))


def test_monteCarloIsSaidWithItsInterval():
    small = region(volumeML=2.0)
    remark = budgets([small])[0].remark
    assert "By Monte Carlo; 95 % within" in remark and "First-order propagation gives" in remark
    assert any("samples" in text for text in notes([small]))
    assert "Monte Carlo" not in budgets([region(volumeML=900.0)])[0].remark


def test_nothingStatedIsNotComputed():
    rows = texts(budgets([region(imageFWHMMM=None, calibrationRelative=None, fitRelative=None)])[0])
    assert rows["Absorbed dose, combined"] == ("not computed", "–")


def test_reportWithAndWithoutBudgets():
    results = exampleResults(2)
    assert "No uncertainty budgets were recorded" in renderReport(results, exampleContext(results))
    for item in results["regions"]:
        item["uncertaintyBudget"] = region()["uncertaintyBudget"]
    html = renderReport(results, exampleContext(results))
    assert html.count("Absorbed dose, combined") == 2
