"""Activities of whole-body scans of a digital patient: against the truth, by CT and by transmission."""

import copy

import numpy as np
import planarPhantom as phantom
import pytest

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.dicom.planar import readPlanar
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.imaging.planarProjection import PlanarGeometry, attenuationCoefficientCM2PerG, project
from MRTDosimetryLib.imaging.planarSeparation import separated
from MRTDosimetryLib.workflow import calibrationRecord, planarFile, planarSeries


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A folder with scans of 4 and 96 h, and the content of their planar file."""
    folder = tmp_path_factory.mktemp("planar")
    return folder, phantom.writeSeries(folder)


def run(case, change=None, images=None):
    folder, content = case[0], copy.deepcopy(case[1])
    if images is not None:
        content["images"] = content["images"][:images]
    if change:
        change(content)
    return planarSeries.planarSeries(planarFile.readPlanarStudy(phantom.writePlanarFile(folder, content)))


def deviations(rows):
    return {(row["region"], row["timeHours"]): row["activityMBq"] / phantom.activityMBq(row["region"], row["timeHours"])
            - 1.0 for row in rows}


def refusal(case, change=None, images=1):
    with pytest.raises(InputError) as caught:
        run(case, change, images)
    return " ".join(str(fault) for fault in caught.value.faults)


def test_activitiesOfTheDigitalPatient(case):
    rows, warnings = run(case)
    found = deviations(rows)
    assert len(found) == 6 and all(abs(value) < 0.03 for value in found.values()), found
    for row in rows:
        truth = phantom.activityMBq(row["region"], row["timeHours"])
        uncorrected = row["activityMBq"] / row["attenuation"]["factor"]
        assert uncorrected < 0.4 * truth
        assert row["components"]["sensitivity"] == 0.02 and 0.03 < row["components"]["attenuation"] < 0.04
        assert row["uncertaintyMBq"] / row["activityMBq"] == pytest.approx(row["components"]["counting"])
        assert 0.001 < row["components"]["counting"] < 0.02
        assert (row["components"]["thickness"] > 0) == (row["region"] == "kidney left")
        assert row["alignment"]["patternShiftMM"] == [0.0, 0.0] and row["alignment"]["outlineMismatchMM"] < 4.0
        assert row["attenuation"]["energyKeV"] == pytest.approx(208.366)
    # what lies over what, and that nothing else is doubtful
    assert {words.split(":")[0] for words in warnings} == {
        "liver", "spleen", "kidney left", "The uncertainty of the position of the planar views is not stated"}
    assert any("16% of its pixels are shared with spleen, 8% with liver" in words and "74% of the region" in words
               for words in warnings)


def test_overlapThatIsKept(case):
    def keep(content):
        content["projection"]["overlap"] = "keep"
        content["regions"].append({"name": "kidney right"})

    rows, warnings = run(case, keep, 1)
    found = deviations(rows)
    assert found["kidney right", 4.0] > 1.0 and found["kidney left", 4.0] > 0.2
    assert any(words.startswith("kidney right: 8") and "shared with liver" in words and "overlap is kept" in words
               for words in warnings)
    assert "seen free of other regions (8" in refusal(case, lambda d: d["regions"].append({"name": "kidney right"}))


ALL = [{"name": name} for name in ("liver", "spleen", "kidney left", "kidney right", "lesion 3")]


def separate(content):
    content.update(projection={"overlap": "separate", "resolutionFWHMMM": phantom.FWHM_MM}, regions=copy.deepcopy(ALL))


def test_overlapThatIsToldApart(case):
    """The right kidney, of which the liver leaves nothing free, and a lesion within the liver."""
    rows, warnings = run(case, separate)
    found = deviations(rows)
    assert len(found) == 10 and all(abs(value) < 0.035 for value in found.values()), found
    for row in rows:
        assert 0.001 < row["components"]["counting"] < 0.02
        assert row["attenuation"]["freeShare"] == 1.0
    assert any(words.startswith("kidney right: ") and "shared with liver" in words and "told apart" in words
               for words in warnings)
    assert not any("misfit" in words for words in warnings)
    # a patient who lies elsewhere: the uncertainty grows with the misfit
    moved, _warnings = run(case, lambda d: (separate(d), d["alignment"].update(middleRSMM=[
        phantom.MIDDLE_RS_MM[0], phantom.MIDDLE_RS_MM[1] + 9.6])), 1)
    assert moved[0]["components"]["counting"] > 1.4 * rows[0]["components"]["counting"]
    # an organ that is not drawn
    _rows, warnings = run(case, lambda d: (separate(d), d["names"].pop("2"), d["regions"].pop(1)), 1)
    assert any("organs that are not drawn" in words for words in warnings)


def test_positionIsRefinedAndItsUncertaintyCarried(case):
    def change(right, superior, **alignment):
        def apply(content):
            separate(content)
            content["alignment"].update(middleRSMM=[phantom.MIDDLE_RS_MM[0] + right,
                                                    phantom.MIDDLE_RS_MM[1] + superior], **alignment)
        return apply

    away, _warnings = run(case, change(4.8, 7.2), 1)
    assert deviations(away)["kidney right", 4.0] < -0.1
    rows, warnings = run(case, change(4.8, 7.2, isRefined=True), 1)
    assert all(abs(value) < 0.035 for value in deviations(rows).values()) and len(warnings) == 6
    assert rows[0]["alignment"]["isRefined"] and rows[0]["alignment"]["patternShiftMM"] == pytest.approx([-4.8, -7.2])
    _rows, warnings = run(case, change(4.8, 24.0, isRefined=True), 1)
    assert any("measured there" in words for words in warnings)
    certain = {row["region"]: row for row in rows}
    for settings in (separate, lambda d: None):
        rows, warnings = run(case, lambda d, settings=settings: (
            settings(d), d["alignment"].update(uncertaintyMM=3)), 1)
        assert not any("position" in words for words in warnings)
        for row in rows:
            assert row["components"]["position"] > 0.002
            own = np.hypot(row["components"]["counting"], row["components"]["position"])
            assert row["uncertaintyMBq"] / row["activityMBq"] == pytest.approx(own)
            assert row["uncertaintyCounts"] / row["counts"] == pytest.approx(own)
            assert row["commonRelativeUncertainty"] == pytest.approx(certain[row["region"]][
                "commonRelativeUncertainty"], rel=0.1)
    assert "isRefined" in refusal(case, change(0, 0, isRefined="yes"))


def test_whatCannotBeToldApart(case):
    """Half of a kidney's voxels by another name are known the less; a kidney that is drawn twice is refused."""
    ct, labels = phantom.body()
    counts = phantom.scanAt(4.0).astype(float)
    images, variances = ([counts[side] + sign * (counts[2 + side] + counts[4 + side]) for side in (0, 1)]
                         for sign in (-1.0, 1.0))
    for values in (images, variances):
        values[1] = values[1][:, ::-1]
    geometry = PlanarGeometry(images[0].shape, (phantom.PIXEL_MM,) * 2, ("L", "F"), phantom.MIDDLE_RS_MM)
    names = {int(value): name for value, name in phantom.NAMES.items()}
    whole = separated(images, variances, project(ct, geometry, [(labels, names)], 0.208366), phantom.FWHM_MM)
    array = labels.array.copy()
    array[(array == 3) & (np.indices(array.shape)[0] % 2 == 0)] = 9
    half = separated(images, variances, project(ct, geometry, [(labels.withArray(array), {**names, 9: "half"})],
                                                0.208366), phantom.FWHM_MM)
    assert half.uncertainties["half"] > 10.0 * whole.uncertainties["kidney left"]
    assert half.counts["half"] + half.counts["kidney left"] == pytest.approx(whole.counts["kidney left"], rel=0.01)
    twice = project(ct, geometry, [(labels, names), (labels, {3: "kidney"})], 0.208366)
    with pytest.raises(InputError, match="too much alike"):
        separated(images, variances, twice, phantom.FWHM_MM)
    assert "by the attenuation of a CT" in refusal(case, lambda d: (separate(d), d.update(attenuation={
        "from": "transmission", "transmissionKeV": 122.06})))


def test_sharedCountsAreNoActivities(case):
    def keep(content):
        content["projection"]["overlap"] = "keep"
        content["use"] = "absolute"

    assert "26% of the region's pixels are shared with liver" in refusal(case, keep)


def test_shiftedPositionIsFlaggedAndRefused(case):
    def moved(right, superior):
        def change(content):
            content["alignment"]["middleRSMM"] = [phantom.MIDDLE_RS_MM[0] + right, phantom.MIDDLE_RS_MM[1] + superior]
        return change

    _rows, warnings = run(case, moved(0.0, 24.0), 1)
    assert any("0 mm further to the patient's left and 24 mm further to the head than stated" in words
               for words in warnings)
    _rows, warnings = run(case, moved(19.2, 0.0), 1)
    assert any("contour of the body" in words and "further to the right" in words for words in warnings)
    words = refusal(case, moved(24.0, -72.0))
    assert "Correct middleRSMM by -24 and +72 mm" in words
    # stated right after all, as the place of the patient in this image
    rows, warnings = run(case, lambda d: (moved(24.0, -72.0)(d), d["images"][0].update(shiftMM=[24.0, -72.0])), 1)
    assert all(abs(value) < 0.03 for value in deviations(rows).values()) and len(warnings) == 4


def test_positionThatIsNotStatedIsFound(case):
    words = refusal(case, lambda d: d.pop("alignment"))
    found = words[words.index("[") + 1:words.index("]")].split(",")
    assert [float(value) for value in found] == pytest.approx(phantom.MIDDLE_RS_MM, abs=3.0)


def test_exchangedSidesAreRefused(case):
    assert "left and right exchanged" in refusal(case, lambda d: d.update(orientation={
        "anterior": "R\\F", "posterior": "L\\F"}))


def test_orientationOfTheFile(case, tmp_path):
    cosines = ([1, 0, 0, 0, 0, -1], [-1, 0, 0, 0, 0, -1])
    path = phantom.writeWholeBody(tmp_path / "scan.dcm", phantom.scanAt(4.0), cosines)
    assert [view.orientation for view in readPlanar(path).views[:2]] == [("L", "F"), ("R", "F")]

    def named(content):
        content["images"] = [{"file": str(path), "hoursAfterAdministration": 4.0}]
        del content["orientation"]

    assert all(abs(value) < 0.03 for value in deviations(run(case, named)[0]).values())
    assert "toward L and F by its file, and toward R and F as stated" in refusal(case, lambda d: (
        named(d), d.update(orientation={"anterior": "R\\F"})))
    assert "is not known: the file does not say it" in refusal(case, lambda d: d.pop("orientation"))


def writeTransmission(folder, energyMeV):
    """A blank and a transmission scan: the CT's own attenuation at that energy, as the anterior view shows it."""
    ct = phantom.body()[0]
    ratio = attenuationCoefficientCM2PerG(energyMeV) / attenuationCoefficientCM2PerG(0.208366)
    muT = phantom.onView(ct, phantom.attenuation(ct).sum(axis=1)) / (phantom.PIXEL_MM / 4.0) ** 2
    random = np.random.default_rng(5)
    for name, expected in (("open", 400.0 + 0.0 * muT), ("transmitted", 400.0 * np.exp(-ratio * muT))):
        counts = np.array([random.poisson(expected)] + [np.zeros(muT.shape, int)] * 5).astype("<u2")
        phantom.writeWholeBody(folder / f"{name}.dcm", counts)


def test_transmissionAgreesWithCT(case):
    writeTransmission(case[0], 0.12206)
    transmission = {"from": "transmission", "open": "open.dcm", "transmitted": "transmitted.dcm", "detector": 1,
                    "window": 1, "transmissionKeV": 122.06, "relativeUncertainty": 0.02}
    byCT, _warnings = run(case, None, 1)
    rows, _warnings = run(case, lambda d: d.update(attenuation=transmission), 1)
    for row, own in zip(rows, byCT, strict=True):
        assert row["attenuation"]["bodyMuT"] == pytest.approx(own["attenuation"]["bodyMuT"], rel=0.02)
        # the liver is no slab: by each voxel's own depth its activity is a little less
        assert row["activityMBq"] == pytest.approx(own["activityMBq"], rel=0.06)
    assert "exchanged" in refusal(case, lambda d: d.update(attenuation={
        **transmission, "open": "transmitted.dcm", "transmitted": "open.dcm"}))


def kidneyPolygon():
    """Bounding box of the left kidney in the anterior view, in pixels, and a strip beside it."""
    ct, labels = phantom.body()
    shown = phantom.onView(ct, (labels.array == 3).any(axis=1).astype(float)) > 0
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    low, high = columns[0] - 3.5, columns[-1] + 3.5
    top, bottom = rows[0] + 14.5, rows[-1] + 3.5
    return ([[low, top], [high, top], [high, bottom], [low, bottom]],
            [[high + 2, top], [high + 8, top], [high + 8, bottom], [high + 2, bottom]])


def test_drawnRegionByItsStatedThickness(case):
    """A polygon under the spleen's lower pole: without a region of the CT, and by counts of a transmission scan."""
    corners, beside = kidneyPolygon()
    drawn = {"name": "tumor", "anterior": corners, "background": beside, "bodyFraction": 0.8, "thicknessMM": 40}
    rows, _warnings = run(case, lambda d: d.update(regions=[drawn]), 1)
    row = rows[0]
    assert row["attenuation"]["bodyMuT"] == pytest.approx(2.4, abs=0.25)
    assert row["attenuation"]["sourceThicknessMM"] == 40 and row["attenuation"]["freeShare"] == 1.0
    stated = {**drawn, "transmission": {"openCounts": 1e6, "transmittedCounts": 1e6 * np.exp(
        -row["attenuation"]["bodyMuT"])}}
    again, _warnings = run(case, lambda d: d.update(regions=[stated], attenuation={
        "from": "transmission", "transmissionKeV": 208.366, "relativeUncertainty": 0.03}), 1)
    assert again[0]["activityMBq"] == pytest.approx(row["activityMBq"], rel=1e-6)
    assert again[0]["components"]["attenuation"] > row["components"]["attenuation"]
    # without any region of the CT, the position is checked by the body's contour alone
    def alone(content):
        content.update(regions=[drawn])
        del content["labelmap"], content["names"]

    again, warnings = run(case, alone, 1)
    assert again[0]["activityMBq"] == row["activityMBq"] and again[0]["alignment"]["outlineMismatchMM"] < 5.0
    assert again[0]["alignment"]["patternShiftMM"] is None and warnings == []
    assert "is not stated" in refusal(case, lambda d: (alone(d), d.pop("alignment")))
    assert "thicknessMM" in refusal(case, lambda d: d.update(regions=[
        {key: value for key, value in drawn.items() if key != "thicknessMM"}]))


def test_sensitivityOfACalibrationRecord(case):
    def named(**changes):
        content = {"kind": "calibration", "schemaVersion": 1, "camera": "Camera A", "radionuclide": "Lu-177",
                   "date": "2026-05-04", "validUntil": "2027-05-04",
                   "energyWindow": {"lowerKeV": 187.2, "upperKeV": 228.8},
                   "sensitivity": {"value": phantom.SENSITIVITY, "factor": 1e6 / phantom.SENSITIVITY, "isRatio": False,
                                   "isPlanar": True, "relativeUncertainty": 0.02}, **changes}
        phantom.writePlanarFile(case[0], calibrationRecord.sealed(content), "camera.json")
        return lambda d: d.update(sensitivity="camera.json")

    stated, _warnings = run(case, None, 1)
    rows, warnings = run(case, named(), 1)
    assert [row["activityMBq"] for row in rows] == [row["activityMBq"] for row in stated]
    assert rows[0]["components"] == stated[0]["components"] and len(warnings) == 4
    _rows, warnings = run(case, named(date="2026-05-01", validUntil="2026-05-03",
                                      energyWindow={"lowerKeV": 150, "upperKeV": 250}), 1)
    assert any("expired" in words for words in warnings) and any("energy window is" in words for words in warnings)
    assert "calibration is for I-131" in refusal(case, named(radionuclide="I-131"))
    assert "no planar sensitivity" in refusal(case, named(sensitivity={"value": 9.0, "factor": 1e5}))


def test_whatIsNotStatedIsSaid(case):
    def bare(content):
        del content["sensitivity"]["relativeUncertainty"], content["attenuation"]["relativeUncertainty"]
        content["windows"] = {"main": 1}

    rows, warnings = run(case, bare, 1)
    assert rows[0]["components"]["sensitivity"] == rows[0]["components"]["attenuation"] == 0.0
    assert sum("is not stated" in words for words in warnings) == 3
    assert any("activities come out too large" in words for words in warnings)
    assert deviations(rows)["liver", 4.0] > 0.15


@pytest.mark.parametrize("change, words", [
    (lambda d: d.pop("sensitivity"), "only the attenuation is given"),
    (lambda d: d.pop("attenuation"), "only the sensitivity is given"),
    (lambda d: d.pop("fieldOfViewLengthMM"), "fieldOfViewLengthMM"),
    (lambda d: d["sensitivity"].pop("source"), "has no source"),
    (lambda d: d["projection"].pop("marginMM"), "margin around projected regions is not stated"),
    (lambda d: d["projection"].update(background={"widthMM": 3}), "not a ring"),
    (lambda d: d["projection"].update(overlap="guess"), "no way to treat overlap"),
    (lambda d: d.update(projection={"overlap": "separate"}), "resolution of the views"),
    (lambda d: d["projection"].update(overlap="separate", resolutionFWHMMM=9), "'marginMM' is given for regions that"),
    (lambda d: d["attenuation"].update({"from": "guess"}), "What attenuation comes from"),
    (lambda d: d["attenuation"].update(energyKeV=364), "not in the main window"),
    (lambda d: d["attenuation"].update(relativeUncertainty=3), "Give a fraction"),
    (lambda d: d.update(windows={"main": 2}), "No photons of Lu-177 are known in the main window (166.4 to 187.2"),
    (lambda d: d.update(radionuclide="I-131"), "is of Lu-177 by its header, the series is of I-131"),
    (lambda d: d.pop("ct"), "there is none"),
    (lambda d: d["alignment"].update(middleRSMM=[0]), "not two numbers"),
    (lambda d: d["alignment"].update(middleRSMM=[0, 4000]), "shows nothing of the CT"),
    (lambda d: d["regions"].append({"name": "heart"}), "no region of that name"),
    (lambda d: d.update(isPosteriorMirrored=False), "does not fit the orientation"),
    (lambda d: d.update(orientation={"anterior": "up"}), "no orientation of a view"),
    (lambda d: d["images"][0].update(shiftMM=[0, 1], shiftPixels=[0, 1]), "in pixels and in mm"),
    (lambda d: d.update(use="absolute", sensitivity=None, attenuation=None), "cannot be used as activities"),
])
def test_badInput(case, change, words):
    assert words in refusal(case, change)


def test_onePairOnTheCommandLine(case, tmp_path, capsys):
    content = copy.deepcopy(case[1])
    content["images"] = content["images"][:1]
    path, out = phantom.writePlanarFile(case[0], content, "pair.json"), tmp_path / "pair.csv"
    assert commandLine.main(["planar", str(path), "--out", str(out)]) == 0
    lines = out.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 and lines[0].startswith("timeHours,kidney left,kidney left uncertainty")
    assert float(lines[1].split(",")[1]) == pytest.approx(phantom.activityMBq("kidney left", 4.0), rel=0.03)
    assert "MBq" in capsys.readouterr().out
