"""A therapy for tests: uptake measured by a probe, a target absorbed dose, an activity; and one with images as well."""

import json
import math

import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.therapies import inputs, registry
from MRTDosimetryLib.therapies.case import Curve, Table, TherapyResult
from MRTDosimetryLib.therapies.inputs import Field, Kind

UPTAKE, TARGET = "measurements.exampleUptake", "prescription"
ROWS = [{"timeHours": 24.0, "uptakePercent": 40.0}, {"timeHours": 120.0, "uptakePercent": 25.0, "note": "late"}]


def _uptakeRow(row, where):
    inputs.refuseUnknown(row, ("timeHours", "uptakePercent", "note"), where)
    return {**row, "timeHours": inputs.number(row.get("timeHours"), "time", where, low=0.0),
            "uptakePercent": inputs.number(row.get("uptakePercent"), "uptake", where, low=0.0, high=100.0,
                                           isLowIncluded=False)}


def _checkUptake(value, where):
    rows = inputs.table(value, where, _uptakeRow)
    inputs.requireOrderedTimes(rows, where)
    return rows


def _checkTarget(value, where):
    inputs.refuseUnknown(value, ("absorbedDoseGy",), where)
    return {"absorbedDoseGy": inputs.number(value.get("absorbedDoseGy"), "absorbed dose", where, low=0.0,
                                            isLowIncluded=False)}


def _missing(case):
    return [words for isThere, words in ((case.measurements.get("exampleUptake"), "Give the measured uptake"),
                                         (case.prescription, "Give the absorbed dose that is wanted")) if not isThere]


def integralD(rows):
    """Two points, one exponential, from 0 to infinity, in d."""
    (firstHours, first), (lastHours, last) = ((row["timeHours"], row["uptakePercent"]) for row in (rows[0], rows[-1]))
    rate = math.log(first / last) / (lastHours - firstHours)
    return first / 100.0 * math.exp(rate * firstHours) / rate / 24.0


def _evaluate(case):
    rows = case.measurements["exampleUptake"]
    if len(rows) < 2:
        raise InputError("A single uptake gives no half-life", UPTAKE, "Measure twice")
    activityMBq = 100.0 * case.prescription["absorbedDoseGy"] / integralD(rows)
    points = tuple((row["timeHours"], row["uptakePercent"]) for row in rows)
    return TherapyResult(
        values={"prescribedActivityMBq": activityMBq, "uptakeIntegralD": integralD(rows), "massUncertaintyG": None,
                "regionAbsorbedDoseGy": {item.name: item.absorbedDoseGy for item in case.regions}},
        warnings=("The mass has no uncertainty.",), assumptions=("The uptake falls with one half-life.",),
        tables=(Table("Uptake", ("Time (h)", "Uptake (%)"), points, "measured here"),),
        curves=(Curve("Uptake", "Time after administration (h)", "Uptake (%)", points, points),),
        recommendation=f"{activityMBq:.0f} MBq give the absorbed dose that is wanted.")


@pytest.fixture
def exampleTherapy(monkeypatch, tmp_path):
    """Make the therapy known for one test."""
    fields = (Field("timeHours", "Time after administration (h)"), Field("uptakePercent", "Uptake (%)"),
              Field("note", "Note", "text"))
    registry.therapies()
    monkeypatch.setitem(inputs._kinds, UPTAKE, Kind(UPTAKE, "Uptake by probe", _checkUptake, fields, isTable=True))
    monkeypatch.setitem(inputs._kinds, TARGET, Kind(TARGET, "Prescription", _checkTarget, (
        Field("absorbedDoseGy", "Absorbed dose that is wanted (Gy)"),)))
    common = {"minimumTimePoints": 0, "statements": (UPTAKE, TARGET), "missing": _missing, "evaluate": _evaluate}
    strategies = (registry.Strategy("probe", "Probe alone", defaultModel=None, usesImages=False, **common),
                  registry.Strategy("both", "Probe, and images where there are", defaultModel="auto", **common))
    monkeypatch.setitem(registry._therapies, "exampleTherapy", registry.Therapy(
        "exampleTherapy", "Example therapy", ("I-131", "Lu-177"), strategies, ("thyroid",)))
    for strategy in strategies:
        (tmp_path / f"exampleTherapy.{strategy.id}.json").write_text(json.dumps({
            "schemaVersion": 1, "id": f"exampleTherapy.{strategy.id}", "therapy": "exampleTherapy",
            "strategy": strategy.id, "title": strategy.title, "summary": "For tests.", "level": "3",
            "radionuclides": ["I-131", "Lu-177"], "minimumTimePoints": 0,
            "assumptions": ["The probe sees all of the thyroid."], "leavesOut": ["Every other organ."],
            "uncertaintyCost": ["Not known."]}), encoding="utf-8")
    shipped = registry.resourcePath
    monkeypatch.setattr(registry, "resourcePath", lambda *names: str(tmp_path / names[-1])
                        if names[-1].startswith("exampleTherapy") else shipped(*names))


def description(**changes):
    """A study file without images."""
    return {"schemaVersion": 1, "protocol": "exampleTherapy.probe", "radionuclide": "I-131", "administration": None,
            "patient": {"name": "Example", "id": "E-1"}, "measurements": {"exampleUptake": ROWS},
            "prescription": {"absorbedDoseGy": 200.0}, **changes}


def write(folder, content, name="study.json"):
    """Write a study file; its path."""
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
