"""Serial planar views to the planar series of a hybrid protocol."""

import json

import pytest
from planarExamples import SECONDS, SOURCE, SQUARE, writeImage

from MRTDosimetryLib import commandLine
from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.workflow import planarFile, planarSeries
from MRTDosimetryLib.workflow.jointKinetics import readPlanarFile

BESIDE = [[11.5, 9.5], [14.5, 9.5], [14.5, 17.5], [11.5, 17.5]]


def writeCase(folder, change=None, **options):
    writeImage(folder / "day0.dcm", 4.0, **options)
    writeImage(folder / "day1.dcm", 24.0, shift=(2, -1), **options)
    content = {
        "schemaVersion": 1, "source": "test", "isPosteriorMirrored": True,
        "images": [{"file": "day0.dcm", "hoursAfterAdministration": 4.0},
                   {"file": "day1.dcm", "hoursAfterAdministration": 24.0, "shiftPixels": [2, -1]}],
        "detectors": {"anterior": 1, "posterior": 2}, "windows": {"main": 1},
        "regions": [{"name": "kidney left", "anterior": SQUARE, "background": BESIDE}]}
    if change:
        change(content)
    path = folder / "planar.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def expected(hours):
    """Geometric mean of both views of 48 pixels, per second."""
    return 48 * SOURCE[hours] * 2 ** 0.5 / SECONDS


def test_countsOfTheSource(tmp_path):
    rows, warnings = planarSeries.planarSeries(planarFile.readPlanarStudy(writeCase(tmp_path)))
    assert [row["timeHours"] for row in rows] == [4.0, 24.0] and not warnings
    for row in rows:
        assert row["counts"] == pytest.approx(expected(row["timeHours"]), rel=1e-6)
        assert 0 < row["uncertaintyCounts"] < 0.02 * row["counts"]


def test_scatterIsTakenOff(tmp_path):
    path = writeCase(tmp_path, lambda d: d.update(windows={"main": 1, "lower": 2, "upper": 3}), scatter=40)
    rows, _warnings = planarSeries.planarSeries(planarFile.readPlanarStudy(path))
    assert [row["counts"] for row in rows] == pytest.approx([expected(4.0), expected(24.0)], rel=1e-6)
    plain, _warnings = planarSeries.planarSeries(planarFile.readPlanarStudy(writeCase(tmp_path)))
    assert rows[0]["uncertaintyCounts"] > plain[0]["uncertaintyCounts"]


def test_wholeBodyScansByTheirSpeed(tmp_path):
    fast, slow = tmp_path / "fast", tmp_path / "slow"
    fast.mkdir(), slow.mkdir()
    found = [planarSeries.planarSeries(planarFile.readPlanarStudy(writeCase(
        folder, kind="WHOLE BODY", velocity=velocity)))[0] for folder, velocity in ((fast, "4.4"), (slow, "2.2"))]
    assert found[0][0]["counts"] == pytest.approx(2 * found[1][0]["counts"])
    with pytest.raises(InputError, match="does not state its speed"):
        planarSeries.planarSeries(planarFile.readPlanarStudy(writeCase(tmp_path, kind="WHOLE BODY", velocity=None)))


def test_aDurationOtherThanThatOfTheFileIsTold(tmp_path):
    path = writeCase(tmp_path, lambda d: d["images"][1].update(durationSeconds=10))
    rows, warnings = planarSeries.planarSeries(planarFile.readPlanarStudy(path))
    assert warnings == ["image 2 (24 h): a duration of 10 s is stated, and the file states 600 s"]
    assert rows[1]["counts"] == pytest.approx(expected(24.0) * SECONDS / 10, rel=1e-6)


def test_overlapIsSaid(tmp_path):
    def over(content):
        content["regions"].append({"name": "spleen", "anterior": [[8.5, 9.5], [14.5, 9.5], [14.5, 17.5], [8.5, 17.5]]})

    _rows, warnings = planarSeries.planarSeries(planarFile.readPlanarStudy(writeCase(tmp_path, over)))
    assert any("kidney left and spleen lie over each other in the anterior view (33%" in words for words in warnings)


def test_commandLineWritesWhatAHybridStudyReads(tmp_path, capsys):
    out = tmp_path / "planar.csv"
    assert commandLine.main(["planar", str(writeCase(tmp_path)), "--out", str(out)]) == 0
    found = readPlanarFile(out)["kidney left"]
    assert found["timesHours"] == [4.0, 24.0]
    assert found["values"] == pytest.approx([expected(4.0), expected(24.0)], rel=1e-6)
    assert all(value > 0 for value in found["uncertainties"])
    assert "kidney left" in capsys.readouterr().out


@pytest.mark.parametrize("change, words", [
    (lambda d: d.pop("isPosteriorMirrored"), "mirror image is not stated"),
    (lambda d: d["images"].pop(), "at least two images"),
    (lambda d: d["images"][0].pop("hoursAfterAdministration"), "time after administration"),
    (lambda d: d["regions"][0].pop("anterior"), "not drawn"),
    (lambda d: d["regions"].append(dict(d["regions"][0])), "same name"),
    (lambda d: d.update(windows={"main": 7}), "not one anterior view of energy window 7"),
    (lambda d: d.update(windows={"main": 1, "lower": 2}), "both windows beside"),
    (lambda d: d["regions"][0].update(background=SQUARE), "background lies on the region (100%"),
    (lambda d: d["regions"][0].update(background=[[9.5, 9.5], [14.5, 9.5], [14.5, 17.5], [9.5, 17.5]]),
     "background lies on the region (20%"),
    (lambda d: d.update(projection="separate"), "projection is not an object"),
    (lambda d: d["regions"][0].update(anterior=[[0, 0], [100, 0], [0, 9]]), "outside the image"),
    (lambda d: d.update(region=[]), "key 'region' is not known"),
])
def test_badInput(tmp_path, capsys, change, words):
    path = writeCase(tmp_path, change)
    assert commandLine.main(["planar", str(path), "--out", str(tmp_path / "out.csv")]) == 2
    assert words in capsys.readouterr().err and not (tmp_path / "out.csv").exists()
