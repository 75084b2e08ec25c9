"""Tables of BED, EQD2 and what follows, and of the parameters behind."""

from MRTDosimetryLib.report import effectTables

NTCP = {"probability": 0.0625, "interval68": [0.05, 0.08], "curve": "own", "endpoint": "Chronic kidney disease",
        "quantity": "bed", "valueGy": 30.0, "model": "lyman", "d50Gy": 44.0, "slope": 0.2, "source": "own cohort",
        "verified": False}


def rows(table):
    return [[cell.text for cell in row] for row in table.rows]


def region(name, **values):
    return {"name": name, "bedGy": None, "bedUncertaintyGy": None, "eqd2Gy": None, "eqd2UncertaintyGy": None, **values}


def test_onlyWhatIsThereHasAColumn():
    found = effectTables.effects({"regions": [
        region("kidney", bedGy=5.51, bedUncertaintyGy=0.6, eqd2Gy=3.11, eqd2UncertaintyGy=0.34), region("spleen")]})
    assert [column.title for column in found.columns] == ["Region", "BED", "EQD2"]
    assert rows(found)[1] == ["spleen", "not computed", "not computed"] and "5.5" in rows(found)[0][1]
    assert "\N{PLUS-MINUS SIGN}" in rows(found)[0][2]


def test_nothingForResultsWithoutEQD2():
    """Those of an earlier version, and regions without parameters."""
    assert effectTables.effects({"regions": [{"name": "kidney", "bedGy": 5.51}]}) is None
    assert effectTables.effects({"regions": [region("spleen")]}) is None


def test_probabilitiesNameTheirCurves():
    found = effectTables.effects({"regions": [
        region("kidney", bedGy=30.0, eqd2Gy=17.0, gEUDGy=20.0, gEUDExponent=2.0, tcp=None, ntcp=[NTCP]),
        region("liver", bedGy=20.0, eqd2Gy=11.0, gEUDGy=None, gEUDExponent=None, tcp=None, ntcp=None)]})
    assert [column.title for column in found.columns] == ["Region", "BED", "EQD2", "gEUD", "NTCP"]
    assert rows(found)[0][4].replace("\N{NARROW NO-BREAK SPACE}", " ") == "6.2 % (5.0 % to 8.0 %)"
    assert rows(found)[1][3:] == ["not computed"] * 2
    notes = [text for _mark, text in found.footnotes]
    assert notes == ["Exponent a = 2.", "Chronic kidney disease, Lyman curve over BED: 50 % at 44 Gy, m = 0.2. "
                     "own cohort (not verified)."]


def test_parametersOfTheStudyAreMarked():
    table = effectTables.parameters([
        {"tissue": "liver", "alphaBetaGy": 2.5, "repairHalfLifeHours": 2.5, "source": "paper", "verified": False},
        {"tissue": "kidney", "alphaBetaGy": 3.0, "repairHalfLifeHours": None, "source": "own", "verified": False,
         "repair": [{"share": 0.5, "halfLifeHours": 0.3}, {"share": 0.5, "halfLifeHours": 4.0}], "alphaPerGy": 0.2,
         "overrides": [{"statedFor": "kidney", "keys": ["alphaBetaGy"], "source": "own", "reason": "younger"}]}])
    assert [row[3].badge for row in table.rows] == ["not verified", "stated by the study"]
    assert table.rows[1][2].text == "50 % with 0.3 h, 50 % with 4 h"
    assert table.rows[1][3].detail == "\N{GREEK SMALL LETTER ALPHA} 0.2 /Gy; younger"
