"""Activity outside the regions: said in words when it cannot be integrated, and regions do not depend on it."""

import json

import numpy as np
import pytest
from caseFiles import bodyLabels, writeStudy

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.imaging.files import readImage, writeImage

pytestmark = pytest.mark.usefixtures("allWithoutPictures")


def run(folder, change=None, outsideFactors=(1.0, 1.0, 1.0, 1.0)):
    study = writeStudy(folder, change=change)
    outside = bodyLabels().array == 0
    for index, factor in enumerate(outsideFactors):
        path = str(folder / f"spect{index + 1}.nrrd")
        image = readImage(path)
        writeImage(image.withArray(np.where(outside, image.array * np.float32(factor), image.array)), path)
    assert commandLine.main(["run", str(study), "--out", str(folder / "out")]) == 0
    return json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))


def test_noActivityOutsideIsATrueZero(tmp_path):
    results = run(tmp_path, outsideFactors=(0.0, 0.0, 0.0, 0.0))
    assert results["remainder"]["timeIntegratedActivityMBqH"] == 0.0
    assert "no activity outside" in results["remainder"]["note"]


def test_negativeActivityOutsideIsSaid(tmp_path):
    results = run(tmp_path, outsideFactors=(1.0, 1.0, -0.5, 1.0))
    assert results["remainder"]["timeIntegratedActivityMBqH"] is None
    assert any("outside the regions is negative" in line for line in results["warnings"])
    assert all(region["absorbedDoseGy"] > 0 for region in results["regions"])


def test_remainderIsIntegratedAndSpreadOutsideTheRegions(tmp_path):
    results = run(tmp_path)
    found = results["remainder"]["timeIntegratedActivityMBqH"]
    assert abs(found / (200.0 * 60.0 / np.log(2)) - 1) < 1e-3
    dose = readImage(str(tmp_path / "out" / "absorbedDose.nrrd"))
    outside = bodyLabels().array == 0
    assert dose.array[outside].max() > 0


def test_remainderThatCannotBeFittedIsSaid(tmp_path, monkeypatch):
    from MRTDosimetryLib.errors import CalculationError
    from MRTDosimetryLib.workflow import kinetics, regionFits

    fitted = regionFits.fitAsChosen

    def refuse(choice, study, name, *arguments):
        if name == kinetics.REMAINDER:
            raise CalculationError("No model describes the curve")
        return fitted(choice, study, name, *arguments)

    monkeypatch.setattr(regionFits, "fitAsChosen", refuse)
    results = run(tmp_path)
    assert results["remainder"]["timeIntegratedActivityMBqH"] is None
    assert any("No model describes the curve" in line for line in results["warnings"])
    assert all(region["timeIntegratedActivityMBqH"] > 0 for region in results["regions"])
