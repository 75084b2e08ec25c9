"""A Python package that is missing stops a study in words: no other way of computing takes its place."""

import json
import os
import sys

import pytest

from MRTDosimetryLib.errors import PackageError
from MRTDosimetryLib.resources import resourcePath
from MRTDosimetryLib.scene.headless import newScene
from MRTDosimetryLib.scene.study import Study
from MRTDosimetryLib.workflow import stages, studyFile

# Strategies whose measurements are fitted.
FITTED = ("iodineMibg.wholeBody", "thyroidCancerIodine.bloodDose", "thyroidIodine.multipleUptakes")
NOT_FITTED = ("thyroidIodine.lateUptake", "thyroidCancerIodine.wholeBodySinglePoint", "yttriumMicrospheres.partition")


@pytest.fixture
def computed(monkeypatch):
    """``computed(example)``: its therapy's values without any of the packages that Slicer does not bring."""
    for name in ("lmfit", "jinja2", "matplotlib", "reportlab", "sqlalchemy"):
        monkeypatch.setitem(sys.modules, name, None)

    def compute(name, study=None):
        study = study or Study.create(newScene(), name)
        path = resourcePath("Protocols", "examples", f"{name}.json")
        studyFile.applyStudy(study, studyFile.readStudyFile(path)[0])
        stages.runStale(study, upTo="results")
        return study

    return compute


@pytest.mark.parametrize("name", FITTED)
def test_aFitWithoutItsSolverIsNotReplaced(name, computed):
    study = Study.create(newScene(), name)
    with pytest.raises(PackageError, match="lmfit is not installed"):
        computed(name, study)
    assert stages.states(study)["therapy"] == "ready", "it is no fault of the study"


@pytest.mark.parametrize("name", NOT_FITTED)
def test_whatNeedsNoFitNeedsNoPackage(name, computed):
    assert stages.state(computed(name), "results") == "done"


def test_aTemplateOfTheCenterCannotBeReadWithoutJinja(computed, tmp_path):
    from MRTDosimetryLib.workflow import outputs

    study = computed(NOT_FITTED[0])
    (tmp_path / "center.json").write_text(json.dumps({"name": "A hospital"}), encoding="utf-8")
    study.setChoice(outputs.TEMPLATE_CHOICE, str(tmp_path))
    study.setChoice("outputFolder", str(tmp_path / "out"))
    assert stages.state(study, "report") == "ready", "the pages are shown all the same"
    with pytest.raises(PackageError, match="jinja2 is not installed"):
        stages.runStage(study, "report")
    assert not os.path.exists(tmp_path / "out")
