"""The choices under ``"kinetics"`` of a study file, put into a study of the scene."""

from ..errors import Faults, InputError
from ..therapies.tissues import tissueOf
from . import excludedPoints, jointKinetics, planarStudy
from .kineticsOptions import (
    REMAINDER,
    TITLES,
    requireByName,
    setBounds,
    setEarlierCycle,
    setEffectiveHalfLife,
    setFixed,
    setLateForm,
    setModel,
    setPerVoxel,
    setPopulationHalfLife,
    setRegionModel,
    setRelativeActivityUncertainty,
    setTrapezoid,
)


def applyDescription(study, choice, names):
    """Set all choices from ``"kinetics"`` of a study file; every fault in one go.

    Parameters
    ----------
    names : list of str
        Regions of the study; empty when they are not known, then names are not checked.
    """
    faults = Faults()
    with faults.collect():
        if choice.get("model") is not None:  # else that of the protocol
            setModel(study, choice["model"])
    with faults.collect():
        setPerVoxel(study, choice.get("perVoxel", False))
    with faults.collect():
        setRelativeActivityUncertainty(study, choice.get("relativeActivityUncertainty"))
    with faults.collect():
        setTrapezoid(study, choice.get("trapezoid"))
    with faults.collect():
        setLateForm(study, choice.get("lateForm"))
    with faults.collect():
        jointKinetics.setShared(study, choice.get("shared"), names)
    with faults.collect():
        planarStudy.applyHybrid(study, choice.get("hybrid"), names)
    setters = {"effectiveHalfLifeHours": _applyHalfLife, "populationHalfLife": setPopulationHalfLife,
               "earlierCycle": setEarlierCycle, "regionModels": setRegionModel, "fixed": setFixed,
               "bounds": setBounds, "excludedPoints": excludedPoints.setExcludedPoints}
    examples = {"effectiveHalfLifeHours": '{"liver": 70.0}', "regionModels": '{"liver": "biExponential"}',
                "fixed": '{"liver": {"lambda1": 0.0141}}', "bounds": '{"liver": {"lambda1": [0.005, null]}}',
                "excludedPoints": '{"liver": [{"timePoint": 2, "reason": "..."}]}',
                "populationHalfLife": '{"kidney": {"medianHours": 51, "geometricSD": 1.2, "source": "..."}}',
                "earlierCycle": '{"liver": {"effectiveHalfLifeHours": 70, "standardErrorHours": 4}}'}
    for key, setter in setters.items():
        with faults.collect():
            given = requireByName(choice.get(key) or {}, f"kinetics.{key}", examples[key])
            known = {*names, REMAINDER}
            if key == "populationHalfLife":
                known |= {tissueOf(name) for name in names} - {None}
            for name, value in given.items():
                # An effective half-life of no region is a warning, as it has always been.
                if names and name not in known and key != "effectiveHalfLifeHours":
                    faults.add(f"{TITLES[key]} is stated for '{name}', which is not a region", f"kinetics.{key}",
                               f"Known are {', '.join(sorted(known))}")
                    continue
                with faults.collect():
                    setter(study, name, value)
    faults.raiseIfAny()


def _applyHalfLife(study, region, given):
    if not isinstance(given, dict):
        setEffectiveHalfLife(study, region, given, "study file")
        return
    unknown = set(given) - {"hours", "relativeUncertainty", "source"}
    if unknown:
        raise InputError(f"The key '{sorted(unknown)[0]}' is not known", f"kinetics.effectiveHalfLifeHours, {region}",
                         "Known are hours, relativeUncertainty, source")
    source = given.get("source", "study file")
    if not (isinstance(source, str) and source.strip()):
        raise InputError("The source of the half-life is not a text", f"kinetics.effectiveHalfLifeHours, {region}")
    if given.get("hours") is None:
        raise InputError("No effective half-life is given", f"kinetics.effectiveHalfLifeHours, {region}",
                         "Give it in hours")
    setEffectiveHalfLife(study, region, given["hours"], source, given.get("relativeUncertainty"))
