"""All that the report says beside the results: assumptions, provenance, methods and their sources."""

import datetime
import hashlib
import os

from ..physics.density import densitySource
from ..physics.partialVolume import recoveryOfSphere
from ..therapies import registry as therapies
from . import (
    calibrationUse,
    dose,
    measurements,
    protocol,
    radiobiology,
    record,
    registrationQuality,
    reporting,
    reportSignOff,
    segmentation,
    statements,
    therapy,
    uncertainty,
    voxelKinetics,
)
from . import partialVolume as regionRecovery
from .regionMasks import regionNames
from .registration import rows as registrationRows

# Regions smaller than this get a statement on how much resolution biases them.
SMALL_REGION_ML = 50.0
_FILES_LISTED = 4
# What a protocol's file says of itself.
_TOLD = ("summary", "assumptions", "leavesOut", "uncertaintyCost")
_DECISIVE_FACTS = ("timeAfterAdministrationHours", "acquisitionDateTime", "radiopharmaceuticalStartDateTime",
                   "administeredActivityMBq", "radionuclide", "unit", "durationSeconds", "calibrationFactorBqPerCps",
                   "decayCorrection", "decayCorrectedTo", *calibrationUse.FACTS)
# Reconstructed resolution assumed where the study states none: middle of the clinical 8-12 mm.
ASSUMED_RESOLUTION_FWHM_MM = 10.0


def reportContext(study, inputs=(), comparison=None):
    """Context of the report; keys as the report layer documents them."""
    common = {
        **reportSummary(study),
        "nuclide": _nuclide(study),
        "overrides": record.overrides(study),
        "signOff": reportSignOff.resultsOf(study),
        "versions": record.versions(),
        "inputs": _inputs(inputs),
        "statements": measurements.rows(study),
        "therapyCurves": (therapy.value(study) or {}).get("curves") or [],
        "checklist": _known(study),
        "created": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    return {**common, **_ofImages(study, comparison)} if protocol.usesImages(study) else common


def _known(study):
    """What the checklist of the report can draw on beside results and context."""
    points = study.timePoints if protocol.usesImages(study) else []
    facts = {}
    for point in points:
        for name, fact in point.facts.items():
            facts.setdefault(name, []).append({key: fact.get(key) for key in ("value", "source", "detail")})
    stated = {}
    for key, value in statements.stated(study).items():
        top, _dot, below = key.partition(".")
        if below:
            stated.setdefault(top, {})[below] = value
        else:
            stated[top] = value
    return {"facts": facts, "stated": stated, "reporting": reporting.statements(study),
            "grids": list(dict.fromkeys(_gridText(point.spectNode) for point in points))}


def _gridText(node):
    size, spacing = node.GetImageData().GetDimensions(), node.GetSpacing()
    return f"{' × '.join(map(str, size))}, {' × '.join(f'{step:.4g}' for step in spacing)} mm"


def _ofImages(study, comparison):
    doseValue = study.stageRecord("dose")["value"]
    kineticsValue = study.stageRecord("kinetics")["value"]
    names = regionNames(study)
    context = {
        "timePoints": [_timePoint(row) for row in study.stageRecord("timePoints")["value"]["rows"]],
        "activityBalance": study.stageRecord("timePoints")["value"].get("activityBalance") or [],
        "registration": registrationRows(study),
        "organDrift": registrationQuality.keptRows(study),
        "methods": _methods(study, doseValue),
        "assumptions": _assumptions(study, kineticsValue, doseValue),
        "radiobiology": _radiobiology(study),
        "partialVolume": partialVolume(study),
        "curves": {name: kineticsValue["regions"][name]["curve"] for name in names},
        "dvhCurves": {name: doseValue["dvhCurves"][name] for name in names},
        "engines": dose.engines(study),
        "engineCurves": doseValue.get("engineDVHCurves") or {},
    }
    if comparison:
        context["comparison"] = comparison
    return context


def reportSummary(study):
    """Who was treated with what: ``patient``, ``protocol`` and ``administration``."""
    sex = (statements.stated(study).get("patient") or {}).get("sex")
    return {"patient": (study.choice("patient") or {}) | ({"sex": sex} if sex else {}), "protocol": _protocol(study),
            "administration": study.choice("administration") or {}}


def partialVolume(study):
    """How much the resolution lowers the activity found in small regions that are not recovered.

    Returns
    -------
    list of dict
        ``region``, ``volumeML``, ``recovery`` (found over true activity of a sphere of that volume),
        ``neededFactor`` (1 / recovery), ``resolutionFWHMMM``, ``isResolutionAssumed``.
    """
    stated = study.choice("resolutionFWHMMM")
    resolution = float(stated or ASSUMED_RESOLUTION_FWHM_MM)
    kinetics = (study.stageRecord("kinetics") or {}).get("value") or {"regions": {}}
    recovered = {name for name, region in kinetics["regions"].items() if region.get("recovery")}
    found = []
    for row in segmentation.rows(study):
        if row["volumeML"] is not None and row["volumeML"] < SMALL_REGION_ML and row["name"] not in recovered:
            recovery = float(recoveryOfSphere(row["volumeML"], resolution))
            found.append({"region": row["name"], "volumeML": row["volumeML"], "recovery": recovery,
                          "neededFactor": 1.0 / recovery, "resolutionFWHMMM": resolution,
                          "isResolutionAssumed": stated is None})
    return found


def _timePoint(row):
    """A scan with the facts that decide its numbers; the record holds all others."""
    return {**row, "facts": {name: row["facts"][name] for name in _DECISIVE_FACTS if name in row["facts"]}}


def _inputs(inputs):
    """One line per file; a folder of many slices is one line with the SHA-256 of its files' sorted digests."""
    folders = {}
    for item in inputs:
        folders.setdefault(os.path.dirname(item["path"]), []).append(item)
    lines = []
    for folder, items in folders.items():
        if len(items) <= _FILES_LISTED:
            lines += [{**item, "path": _shortPath(item["path"])} for item in items]
            continue
        digests = "\n".join(sorted(item["sha256"] for item in items))
        lines.append({"path": f"{_shortPath(folder)} ({len(items)} files, digest of their digests)",
                      "sha256": hashlib.sha256(digests.encode("ascii")).hexdigest(),
                      "bytes": sum(item["bytes"] for item in items)})
    return lines


def _shortPath(path):
    """The last two parts: enough to recognize a file, without the folders of the computer."""
    return "/".join(path.replace(os.sep, "/").split("/")[-2:])


def _protocol(study):
    content = protocol.studyProtocol(study)
    if content is None:
        return {}
    # The title of the protocol names the strategy.
    return {"id": study.choice("protocol"), "title": content["title"],
            "therapy": therapies.therapy(content["therapy"]).title,
            "level": content["level"], **{key: content[key] for key in _TOLD if key in content}}


def _nuclide(study):
    nuclide = protocol.studyNuclide(study)
    return {"name": nuclide.name, "halfLifeHours": nuclide.halfLifeHours,
            "energyPerDecayMeV": nuclide.localEnergyMeV, "source": nuclide.source}


def _recoveryWords(study):
    chosen = regionRecovery.choice(study)
    if chosen is None:
        return "No partial-volume correction."
    return "Divided by the recovery of a sphere of the region's volume where the assumptions name it; the maps and " \
           "histograms are not corrected."


def _methods(study, doseValue):
    nuclide = protocol.studyNuclide(study)
    registration = study.stageRecord("registration")["value"]["kind"]
    methods = [
        {"title": "Registration",
         "text": {"none": "None: the images are taken as aligned.",
                  "rigid": "Rigid, CT to CT of the reference time point, Mattes mutual information inside the body.",
                  "affine": "Affine, CT to CT of the reference time point, Mattes mutual information inside the body."}
         [registration], "source": "SimpleITK"},
        {"title": "Activity of the regions",
         "text": "Each region is carried to every time point's own voxels; a voxel counts by the fraction of it that "
                 f"lies inside the region. {_recoveryWords(study)}", "source": ""},
        {"title": "Time-integrated activity",
         "text": "Fit of each region's activities; weights and covariance as stated with each fit.",
         "source": "Gear et al. 2018, EJNMMI 45:2456-2474"},
        {"title": "Uncertainty",
         "text": "Propagated from volume, count rate, calibration and fit to the absorbed dose, with covariances.",
         "source": "Gear et al. 2018, EJNMMI 45:2456-2474"},
        {"title": "Absorbed dose", "text": " ".join([doseValue["engineTitle"] + ".", *doseValue["notes"]]),
         "source": f"{nuclide.localDoseConstantGyKgPerGBqH:.5g} Gy kg/(GBq h) for {nuclide.name}, {nuclide.source}"},
    ]
    methods.append({"title": "Dose-volume histograms", "text": "The absorbed-dose map interpolated at points that fill "
                    "each region at the resolution at which it was drawn (cubic, without overshoot); regions of whole "
                    "voxels of the map by the values of those voxels.", "source": ""})
    if doseValue["density"] == "ct":
        methods.append({"title": "Density", "text": "From the CT of the reference time point, piecewise linear in HU.",
                        "source": densitySource()})
    else:
        methods.append({"title": "Density", "text": f"Uniform, {segmentation.uniformDensityGPerML(study):g} g/mL.",
                        "source": "choice of the study"})
    return methods


def _assumptions(study, kineticsValue, doseValue):
    words = ["The images show the activity present at the start of each scan.",
             "Between and after the scans each region follows its fitted function."]
    words += uncertainty.assumptions(study, {name: region["uncertaintyBudget"]
                                             for name, region in doseValue["regions"].items()})
    words += radiobiology.assumptions(study)
    words += calibrationUse.assumptions(study) + regionRecovery.assumptions(study, kineticsValue)
    perVoxel = voxelKinetics.assumptions(kineticsValue)
    words += perVoxel
    if kineticsValue["remainder"]["timeIntegratedActivityMBqH"] and not perVoxel:
        words.append("Activity outside the regions follows one common curve, spread by the registered images.")
    for name, region in kineticsValue["regions"].items():
        words += [f"{name}: {text}" for text in region["fit"].get("assumptions", [])]
    if len(kineticsValue["timesHours"]) == 1:
        words.append("A single time point: the time-integrated activity rests on what is stated or assumed of the "
                     "effective half-lives.")
    return list(dict.fromkeys(words))


def _radiobiology(study):
    """The parameters behind the BED, once for each tissue, and once more for a region that has its own."""
    found = {}
    for name, values in radiobiology.ofRegions(study).items():
        parameters = values["radiobiology"]
        if parameters:
            isOwn = any(item["statedFor"] == name for item in parameters.get("overrides", ()))
            found[name if isOwn or not parameters["tissue"] else parameters["tissue"]] = parameters
    return [{**{key: item[key] for key in ("alphaBetaGy", "repairHalfLifeHours", "source", "verified")}, "tissue": name,
             **{key: item[key] for key in ("repair", "alphaPerGy", "repopulation", "overrides") if key in item}}
            for name, item in found.items()]
