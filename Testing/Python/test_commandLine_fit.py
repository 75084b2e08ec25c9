"""``mrt-dosimetry fit``: the curve of a file, printed or as JSON."""

import json

import pytest

from MRTDosimetryLib import commandLine

WORKED = "timeHours,activityMBq,uncertaintyMBq\n4,100,5\n24,80,4\n96,35,1.75\n168,15,0.75\n"


def test_workedExampleAsJSON(tmp_path, capsys):
    path = tmp_path / "curve.csv"
    path.write_text(WORKED, encoding="utf-8")
    assert commandLine.main(["fit", str(path), "--radionuclide", "Lu-177", "--model", "monoExponential", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {"model", "parameters", "covariance", "timeIntegratedActivityMBqH",
            "timeIntegratedActivityUncertaintyMBqH", "aicc", "candidates"} <= set(result)
    # clinical worked example T17: 9104.41 MBq h, 2.5529 %
    assert result["timeIntegratedActivityMBqH"] == pytest.approx(9104.41, rel=1e-5)
    relative = result["timeIntegratedActivityUncertaintyMBqH"] / result["timeIntegratedActivityMBqH"]
    assert relative == pytest.approx(0.025529, rel=1e-3)


def test_printedForReading(tmp_path, capsys):
    path = tmp_path / "curve.csv"
    path.write_text(WORKED, encoding="utf-8")
    assert commandLine.main(["fit", str(path), "--radionuclide", "Lu-177"]) == 0
    assert "MBq h" in capsys.readouterr().out


@pytest.mark.parametrize(("content", "words"), [
    ("time,activity\n4,100\n", "header"),
    ("timeHours,activityMBq\n4,abc\n", "not a number"),
    ("timeHours,activityMBq\n4\n", "instead of 2"),
    ("timeHours,activityMBq\n24,100\n4,50\n", "increas"),
    ("timeHours,activityMBq\n-4,100\n24,50\n", ""),
    ("timeHours,activityMBq\n4,nan\n24,50\n", ""),
    ("timeHours,activityMBq\n4,100\n", "half-life"),
])
def test_badCurves(tmp_path, capfd, content, words):
    path = tmp_path / "curve.csv"
    path.write_text(content, encoding="utf-8")
    assert commandLine.main(["fit", str(path), "--radionuclide", "Lu-177"]) == 2
    shown = capfd.readouterr().err
    assert words in shown and "Traceback" not in shown and shown.strip()


def test_unknownNuclideAndModel(tmp_path, capfd):
    path = tmp_path / "curve.csv"
    path.write_text(WORKED, encoding="utf-8")
    assert commandLine.main(["fit", str(path), "--radionuclide", "Zz-1"]) == 2
    assert commandLine.main(["fit", str(path), "--radionuclide", "Lu-177", "--model", "magic"]) == 2
    shown = capfd.readouterr().err
    assert "Zz-1" in shown and "magic" in shown


def test_optionsOfTheModel(tmp_path, capfd):
    path = tmp_path / "curve.csv"
    path.write_text(WORKED, encoding="utf-8")
    start = ["fit", str(path), "--radionuclide", "Lu-177", "--model", "monoExponential", "--json", "--options"]
    assert commandLine.main([*start, '{"fixed": {"lambda": 0.012}}']) == 0
    result = json.loads(capfd.readouterr().out)
    assert result["parameters"]["lambda"] == {"value": 0.012, "standardError": None, "unit": "1/h"}
    for text, words in (("{", "not JSON"), ("[1]", "not a JSON object"), ('{"fixed": {"magic": 1}}', "no parameter"),
                        ('{"fixed": 3}', "not names and values")):
        assert commandLine.main([*start, text]) == 2
        shown = capfd.readouterr().err
        assert words in shown and "Traceback" not in shown
