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


def fit(tmp_path, content, *arguments):
    path = tmp_path / "curve.csv"
    path.write_text(content, encoding="utf-8")
    return commandLine.main(["fit", str(path), "--radionuclide", "Lu-177", *arguments])


ONE = "timeHours,activityMBq,uncertaintyMBq\n72,35,1.75\n"


def test_optionsOfTheCommandAreThoseOfTheModel(tmp_path, capsys):
    def both(content, own, model, options):
        found = []
        for arguments in (own, ["--options", json.dumps(options)]):
            assert fit(tmp_path, content, "--json", "--model", model, *arguments) == 0
            found.append(json.loads(capsys.readouterr().out))
        assert found[0] == found[1]
        return found[0]

    fixed = both(WORKED, ["--fix", "lambda=0.012"], "monoExponential", {"fixed": {"lambda": 0.012}})
    assert fixed["parameters"]["lambda"]["value"] == 0.012
    both(WORKED, ["--bounds", "lambda=0.0125:", "--bounds", "A0=:200"], "monoExponential",
         {"bounds": {"lambda": [0.0125, None], "A0": [None, 200.0]}})
    both(WORKED, ["--start", "zero-linear", "--tail", "physical"], "trapezoid",
         {"start": "zero-linear", "tail": "physical"})
    both(ONE, ["--late-form", "minimum"], "latePoint", {"lateForm": "minimum"})
    own = {"medianHours": 50.0, "geometricSD": 1.3, "source": "our cohort"}
    found = both(ONE, ["--prior-median", "50", "--prior-gsd", "1.3", "--prior-source", "our cohort"],
                 "populationHalfLife", {"populationHalfLife": own})
    assert any("our cohort" in text for text in found["assumptions"])
    both(ONE, ["--population", "psma-617:kidney"], "populationHalfLife",
         {"populationHalfLife": {"tracer": "PSMA-617", "tissue": "kidney"}})


def test_aPriorIsEnoughForOnePoint(tmp_path, capsys):
    assert fit(tmp_path, ONE, "--population", "PSMA-617:kidney", "--json") == 0
    assert json.loads(capsys.readouterr().out)["model"] == "populationHalfLife"
    assert fit(tmp_path, ONE, "--half-life", "50", "--half-life-uncertainty", "5", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    # clinical.md: |ln 2 t / T - 1| u(T) / T, with 5 % of the activity
    relative = ((0.693147 * 72 / 50 - 1) ** 2 * 0.01 + 0.05 ** 2) ** 0.5
    assert result["timeIntegratedActivityUncertaintyMBqH"] / result["timeIntegratedActivityMBqH"] == pytest.approx(
        relative, rel=1e-3)


def test_whatIsPrintedForReading(tmp_path, capfd):
    assert fit(tmp_path, WORKED + "240,6.2,0.4\n") == 0
    shown = capfd.readouterr()
    for words in ("Model: Mono-exponential (monoExponential)", "lambda = ", "1/h (k = 1)", "95 % interval",
                  "Effective half-life", "Extrapolated part", "Candidates:", "chosen: ", "not tried", "Assumptions:"):
        assert words in shown.out, words
    assert fit(tmp_path, "timeHours,activityMBq\n4,100\n24,90\n72,80\n", "--model", "trapezoid") == 0
    shown = capfd.readouterr()
    assert "no uncertainty, see the warnings" in shown.out and "warning: The uncertainty is not computed" in shown.err


@pytest.mark.parametrize("name", ["curve.png", "curve.svg"])
def test_chartOfTheFit(tmp_path, name):
    assert fit(tmp_path, WORKED, "--plot", str(tmp_path / name)) == 0
    content = (tmp_path / name).read_bytes()
    assert content.startswith(b"\x89PNG") if name.endswith("png") else b"<svg" in content


@pytest.mark.parametrize("arguments, words", [
    (["--fix", "lambda"], "cannot be read"),
    (["--fix", "lambda=fast", "--bounds", "A0=3"], "--bounds"),
    (["--fix", "lambda=1", "--fix", "lambda=2"], "given twice"),
    (["--model", "monoExponential", "--fix", "lambda9=1"], "lambda9"),
    (["--fix", "lambda=0.01"], "automatic choice"),
    (["--start", "flat"], "'flat'"),
    (["--plot", "curve.jpg"], ".png or .svg"),
    (["--plot", "nowhere/curve.png"], "folder"),
    (["--population", "PSMA-617:heart"], "PSMA-617:kidney"),
    (["--population", "PSMA-617:kidney", "--prior-median", "50"], "Both a population"),
    (["--prior-median", "50"], "not complete"),
    (["--half-life-uncertainty", "5"], "without a half-life"),
    (["--half-life", "50", "--half-life-uncertainty", "60"], "between 0 and the half-life"),
    (["--half-life", "50", "--population", "PSMA-617:kidney"], "Give one of them"),
    (["--start", "constant", "--options", '{"start": "constant"}'], "given twice"),
    (["--late-form", "minimum", "--model", "monoExponential"], "takes no option"),
    (["--late-form", "minimum"], "--model latePoint"),
    (["--relative-uncertainty", "0.05"], "uncertainties of its own"),
    (["--options", '{"start": ["constant"]}'], "is not a text"),
])
def test_badOptionsOfTheCommand(tmp_path, capfd, arguments, words):
    assert fit(tmp_path, WORKED, *arguments) == 2
    shown = capfd.readouterr().err
    assert words in shown and "Traceback" not in shown


def test_relativeUncertaintyOfTheActivities(tmp_path, capsys):
    without = "timeHours,activityMBq\n4,100\n24,80\n96,35\n168,15\n"
    found = []
    for content, arguments in ((WORKED, []), (without, ["--relative-uncertainty", "0.05"])):
        assert fit(tmp_path, content, "--model", "monoExponential", "--json", *arguments) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0] == found[1] and found[0]["covarianceKind"] == "absolute"
    assert fit(tmp_path, without, "--relative-uncertainty", "5") == 2
    assert "not between 0 and 1" in capsys.readouterr().err


def test_populationOfAnotherRadionuclide(tmp_path, capfd):
    path = tmp_path / "one.csv"
    path.write_text(ONE, encoding="utf-8")
    assert commandLine.main(["fit", str(path), "--radionuclide", "Y-90", "--population", "PSMA-617:kidney"]) == 2
    assert "Known are none" in capfd.readouterr().err
