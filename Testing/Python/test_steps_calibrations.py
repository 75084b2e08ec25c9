"""Calibrations in the panel of the center: from loaded phantom scans to records, and what each is worth today."""

import json
import os

import calibrationExamples as example
import numpy as np
import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import driving, qtModule
from StandIns.driving import select, texts

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.imaging.volume import Volume
from MRTDosimetryLib.scene import segments, volumes
from MRTDosimetryLib.scene.study import FACTS_ATTRIBUTE
from MRTDosimetryLib.workflow import calibration, calibrationFolder

NARROWEST = 380


@pytest.fixture
def page(tmp_path):
    with driving.Wizard(NARROWEST) as wizard:
        wizard.ui.centerButton.click()
        center = wizard.shell.center
        center.goToPage(center.indexOf("calibrations"))
        center.page.wizard = wizard
        (tmp_path / "center").mkdir()
        qtModule.queueReply("QFileDialog.getExistingDirectory", str(tmp_path / "center"))
        center.page.ui.folderButton.click()
        yield center.page


def messages(page):
    listing = page.frame.ui.messageList
    return [listing.item(row).text() for row in range(listing.count)]


def primary(page):
    return page.frame.ui.primaryButton


def kept(page):
    return sorted(name for name in os.listdir(page.folder()) if name.endswith(".json"))


def typeIn(form, **values):
    """Type into the fields of a form as the user does."""
    for name, value in values.items():
        editor = form.editor(name)
        if editor.inherits("QComboBox"):
            select(editor, value)
        else:
            editor.text = value
            editor.editingFinished.emit()


def loaded(page, image, isDecayCorrected=False, **facts):
    """A scan as the DICOM plugin leaves it in the scene."""
    node = volumes.addVolume(page.wizard.scene, image,
                             "counts" if image.unit == "counts" else "activityConcentration")
    stated = {"acquisitionDateTime": example.SCAN, "durationSeconds": example.SECONDS, "radionuclide": "Lu-177",
              "camera": "Camera A", "collimator": "MEGP", "energyWindow": "EM1 (187.2 to 228.8 keV)",
              "decayCorrection": "START" if isDecayCorrected else "NONE", **facts}
    node.SetAttribute(FACTS_ATTRIBUTE, json.dumps({
        key: {"value": value, "unit": "", "source": "DICOM", "detail": ""} for key, value in stated.items()}))
    return node


def begin(page, kind):
    select(page.ui.kindSelector, kind)


def addScan(page, node):
    page.ui.scanNodeSelector.setCurrentNode(node)
    page.ui.addScanButton.click()


def fillCylinder(page, **changes):
    """A camera sensitivity of the phantom scan, with every field."""
    begin(page, "sensitivity")
    addScan(page, loaded(page, example.phantomScan()))
    typeIn(page.groups.form("instrument"), reconstruction="OSEM", date="2026-05-04", validUntil="2027-05-04")
    read = example.statement()["sensitivity"]["activity"]["measuredActivityMBq"]
    typeIn(page.groups.form("activity"), **{
        "measuredActivity": f"{read:.12g}", "measuredDateTime": "2026-05-04 08:00", "residualActivity": "4",
        "activityPercent": "2", **changes})


def testFromAPhantomScanToARecord(page):
    assert messages(page) == ["Choose what to calibrate"]
    assert "No calibration is kept" in page.ui.emptyWords.text
    begin(page, "sensitivity")
    assert "Add a scan" in messages(page) and not primary(page).enabled
    fillCylinder(page)
    # the header of the scan fills the instrument
    assert page.draft.values["instrument"]["camera"] == "Camera A"
    assert page.draft.values["instrument"]["windowUpperKeV"] == 228.8
    assert messages(page) == [] and primary(page).text == "Calibrate"
    primary(page).click()
    assert messages(page) == [] and primary(page).text == "Save the record"
    assert "Sensitivity 9 counts per second and" in page.ui.resultWords.text
    assert kept(page) == []
    primary(page).click()
    assert messages(page) == ["Kept as CameraA-Lu177-sensitivity-2026-05-04-v1.json", "Choose what to calibrate"]
    (name,) = kept(page)
    path = os.path.join(page.folder(), name)
    record = calibration.load(path)
    assert record["sensitivity"]["value"] == pytest.approx(example.CPS_PER_MBQ, rel=1e-5)
    assert record["sensitivity"]["relativeUncertainty"] == pytest.approx(0.02, rel=0.01)
    assert record["validUntil"] == "2027-05-04" and record["energyWindow"] == {"lowerKeV": 187.2, "upperKeV": 228.8}
    # the command line makes the same record again, from the scan kept beside it
    again = os.path.join(page.folder(), "again.json")
    assert commandLine.main(["calibrate", path, "--out", again]) == 0
    assert calibration.load(again) == record
    os.remove(again)
    assert texts(page.ui.recordsTable)[0][0] == "Camera A\nSensitivity"
    page.ui.recordsTable.setCurrentCell(0, 0)
    page.frame.refresh()
    assert "Calibration of Camera A for Lu-177" in page.ui.recordWords.text


def testAnotherVersionOfTheSameInstrument(page):
    fillCylinder(page)
    for _press in range(2):
        primary(page).click()
    page.ui.recordsTable.setCurrentCell(0, 0)
    page.ui.likeButton.click()
    assert page.draft.kind == "sensitivity"
    form = page.groups.form("instrument")
    assert form.editor("camera").text == "Camera A" and form.editor("reconstruction").text == "OSEM"
    fillCylinder(page)
    for _press in range(2):
        primary(page).click()
    assert kept(page) == [f"CameraA-Lu177-sensitivity-2026-05-04-v{version}.json" for version in (1, 2)]
    assert {row["version"]: row["state"] for row in page._rows}[1] == "superseded"


@pytest.mark.parametrize("changes, words", [
    ({"measuredDateTime": "2025-05-04 08:00"}, "Check the date of the activity meter's reading"),
    ({"measuredDateTime": "2026-05-05 08:00"}, "was measured 22 h after the scan: check the dates"),
    ({"measuredActivity": "12"}, "lies outside 4 to 10"),
    ({"residualActivity": "900"}, "is not below the measured one")])
def testReadingsThatCannotBe(page, changes, words):
    fillCylinder(page, **changes)
    primary(page).click()
    assert any(words in text for text in messages(page)), messages(page)


@pytest.mark.parametrize("changes, words", [
    ({"measuredActivity": "-5"}, "-5 is not above zero"), ({"measuredDateTime": "2026-05-04"}, "has no time of day"),
    ({"measuredDateTime": "yesterday"}, "is not a date and time"), ({"activityPercent": "200"}, "more than all of it"),
    ({"measuredActivity": "a lot"}, "'a lot' is not a number")])
def testWhatWasTypedIsToldBesideItsField(page, changes, words):
    fillCylinder(page, **changes)
    (name,) = changes
    assert words in page.groups.form("activity").faultOf(name).text.replace("\n", " ")
    assert any(words in text for text in messages(page)) and not primary(page).enabled


def testAScanOfAnotherNuclide(page):
    fillCylinder(page)
    page.draft.scans.clear()
    addScan(page, loaded(page, example.phantomScan(), radionuclide="I-131"))
    primary(page).click()
    assert any("The scan is of I-131 by its header, the calibration is for Lu-177" in text for text in messages(page))
    assert page.draft.content is None and primary(page).text == "Calibrate"


def testNegativeSensitivityIsRefused(page):
    fillCylinder(page)
    typeIn(page.groups.form("region"), background="rate", backgroundCps="999999")
    primary(page).click()
    assert any("not above zero" in text for text in messages(page)), messages(page)
    assert kept(page) == []


def testATimePointOfAStudyIsNoPhantom(page):
    from MRTDosimetryLib.scene.study import Study

    study = Study.create(page.wizard.scene, "Case")
    driving.addSmallStudy(study, (24.0,))
    begin(page, "sensitivity")
    addScan(page, study.timePoints[0].spectNode)
    assert any("is a time point of the study" in text for text in messages(page))


def testADrawnRegionAndItsBackground(page):
    image = example.phantomScan(backgroundCounts=50.0)
    fillCylinder(page)
    page.draft.scans.clear()
    addScan(page, loaded(page, image))
    labels = np.where(example.inside(8.0), 1, 0).astype(np.uint8)
    labels[5:9, :3, :3] = 2
    node = segments.segmentationFromLabels(page.wizard.scene, Volume(labels, example.matrix(), "", "drawn"),
                                           {1: "phantom", 2: "beside"}, "Drawn")
    typeIn(page.groups.form("region"), method="segment", background="segment")
    primary(page).click()
    assert any("No region is chosen" in text for text in messages(page))
    ids = {name: f"{node.GetID()}|{segmentID}" for segmentID, name in segments.regionNames(node).items()}
    select(page.ui.regionSelector, ids["phantom"])
    select(page.ui.backgroundSelector, ids["beside"])
    primary(page).click()
    assert page.draft.content["sensitivity"]["value"] == pytest.approx(example.CPS_PER_MBQ, rel=1e-3), messages(page)


def testASphereAtAPoint(page):
    fillCylinder(page)
    typeIn(page.groups.form("region"), method="sphere")
    primary(page).click()
    assert any("The sphere has no center" in text for text in messages(page))
    page.ui.placeButton.click()
    from MRTDosimetryLib.scene import calibrationMarkers

    calibrationMarkers.pointNode(page.wizard.scene).AddControlPointWorld(0.0, 0.0, 0.0)
    assert page.draft.centerRAS == (0.0, 0.0, 0.0) and page.ui.pointEdit.text == "0.0  0.0  0.0"
    typeIn(page.groups.form("region"), diameterMM="30", fillVolumeML="290.304")
    primary(page).click()
    # the sphere holds its share of what fills the cylinder
    assert page.draft.content["sensitivity"]["value"] == pytest.approx(example.CPS_PER_MBQ, rel=0.01), messages(page)
    page.ui.pointEdit.text = "1 2"
    page.ui.pointEdit.editingFinished.emit()
    assert any("'1 2' is not a point" in text for text in messages(page))


def fillSpheres(page, missing=()):
    image, diameters, places = example.sphereScan(missing)
    begin(page, "recovery")
    addScan(page, loaded(page, image, isDecayCorrected=True))
    typeIn(page.groups.form("instrument"), date="2026-05-04", validUntil="2027-05-04")
    typeIn(page.groups.form("spheres"), kBqPerML="800", dateTime="2026-05-04 10:00", percent="1")
    return diameters, places


def testSpheresAreFoundAndCorrected(page):
    from MRTDosimetryLib.scene import calibrationMarkers

    diameters, places = fillSpheres(page)
    primary(page).click()
    found = page.draft.content["recovery"]
    assert [item["diameterMM"] for item in found["spheres"]] == list(diameters), messages(page)
    assert np.allclose([item["centerRASMM"] for item in found["spheres"]], places, atol=0.5)
    assert len(found["points"]) == 6
    marked = calibrationMarkers._node(page.wizard.scene, "spheres")
    assert marked.GetNumberOfControlPoints() == 6
    # the curve is in the plot view, the points in the table view
    chart = page.wizard.scene.GetFirstNodeByClass("vtkMRMLPlotChartNode")
    assert chart.GetTitle() == "Recovery of spheres" and chart.GetNumberOfPlotSeriesNodes() == 4
    page.ui.takeFoundButton.click()
    table = page.groups.table().table
    assert table.rowCount == 7 and page.draft.values["spheres"]["placing"] == "points"
    table.setCurrentCell(5, 0)
    page.ui.placeSphereButton.click()
    calibrationMarkers.pointNode(page.wizard.scene).AddControlPointWorld(*places[5])
    assert page.draft.values["rows"][5]["right"] == round(float(places[5][0]), 2)
    primary(page).click()
    again = page.draft.content["recovery"]["points"]
    assert [point["recovery"] for point in again] == pytest.approx([point["recovery"] for point in found["points"]],
                                                                   abs=0.02)


def testSpheresInCountsNeedASensitivity(page):
    fillCylinder(page)
    for _press in range(2):
        primary(page).click()
    image, _diameters, _places = example.sphereScan()
    perConcentration = image.voxelVolumeML * 1e-6 * example.CPS_PER_MBQ * example.SECONDS
    counts = image.withArray(image.array * np.float32(perConcentration), unit="counts")
    begin(page, "recovery")
    addScan(page, loaded(page, counts, isDecayCorrected=True))
    typeIn(page.groups.form("instrument"), date="2026-05-04", validUntil="2027-05-04")
    typeIn(page.groups.form("spheres"), kBqPerML="800", dateTime="2026-05-04 10:00", percent="1")
    primary(page).click()
    assert any("no sensitivity in counts is calibrated" in text for text in messages(page))
    page.ui.sensitivitySelector.setCurrentIndex(1)
    for _press in range(2):
        primary(page).click()
    path = os.path.join(page.folder(), kept(page)[-1])
    record = calibration.load(path)
    assert record["recovery"] and record["sensitivity"]["from"]["file"] == kept(page)[0], messages(page)
    assert calibration.create(path) == record


def testAMissingSphereIsNamed(page):
    fillSpheres(page, missing=(4,))
    primary(page).click()
    assert any("The sphere 28 mm is missing" in text and "left out" in text for text in messages(page)), messages(page)
    assert page.draft.content is None
    typeIn(page.groups.form("spheres"), leftOut="28 mm")
    primary(page).click()
    assert "28 mm" not in [point["name"] for point in page.draft.content["recovery"]["points"]]


def testCounterDeadTimeAndPlanar(page, tmp_path):
    from planarExamples import BACKGROUND, SECONDS, SOURCE, writeImage

    begin(page, "counter")
    typeIn(page.groups.form("counterInstrument"), instrument="thyroidProbe", camera="Probe 1", radionuclide="I-131",
           date="2026-05-04", validUntil="2027-05-04")
    typeIn(page.groups.form("standard"), unit="µCi", activity="10", dateTime="2026-05-04 08:00", percent="3")
    assert "Add a counting of the standard" in messages(page)
    page.groups.onRows([{"dateTime": "2026-05-04 08:00", "counts": 222600.0, "seconds": 60.0,
                         "backgroundCounts": 600.0}])
    for _press in range(2):
        primary(page).click()
    begin(page, "deadTime")
    typeIn(page.groups.form("deadTimeInstrument"), camera="Camera A", radionuclide="Lu-177")
    typeIn(page.groups.form("deadTimeStated"), model="paralyzable")
    primary(page).click()
    assert any("neither stated nor measured" in text for text in messages(page))
    typeIn(page.groups.form("deadTimeStated"), microseconds="5", percent="10", origin="two sources")
    for _press in range(2):
        primary(page).click()
    begin(page, "planar")
    writeImage(tmp_path / "planar.dcm", 4.0)
    page.ui.scanPathEdit.text = str(tmp_path / "planar.dcm")
    typeIn(page.scans.form(), detector="1", mainWindow="1", columns="5-10", rows="10-17",
           backgroundSeconds=str(SECONDS), backgroundCounts=str(BACKGROUND * 48),
           acquisitionDateTime="2026-05-04 10:00")
    page.ui.addScanButton.click()
    typeIn(page.groups.form("instrument"), camera="Camera A", radionuclide="Lu-177")
    typeIn(page.groups.form("activity"), measuredActivity="100", measuredDateTime="2026-05-04 10:00",
           residualActivity="0", activityPercent="2")
    for _press in range(2):
        primary(page).click()
    found = {tuple(row["kinds"]): row for row in page._rows}
    assert found[("counter",)]["value"] == pytest.approx(0.01)
    assert (found[("deadTime",)]["value"], found[("deadTime",)]["uncertainty"]) == (5.0, 0.5)
    assert found[("planar",)]["value"] == pytest.approx(2 * SOURCE[4.0] * 48 / SECONDS / 100.0, rel=1e-3)


def testDatesOfCountingsAreNotCut(page):
    begin(page, "counter")
    page.groups.onRows([{"dateTime": "2026-05-04 08:00", "counts": 222600.0, "seconds": 60.0,
                         "backgroundCounts": 600.0}])
    page.wizard.app.processEvents()
    table = page.groups.table().table
    assert table.columnCount == 4 and table.columnWidth(0) >= table.sizeHintForColumn(0)


def testControlChart(page):
    begin(page, "constancyLog")
    typeIn(page.groups.form("log"), instrument="Counter 2", name="Cs-137, 123", halfLifeHours="263000",
           halfLifeSource="certificate", warningPercent="2", actionPercent="3")
    typeIn(page.groups.form("reference"), dateTime="2026-01-05 09:00", value="1000")
    assert primary(page).text == "Begin the control chart"
    primary(page).click()
    assert kept(page) == ["Counter2-Cs137123-constancy.json"], messages(page)
    for date, value, words in (("2026-04-05 09:00", "990", None), ("2026-07-05 09:00", "900", "action limit")):
        begin(page, "constancyTest")
        assert "Choose the control chart that the test belongs to" in messages(page)
        page.ui.logSelector.setCurrentIndex(1)
        typeIn(page.groups.form("test"), dateTime=date, value=value)
        assert primary(page).text == "Add the test"
        primary(page).click()
        assert page._rows[0]["date"] == date[:10], messages(page)
        assert words is None or any(words in text for text in messages(page)), messages(page)
    (row,) = page._rows
    assert (row["state"], row["validUntil"], len(row["content"]["tests"])) == ("action", "2026-10-05", 2)
    chart = page.wizard.scene.GetFirstNodeByClass("vtkMRMLPlotChartNode")
    assert chart.GetTitle() == "Constancy of Counter 2"
    # the legend has its place at the upper right: room is left above the limits
    low, high = chart.GetYAxisRange()
    assert not chart.GetYAxisRangeAuto() and low < -9.0 and high > 3.0 + 0.4 * 12.0
    assert commandLine.main(["constancy", row["path"]]) == 1


def testEditedAndExpiredRecordsAreMarked(page):
    fillCylinder(page)
    for _press in range(2):
        primary(page).click()
    path = os.path.join(page.folder(), kept(page)[0])
    content = calibration.load(path)
    with open(path, encoding="utf-8") as file:
        edited = json.load(file)
    edited["sensitivity"]["factor"] *= 2
    with open(path, "w", encoding="utf-8") as file:
        json.dump(edited, file)
    calibration.write(example.changedRecord(content, validUntil="2026-06-01"),
                      os.path.join(page.folder(), "expired.json"))
    page.enter()
    page.frame.refresh()
    told = messages(page)
    assert any(text.startswith("Camera A") and "was changed after it was written" in text for text in told), told
    assert any("Expired on 2026-06-01" in text for text in told)
    states = {row["file"]: index for index, row in enumerate(page._rows)}
    table = page.ui.recordsTable
    # told by shape and by color
    cells = [table.item(states[name], column) for name in (os.path.basename(path), "expired.json") for column in (0, 3)]
    assert not any(cells[index].icon().isNull() for index in (0, 2))
    assert cells[1].foreground().color().name() == cells[3].foreground().color().name() == "#d64541"
    page.frame.goToMessage("", next(text for text in told if "Expired on" in text))
    assert page._selectedRow()["file"] == "expired.json"
    page.ui.recordsTable.setCurrentCell(states[os.path.basename(path)], 0)
    page.frame.refresh()
    assert not page.ui.showButton.enabled and not page.ui.likeButton.enabled
    assert calibrationFolder.EDITED == "edited"


def testNothingStaysInTheSceneOfAStudy(page):
    import slicer

    wizard = page.wizard
    fillSpheres(page)
    primary(page).click()
    assert page.draft.content is not None
    before = wizard.scene.GetNumberOfNodes()
    wizard.shell.center.ui.backButton.click()
    left = [wizard.scene.GetNthNode(index) for index in range(wizard.scene.GetNumberOfNodes())]
    assert not [node.GetName() for node in left if node.GetAttribute("MRTDosimetry.calibration")
                or node.GetAttribute("MRTDosimetry.calibrationMarkers")]
    assert len(left) < before
    wizard.ui.centerButton.click()
    assert page.draft.content is not None, "what was made is still there"
    slicer.mrmlScene.Clear(0)
    primary(page).click()
    assert len(kept(page)) == 1, messages(page)


@pytest.mark.parametrize("width", [380, 520])
def testThePanelIsNeverTooWide(page, width):
    from StandIns.native import native

    native(page.wizard.widget.parent).resize(width, 820)
    for kind in ("sensitivity", "recovery", "planar", "deadTime", "counter", "constancyLog", "constancyTest"):
        begin(page, kind)
        for group in page.groups._sections:
            if not page.groups.section(group).isHidden():
                page.groups.section(group).collapsed = False
                assert page.wizard.shell.widget.minimumSizeHint.width() <= NARROWEST - 20, (kind, group)
