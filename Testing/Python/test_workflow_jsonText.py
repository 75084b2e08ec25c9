"""JSON that a person wrote: a key that stands twice is refused."""

import json

import pytest
from caseFiles import writeStudy

from MRTDosimetryLib import commandLine, jsonText
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.workflow.studyFile import readStudyFile


def test_contentIsThatOfJSON():
    text = '{"a": [1, {"b": null}], "c": {"b": 2.5}}'
    assert jsonText.loads(text) == json.loads(text)


def test_endlessNestingIsRefused():
    with pytest.raises(InputError, match="a.json: The objects lie too deep"):
        jsonText.loads("[" * 100000, "a.json")


def test_aStudyWithAKeyThatStandsTwice(tmp_path):
    path = writeStudy(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"activityMBq": 7400', '"activityMBq": 7400, "activityMBq": 740', 1), encoding="utf-8")
    with pytest.raises(InputError, match="study.json: The key 'activityMBq' is given twice"):
        readStudyFile(path)


def test_optionsOfTheCommandLine(tmp_path, capsys):
    curve = tmp_path / "curve.csv"
    curve.write_text("timeHours,activityMBq\n4,80\n24,60\n96,20\n", encoding="utf-8")
    options = '{"start": "zero", "start": "extrapolated"}'
    assert commandLine.main(["fit", str(curve), "--radionuclide", "Lu-177", "--options", options]) == 2
    assert "--options: The key 'start' is given twice" in capsys.readouterr().err
