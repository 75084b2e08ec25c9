"""What is typed step by step: numbers as text, pasted and read rows, faults beside the fields they are about."""

import pytest
from therapyCases import limit

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.scene.headless import newScene
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.therapies import inputs
from MRTDosimetryLib.therapies.inputs import Field
from MRTDosimetryLib.workflow import measurements, protocol, statementEntry, statements, statementText

NUMBER, INTEGER = Field("counts", "Counts"), Field("cycle", "Cycle", "integer")
CHOICE = Field("isImaged", "Imaged", "choice", ((True, "yes"), (False, "no")))


@pytest.fixture
def study():
    found = Study.create(newScene(), "Study")
    protocol.setProtocol(found, "thyroidIodine.lateUptake", "I-131")
    return found


@pytest.mark.parametrize("text, value", [
    ("", None), ("  ", None), ("0.302", 0.302), ("0,302", 0.302), (" 12 ", 12.0), ("4.9378e-06", 4.9378e-06),
    ("14190", 14190.0), ("14,190", "14,190"), ("1,234,567", "1,234,567"), ("1.234.567", "1.234.567"),
    ("2,5", 2.5), ("12,34", 12.34), ("0,125", 0.125), ("about 5", "about 5"), ("37 mCi", "37 mCi")])
def test_numbersAreNeverGuessed(text, value):
    found = statementText.valueOf(NUMBER, text)
    assert found == value and type(found) is type(value)


def test_wholeNumbersAndChoices():
    assert statementText.valueOf(INTEGER, "3") == 3 and type(statementText.valueOf(INTEGER, "3")) is int
    assert statementText.valueOf(INTEGER, "2.5") == 2.5
    assert statementText.valueOf(CHOICE, "no") is False and statementText.valueOf(CHOICE, "True") is True
    assert statementText.valueOf(CHOICE, "perhaps") == "perhaps"


@pytest.mark.parametrize("value", [0.302, 4.9378e-06, 120.0, 1 / 3, 7, True, "text", None])
def test_whatIsShownIsWhatIsStated(value):
    text = statementText.textOf(value)
    kind = CHOICE if value is True else Field("x", "X", "text") if value == "text" else NUMBER
    assert statementText.valueOf(kind, text) == pytest.approx(value, rel=1e-14) if type(value) is float else \
        statementText.valueOf(kind, text) == value


def bloodKind():
    return inputs.kinds()["measurements.blood"]


def test_rowsOfASpreadsheetWithAndWithoutTitles():
    fields = bloodKind().fields
    rows = [{"timeHours": 2.0, "activityMBqPerML": 0.5}, {"timeHours": 6.0, "activityMBqPerML": 0.25}]
    assert statementText.rowsOfText(fields, "2\t0,5\r\n6\t0,25\r\n\r\n", list(fields)) == rows
    titled = "Activity concentration (MBq/mL)\tTime of the draw (h)\n0.5\t2\n0.25\t6\n"
    assert statementText.rowsOfText(fields, titled, list(fields)) == rows
    named = "timeHours;activityMBqPerML\n2;0,5\n6;0,25\n"
    assert statementText.rowsOfText(fields, named) == rows
    assert statementText.rowsOfText(fields, "2\t0.5\t\n6\t0.25", list(fields)) == rows, "empty cells state nothing"


@pytest.mark.parametrize("text, words", [
    ("", "There are no measurements"), ("2\t0.5\t0.1\t7", "4 columns, but the table shows 3"),
    ("2\t1,234", "may be of thousands or of decimals"), ("2\tabc", "'abc' under activityMBqPerML is not a number"),
    ("timeHours\tmystery\n1\t2", "'mystery' is not known"), ("timeHours\ttimeHours\n1\t2", "there twice"),
    ("timeHours\tactivityMBqPerML", "holds no measurements"), ('2\t"0.5', "no table|is not a number")])
def test_rowsThatCannotBeReadAreRefused(text, words):
    fields = bloodKind().fields
    if text == '2\t"0.5':
        assert statementText.rowsOfText(fields, text, list(fields)) == [{"timeHours": 2.0, "activityMBqPerML": 0.5}]
        return
    with pytest.raises(InputError, match=words):
        statementText.rowsOfText(fields, text, list(fields))


def test_rowsOfAFile(tmp_path):
    path = tmp_path / "blood.csv"
    path.write_text("timeHours;activityMBqPerML\n2;0,5\n", encoding="utf-8-sig")
    rows, name = statementText.rowsOfFile(bloodKind().fields, str(path))
    assert (rows, name) == ([{"timeHours": 2.0, "activityMBqPerML": 0.5}], "blood.csv")
    with pytest.raises(InputError, match="no such file"):
        statementText.rowsOfFile(bloodKind().fields, str(tmp_path / "none.csv"))
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        statementText.rowsOfFile(bloodKind().fields, str(path))


def places(key, value):
    return dict(statementEntry.located(inputs.kinds()[key], value))


@pytest.mark.parametrize("key, value, path, words", [
    ("patient", {"massKg": 70.0, "hematocrit": 45.0}, ("hematocrit",), "45"),
    ("patient", {"massKg": "70 kg"}, ("massKg",), "not a number"),
    ("prescription", {"probability": 5.0}, ("probability",), "0.05 for 5 %"),
    ("prescription", {"limits": [limit(), limit(valueGy=23000.0)]}, ("limits", 1, "valueGy"), "at most 500"),
    ("prescription", {"limits": [{"tissue": "kidney", "valueGy": 23.0}]}, ("limits", 0, "quantity"), "not stated"),
    ("measurements.blood", [{"timeHours": 2.0, "activityMBqPerML": 0.5}, {"timeHours": 6.0}],
     (1, "activityMBqPerML"), "missing. Give 'Activity concentration (MBq/mL)'."),
    ("prescription", {"limits": [{"tissue": "kidney", "quantity": "bed"}]}, ("limits", 0, "valueGy"), "is missing"),
    ("measurements.blood", [{"timeHours": 2.0, "activityMBqPerML": "0,1,2"}], (0, "activityMBqPerML"), "not a number"),
    ("measurements.blood", [{"timeHours": 2.0, "activityMBqPerML": "1,234"}], (0, "activityMBqPerML"), "thousands"),
    ("earlierCycles", [{"cycle": 1, "administeredActivityMBq": 7400.0,
                        "regions": {"kidney left": {"absorbedDoseGy": -1.0}}}],
     (0, "regions", "kidney left", "absorbedDoseGy"), "above 0"),
    ("thyroid", {"massG": 0.0, "effectiveHalfLifeDays": 5.0}, ("massG",), "mass"),
    ("measurements.thyroidUptake", [{"timeHours": 24.0, "uptakeFraction": 40.0}], (0, "uptakeFraction"), ""),
])
def test_faultsFindTheirField(key, value, path, words):
    found = places(key, value)
    assert path in found, found
    assert words in found[path]


def test_timesOutOfOrderAreAtOneOfTheTwoRows():
    found = places("measurements.blood", [{"timeHours": 6.0, "activityMBqPerML": 0.5},
                                          {"timeHours": 2.0, "activityMBqPerML": 0.6}])
    assert set(found) == {(1, "timeHours")} and "not in order" in found[1, "timeHours"]


def test_nothingIsFoundWhereNothingIsWrong():
    for value in (None, [{"timeHours": 2.0, "activityMBqPerML": 0.5}]):
        assert statementEntry.located(bloodKind(), value) == []


def test_draftsAreKeptAndTaken(study):
    statementEntry.keep(study, "thyroid", {"massG": "twenty", "diagnosis": ""})
    assert statements.stated(study) == {"thyroid": {"massG": "twenty"}} and statements.faultWords(study)
    statementEntry.keep(study, "thyroid", {"massG": 20.0}, reason="by ultrasound")
    entry = statements.statements(study)["thyroid"]
    assert entry["value"] == {"massG": 20.0} and entry["reason"] == "by ultrasound" and not statements.faultWords(study)
    statementEntry.keep(study, "thyroid", {"massG": 21.0})
    assert statements.statements(study)["thyroid"]["reason"] == "by ultrasound"
    statementEntry.keep(study, "thyroid", {"massG": None})
    assert statements.stated(study) == {}


def test_whereItCameFromStaysKnownAfterAChange(study):
    rows = [{"timeHours": 2.0, "activityMBqPerML": 0.5}]
    statementEntry.keep(study, "measurements.blood", rows, source="file", detail="blood.csv")
    statementEntry.keep(study, "measurements.blood", [*rows, {}, {"timeHours": 3.0, "activityMBqPerML": 0.4}])
    entry = statements.statements(study)["measurements.blood"]
    assert (entry["source"], entry["detail"], len(entry["value"])) == ("user", "blood.csv, changed by hand", 2)


def test_aDraftOfThePlanarSeriesIsNotFitted(study):
    protocol.setProtocol(study, "lutetiumDotatate.hybrid", "Lu-177")
    rows = [{"timeHours": time, "region": "liver", "counts": 1e5 / time} for time in (4.0, 24.0, 96.0)]
    statementEntry.keep(study, statements.PLANAR, rows)
    assert "liver" in str(study.choice("kinetics"))
    statementEntry.keep(study, statements.PLANAR, [*rows, {"timeHours": "later", "region": "liver"}])
    assert "liver" not in str(study.choice("kinetics") or {}) and len(statements.stated(study)[statements.PLANAR]) == 4


@pytest.mark.parametrize("protocolId, words", [
    ("lutetiumPsma.multiTimePoint", ["Uptake of the thyroid: stated, but not used: the protocol "
                                     "lutetiumPsma.multiTimePoint asks for nothing of it."]),
    (None, ["Uptake of the thyroid: stated, but not used: no protocol is chosen."]),
    ("thyroidIodine.lateUptake", [])])
def test_whatNothingUsesIsTold(protocolId, words):
    found = Study.create(newScene(), "Study")
    protocol.setProtocol(found, protocolId, "I-131" if protocolId != "lutetiumPsma.multiTimePoint" else "Lu-177")
    statements.setStatement(found, "measurements.thyroidUptake", [{"timeHours": 24.0, "uptakeFraction": 0.4}])
    assert measurements.STAGE.compute(found)[1] == words
