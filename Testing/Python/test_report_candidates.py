"""The compared fit models in the report: fitted ones in a table, the others in one line."""

from MRTDosimetryLib.physics.kinetics import selection
from MRTDosimetryLib.physics.kinetics.curve import TimeActivityCurve
from MRTDosimetryLib.report import candidateTables

RATE = 0.004345


def region(name, times, activities, **choice):
    fit = selection.fit(TimeActivityCurve(times, activities), RATE, **choice)
    return {"name": name, "fit": fit.toDict()}


LIVER = region("liver", [4.0, 24.0, 96.0, 168.0], [380.0, 321.0, 150.0, 77.0])
SPLEEN = region("spleen", [4.0, 24.0, 96.0, 168.0], [38.0, 32.0, 15.5, 7.5])


def test_fittedModelsAloneAreInTheTable():
    table = candidateTables.candidates([LIVER, SPLEEN])
    fitted = [row for row in LIVER["fit"]["candidates"] if row["timeIntegratedActivityMBqH"] is not None]
    rows = [[cell.text for cell in row] for row in table.rows]
    assert [row[0] for row in rows].count("liver") == 1 and [row[0] for row in rows].count("spleen") == 1
    assert [row[1] for row in rows[:len(fitted)]] == [item["title"] for item in fitted]
    assert sum(row[5].startswith("chosen: ") for row in rows) == 2
    chosen = next(row for row in rows if row[5].startswith("chosen"))
    assert chosen[2] == f"{fitted[0]['aicc']:.1f}".replace("-", "\N{MINUS SIGN}") and "%" in chosen[3]


def test_othersAreOneLineWithTheReason():
    texts = candidateTables.notes([LIVER, SPLEEN])
    absent = [row for row in LIVER["fit"]["candidates"] if row["reason"].startswith("not tried")]
    line = next(text for text in texts if "not tried" in text)
    assert line.startswith(f"All regions: {len(absent)} models not tried, too few time points")
    assert all(row["title"] in line for row in absent)


def test_nothingToCompareGivesNoTable():
    chosen = region("liver", [4.0, 24.0, 96.0], [380.0, 321.0, 150.0], model="trapezoid")
    assert candidateTables.candidates([chosen]) is None and candidateTables.notes([chosen]) == []
    assert candidateTables.candidates([{"name": "liver", "fit": None}]) is None
