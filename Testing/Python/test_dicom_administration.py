"""Administered and residual activity: from a DICOM report, or from what was measured in the syringe."""

import pydicom
import pytest

from MRTDosimetryLib.dicom.administrationReport import SOP_CLASS_UID, readAdministration
from MRTDosimetryLib.dicom.attributes import codeItem, newImage
from MRTDosimetryLib.errors import FaultList, InputError
from MRTDosimetryLib.workflow.administration import netAdministration

HALF_LIFE_HOURS = 159.528


def content(kind, code, meaning, scheme="DCM"):
    item = pydicom.Dataset()
    item.ValueType, item.RelationshipType = kind, "CONTAINS"
    item.ConceptNameCodeSequence = [codeItem(code, scheme, meaning)]
    return item


def activity(code, value, unit="MBq"):
    item, measured = content("NUM", code, "Activity"), pydicom.Dataset()
    measured.NumericValue = str(value)
    measured.MeasurementUnitsCodeSequence = [codeItem(unit, "UCUM", unit)]
    item.MeasuredValueSequence = [measured]
    return item


def report(path, *items, events=1):
    dataset = newImage(SOP_CLASS_UID, "2.25.900")
    dataset.PatientID, dataset.Modality = "TEST", "SR"
    event = content("CONTAINER", "113502", "Radiopharmaceutical Administration")
    agent = content("CODE", "349358000", "Radiopharmaceutical agent", "SCT")
    isotope = content("CODE", "89457008", "Radionuclide", "SCT")
    isotope.ConceptCodeSequence = [codeItem("447553000", "SCT", "^177^Lutetium")]
    agent.ContentSequence = [isotope]
    start = content("DATETIME", "123003", "Radiopharmaceutical Start DateTime")
    start.DateTime = "20260504100000"
    event.ContentSequence = [agent, start, *items]
    dataset.ContentSequence = [event] * events
    dataset.save_as(path, enforce_file_format=True)
    return str(path)


def test_factsOfTheReport(tmp_path):
    facts = readAdministration(report(tmp_path / "report.dcm", activity("113507", 7.4, "GBq"), activity("113508", 7500),
                                      activity("113509", 100)))
    values = {name: fact.value for name, fact in facts.items()}
    assert values == {
        "administeredActivityMBq": 7400.0, "measuredActivityMBq": 7500.0, "residualActivityMBq": 100.0,
        "radionuclide": "Lu-177", "radiopharmaceuticalStartDateTime": "2026-05-04T10:00:00", "patientId": "TEST"}
    assert facts["administeredActivityMBq"].detail == "(0040,A730)[2] 113507"


@pytest.mark.parametrize(("items", "events", "words"), [
    ([activity("113507", 7400, "mSv")], 1, r"\(0040,08EA\)"), ([activity("113507", -1)], 1, "negative"),
    ([activity("113507", 7400), activity("113507", 7000)], 1, "two values"), ([], 2, "2 administrations"),
])
def test_reportsThatAreNotClearAreRefused(tmp_path, items, events, words):
    with pytest.raises(InputError, match=words):
        readAdministration(report(tmp_path / "report.dcm", *items, events=events))


def test_reportInPlaceOfTypedValues(tmp_path):
    path = report(tmp_path / "report.dcm", activity("113507", 7400))
    net, moment, reason = netAdministration({"report": path}, "Lu-177")
    assert (net, moment) == (7400.0, "2026-05-04T10:00:00") and "(0040,A730)[2] 113507" in reason
    # what is stated counts before the report
    assert netAdministration({"report": path, "activityMBq": 7300}, "Lu-177")[:2] == (7300, "2026-05-04T10:00:00")
    with pytest.raises(InputError, match="report is of Lu-177"):
        netAdministration({"report": path}, "Y-90")
    path = report(tmp_path / "measured.dcm", activity("113508", 7500), activity("113509", 100))
    assert netAdministration({"report": path}, "Lu-177")[0] == pytest.approx(7400.0)


def test_netActivityFromTheSyringe():
    net, moment, reason = netAdministration({
        "measuredActivityMBq": 7600, "measuredDateTime": "2026-05-04T08:00:00", "residualActivityMBq": 100,
        "residualDateTime": "2026-05-04T12:00:00", "dateTime": "2026-05-04T10:00:00"}, "Lu-177")
    assert net == pytest.approx(7600 * 2 ** (-2 / HALF_LIFE_HOURS) - 100 * 2 ** (2 / HALF_LIFE_HOURS), rel=1e-6)
    assert moment == "2026-05-04T10:00:00" and "7600 MBq measured minus 100 MBq" in reason
    for wrong in ({"measuredActivityMBq": 7600}, {"activityMBq": 1, "measuredActivityMBq": 2},
                  {"measuredActivityMBq": 100, "residualActivityMBq": 200}):
        with pytest.raises((InputError, FaultList)):
            netAdministration({"dateTime": "2026-05-04T10:00:00", **wrong}, "Lu-177")
