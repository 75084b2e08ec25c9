"""Images of a study that are not those of their scans."""

from caseFiles import writeStudy

from MRTDosimetryLib.scene import headless
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import stages, studyFile


def test_oneImageAtTwoTimesIsTold(tmp_path):
    def change(description):
        description["timePoints"][1]["spect"] = "spect1.nrrd"

    study = Study.create(headless.newScene(), "case")
    studyFile.applyStudy(study, studyFile.readStudyFile(writeStudy(tmp_path, change=change))[0])
    stages.runStale(study, upTo="timePoints")
    told = [words for words in study.stageRecord("timePoints")["warnings"] if "holds the same values" in words]
    assert told == ["24 h: the image holds the same values as that of 4 h: check that each scan is given once."]
