"""The absorbed-dose engines in the report: tables, overlaid histograms, difference picture, parts by particle."""

import copy

import numpy as np
import pytest
from reportExample import exampleResults

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.report import doseTables, engineFigures, engineTables
from MRTDosimetryLib.report.htmlReport import renderReport

TITLES = {"localDeposition": "Local energy deposition", "voxelS": "Voxel S values", "monteCarlo": "Monte Carlo"}


def example(engines=tuple(TITLES)):
    """Results with engines that give 1, 1.02 and 1.12 times the absorbed dose of the first."""
    results = copy.deepcopy(exampleResults())
    gamma = {"absorbedDosePercent": 3.0, "distanceMM": 3.0, "thresholdPercent": 0.1, "passPercent": 81.0}
    results["engines"] = {name: {
        "title": TITLES[name], "isPrimary": not index, "notes": [f"About {name}."],
        "energyBalance": {"emittedMeV": 100.0, "depositedMeV": 80.0, "escapedMeV": 20.01, "deviationPercent": 0.01},
        **({"gamma": gamma} if index else {})} for index, name in enumerate(engines)}
    for region in results["regions"]:
        region["engines"] = {}
        for index, name in enumerate(engines):
            dose = region["absorbedDoseGy"]
            factor = (1.0, 1.02, 1.12)[index]
            region["engines"][name] = {
                "absorbedDoseGy": None if dose is None else factor * dose,
                "statisticalStandardErrorGy": 0.001 if name == "monteCarlo" else None,
                "differenceFromPrimaryPercent": 100 * (factor - 1) if index and dose is not None else None,
                "gammaPassPercent": 80.0 if index else None,
                "dvh": {"D98Gy": factor, "D50Gy": 2 * factor, "D2Gy": 3 * factor}}
    return results


def test_everyRegionByEveryEngine():
    results = example()
    table = engineTables.byRegion(results)
    assert [column.title for column in table.columns] == [
        "Region", "Local energy deposition (primary)", "Voxel S values", "Monte Carlo"]
    assert len(table.rows) == len(results["regions"])
    first = table.rows[0]
    assert first[1].detail == "" and first[2].detail.startswith("+2.0") and "80" in first[2].detail
    assert first[3].isFlagged and not first[2].isFlagged
    # a statistical error far below the others lends the value no digits
    assert "±" in first[3].detail and "±" not in first[2].detail and "±" not in first[3].text
    assert engineTables.byRegion(example(("localDeposition",))) is None


def test_balanceAndLargestDifference():
    results = example()
    table = engineTables.balances(results, {"monteCarlo": {"seconds": 4.24}})
    assert [row[0].text for row in table.rows] == list(TITLES.values())
    assert table.rows[0][0].badge == "primary" and table.rows[2][5].text == "4.2"
    assert table.rows[0][3].text.startswith("100.01")
    words = engineTables.largestDifference(results)
    assert "+12.0" in words and "Monte Carlo" in words
    assert "3 %" in engineTables.gammaWords(results) and "3 mm" in engineTables.gammaWords(results)


def test_reportShowsTheChoice():
    results = example()
    doses = np.linspace(0, 3, 20)
    curve = {"absorbedDoseGy": doses.tolist(), "volumePercent": (100 * (1 - doses / 3)).tolist()}
    curves = {engine: {region["name"]: curve for region in results["regions"]} for engine in TITLES}
    html = renderReport(results, {"engineCurves": curves})
    assert "Absorbed-dose engines side by side" in html and "those of the primary engine, Local energy" in html
    assert "About voxelS." in html and "Dose-volume histograms by each absorbed-dose engine" in html
    alone = renderReport(example(("localDeposition",)), {})
    assert "Computed by one engine, Local energy deposition" in alone and "side by side" not in alone
    assert "engine was not recorded" in renderReport(exampleResults(), {})


def test_differencePicture():
    rows, columns = np.indices((40, 50))
    labels = ((rows - 20) ** 2 + (columns - 25) ** 2 < 64).astype(int)
    difference = (columns - 25.0) / 25.0
    content = engineFigures.differencePicture(
        np.zeros((40, 50)), {"Voxel S values": difference, "Monte Carlo": -difference}, labels, {1: "liver"},
        (2.0, 2.0), 1.0, np.array([(0, 0, 1), (1, 1, 1), (1, 0, 0)], float), ("R", "L"))
    assert content.startswith(b"\x89PNG") and len(content) > 5000
    with pytest.raises(InputError, match="no difference"):
        engineFigures.differencePicture(None, {}, labels, {}, (1.0, 1.0), 1.0, np.zeros((2, 3)))


def test_overlaidHistogramsNeedCurves():
    with pytest.raises(InputError, match="no dose-volume"):
        engineFigures.engineDVHChart({"a": {}}, {"a": "A"}, ["liver"])


def test_ratesIsodosesAndParticles():
    results = example()
    assert doseTables.rates(results) is None and doseTables.particles(results) is None
    assert doseTables.isodoses(results) is None
    results["isodoses"] = [{"levelGy": 2.5, "volumeML": 529.24}, {"levelGy": 20.0, "volumeML": 0.0}]
    region = results["regions"][0]
    region["absorbedDoseRate"] = {"ratesMGyPerHour": [point["timeHours"] for point in region["timeActivity"]],
                                  "absorbedDoseFromRatesGy": 2.0, "differencePercent": -0.24}
    region["particles"] = {"alphaGy": 2.0, "electronGy": 0.1, "photonGy": None}
    region["rbeWeightedAbsorbedDose"] = {"valueGy": 10.1, "title": "RBE-weighted absorbed dose (Gy, RBE 5)"}
    assert [cell.text for cell in doseTables.isodoses(results).rows[0]][1:] == ["529", "0"]
    assert doseTables.rates(results).rows[0][-1].text.startswith("\N{MINUS SIGN}0.2")
    row = doseTables.particles(results).rows[0]
    assert row[3].isMissing and row[4].text == "10.1"
    html = renderReport(results, {})
    assert "Isodose volumes" in html and "Absorbed-dose rates at the scans" in html and "RBE 5" in html
