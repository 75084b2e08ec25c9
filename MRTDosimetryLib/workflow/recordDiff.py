"""What differs between two finished studies, and which input, choice, override or version moved which result."""

import os

from ..errors import InputError
from . import radiobiology, recordDiffInputs
from .recordDiffValues import changes, flat
from .recordFiles import Finished

# In the order of the job; the title is what the user reads.
STAGES = {"protocol": "Protocol", "measurements": "Measurements", "timePoints": "Time points",
          "registration": "Registration", "regions": "Regions", "kinetics": "Kinetics", "dose": "Absorbed dose",
          "radiobiology": "Radiobiology", "therapy": "Therapy", "results": "Results"}
_NEEDS = {"protocol": (), "measurements": ("protocol",), "timePoints": ("protocol",), "registration": ("timePoints",),
          "regions": ("timePoints", "registration"),
          "kinetics": ("protocol", "timePoints", "registration", "regions"),
          "dose": ("protocol", "timePoints", "regions", "kinetics"), "radiobiology": ("kinetics", "dose"),
          "therapy": ("measurements", "dose", "radiobiology"), "results": ("dose", "radiobiology", "therapy")}
_OF_TOP_KEY = {"administration": "protocol", "radionuclide": "protocol", "protocol": "protocol",
               "activityBalance": "timePoints", "referenceTimePoint": "registration", "registration": "registration",
               "organDrift": "regions", "remainder": "kinetics", "therapy": "therapy"}
_OF_REGION_KEY = {"tissue": "regions", "volumeML": "regions", "massG": "regions", "timeActivity": "kinetics",
                  "fit": "kinetics", "timeIntegratedActivityMBqH": "kinetics",
                  "timeIntegratedActivityUncertaintyMBqH": "kinetics", "timeIntegratedActivityCoefficientH": "kinetics",
                  "timeIntegratedActivityCoefficientUncertaintyH": "kinetics",
                  "effectiveHalfLifeHours": "kinetics", "voxelTimeIntegratedActivityMBqH": "kinetics",
                  **dict.fromkeys(("bedGy", "bedUncertaintyGy", "eqd2Gy", "eqd2UncertaintyGy", "radiobiology",
                                   *radiobiology.FURTHER), "radiobiology")}
_DOSE_KEYS = ("engine", "engines", "density", "isodoses")
_OF_CHOICE = {"protocol": "protocol", "radionuclide": "protocol", "administration": "protocol", "patient": "protocol",
              "isWithoutImages": "protocol", "statements": "measurements", "calibration": "timePoints",
              "registration": "registration", "unnamedLabels": "regions", "kinetics": "kinetics",
              "partialVolume": "kinetics", "dose": "dose", "resolutionFWHMMM": "dose", "uncertainty": "dose",
              "radiobiology": "radiobiology"}
# Of persons, times and places; or told by what they change elsewhere.
_NOT_COMPARED = ("signOff", "signOffLeftOut", "reportSignOff", "registrationAccepted", "registrationStated",
                 "outputFolder", "export", "reportTemplate", "scanCalibration", "calibrationUncertaintyTaken")
# Of results.json: told apart, of persons and times, or a list of what is stated elsewhere.
_NOT_RESULTS = ("warnings", "signOff", "checklist")
_DEFAULTS = {"dose": {"engine": "localDeposition", "density": "ct"}, "kinetics": {"model": "auto", "perVoxel": False},
             "registration": "rigid"}
_HEADLINE = ("absorbedDoseGy", "timeIntegratedActivityMBqH", "massG", "bedGy", "effectiveHalfLifeHours")
_PLACES = ("source", "detail", "role")
_ON_ANOTHER = "computed on another kind of processor, which may move the last digits"


def compare(first, second):
    """Compare two finished studies.

    Parameters
    ----------
    first, second : str
        Folder of results, or its ``record.json``.

    Returns
    -------
    dict
        ``isSame``; ``versions``, ``choices``, ``facts`` (each ``what``, ``from``, ``to``, and ``stage``); ``inputs``
        (see :func:`.recordDiffInputs.differences`); ``stages``: those of the job in which something moved, each with
        ``causes`` (words) and ``moved`` (see :func:`.recordDiffValues.changes`); ``headline``: the regions' main
        numbers that moved; ``warnings`` with ``added`` and ``gone``.

    Raises
    ------
    InputError
        One of them is no finished study.
    """
    one, other = Finished(first), Finished(second)
    scenes = {}

    def sceneImages(finished):
        if finished.folder not in scenes:
            scenes[finished.folder] = _imagesOfScene(finished.folder)
        return scenes[finished.folder]

    versions = [{"what": row["path"][0], "from": row["from"], "to": row["to"]} for row in changes(
        flat(one.record.get("versions") or {}), flat(other.record.get("versions") or {}))]
    inputs = recordDiffInputs.differences(one, other, sceneImages)
    choices = _choices(one.record, other.record)
    facts = _facts(one.record, other.record)
    moved = _moved(one.results, other.results)
    otherwise = "only the versions differ" if versions else _ON_ANOTHER if \
        one.record.get("processor") != other.record.get("processor") else \
        "nothing in the records explains it: check both with mrt-dosimetry verify"
    stages = _stages(moved, inputs, choices + facts, otherwise)
    warnings = [content.get("warnings") or [] for content in (one.results, other.results)]
    words = {"added": [line for line in warnings[1] if line not in warnings[0]],
             "gone": [line for line in warnings[0] if line not in warnings[1]]}
    headline = changes(_headline(one.results), _headline(other.results))
    return {"isSame": not (versions or inputs or choices or facts or stages or words["added"] or words["gone"]),
            "first": one.folder, "second": other.folder, "versions": versions, "inputs": inputs, "choices": choices,
            "facts": facts, "stages": stages, "headline": headline, "warnings": words}


def _imagesOfScene(folder):
    """(SPECT, CT) of every time point of the saved scene, copied."""
    from ..scene import files, volumes
    from ..scene.study import Study

    scene = files.openBundle(os.path.join(folder, "scene.mrb"))
    studies = Study.all(scene)
    if not studies:
        raise InputError("The saved scene holds no study", folder)
    found = []
    for point in studies[0].timePoints:
        images = [None if node is None else volumes.volumeFromNode(node) for node in (point.spectNode, point.ctNode)]
        found.append([None if image is None else image.withArray(image.array.copy()) for image in images])
    return found


def _choices(one, other):
    found = []
    for row in changes(*(_flatChoices(item) for item in (one, other))):
        top = row["path"][0]
        stage = "regions" if row["path"][:2] == ["dose", "density"] else _OF_CHOICE.get(top, "results")
        found.append({"what": ".".join(row["path"]), "from": row["from"], "to": row["to"], "stage": stage})
    regions = ((item.get("study") or {}).get("regions") or {} for item in (one, other))
    found += [{"what": f"regions.{'.'.join(row['path'])}", "from": row["from"], "to": row["to"], "stage": "regions"}
              for row in changes(*(flat({key: item.get(key) for key in ("names", "timePoint")}) for item in regions))]
    for number, (a, b) in enumerate(zip(*(_points(item) for item in (one, other)), strict=False), 1):
        matrices = [(item.get("registration") or {}).get("referenceFromTimePoint") for item in (a, b)]
        if matrices[0] != matrices[1]:
            found.append({"what": f"time point {number}: alignment by hand", "stage": "registration",
                          **dict(zip(("from", "to"), map(_matrixWords, matrices), strict=True))})
    return found


def _points(content):
    return (content.get("study") or {}).get("timePoints") or []


def _matrixWords(matrix):
    if matrix is None:
        return "as found"
    return f"shift {', '.join(f'{row[3]:.2f}' for row in matrix[:3])} mm (R, A, S)"


def _flatChoices(content):
    kept = {key: value for key, value in (content.get("choices") or {}).items() if key not in _NOT_COMPARED}
    for key, default in _DEFAULTS.items():
        kept[key] = {**default, **(kept.get(key) or {})} if isinstance(default, dict) else kept.get(key, default)
    return {path: value for path, value in flat(kept).items()
            if value not in (None, {}, []) and path[:3] != ("dose", "external", "file")
            and not (path[0] in ("administration", "statements") and path[-1] in _PLACES)}


def _facts(one, other):
    """Facts of the time points: times, units, what their headers state, and what is left out."""
    lists = [content.get("timePoints") or [] for content in (one, other)]
    found = []
    for number in range(max(map(len, lists))):
        a, b = (items[number] if number < len(items) else None for items in lists)
        name = f"time point {number + 1} ({(b or a)['label']})"
        if a is None or b is None:
            found.append({"what": name, "from": "absent" if a is None else "there", "stage": "timePoints",
                          "to": "absent" if b is None else "there"})
            continue
        if a["isExcluded"] != b["isExcluded"]:
            reason = (b if b["isExcluded"] else a).get("exclusionReason") or ""
            because = f" ({reason})" if reason else ""
            found.append({"what": name, "stage": "timePoints", "from": ("included", "excluded")[a["isExcluded"]],
                          "to": ("included", "excluded")[b["isExcluded"]] + because})
        for key in dict.fromkeys([*a["facts"], *b["facts"]]):
            values = [(item["facts"].get(key) or {}).get("value") for item in (a, b)]
            if values[0] != values[1]:
                found.append({"what": f"{name}: {key}{_originOf(b['facts'].get(key) or a['facts'].get(key))}",
                              "from": values[0], "to": values[1], "stage": "timePoints"})
    return found


def _originOf(fact):
    detail, reason = fact.get("detail") or "", fact.get("reason") or ""
    words = detail if not reason else f"{detail}, because: {reason}".lstrip(", ")
    return f" [{words}]" if words else ""


def _headline(results):
    return {(region["name"], key): region.get(key) for region in results.get("regions") or [] for key in _HEADLINE}


def _moved(one, other):
    """{stage: changes of the results that belong to it}."""
    found = {}
    for row in changes(*(flat({key: value for key, value in content.items() if key not in _NOT_RESULTS})
                         for content in (one, other))):
        found.setdefault(_stageOf(row["path"]), []).append(row)
    return found


def _stageOf(path):
    top = path[0]
    if top == "regions":
        return _OF_REGION_KEY.get(path[2], "dose") if len(path) > 2 else "regions"
    return _OF_TOP_KEY.get(top, "dose" if top in _DOSE_KEYS else "results")


def _stages(moved, inputs, stated, otherwise):
    """Stages in which something moved or was changed, each with what it comes from; ``otherwise`` where that is
    nothing of the study."""
    found, touched = [], {}
    for name, title in STAGES.items():
        causes = [f"{row['what']}: another file" for row in inputs if row["stage"] == name]
        causes += [f"{row['what']}: {row['from']} -> {row['to']}" for row in stated if row["stage"] == name]
        # The CTs are what the time points are brought together by.
        if name == "registration":
            causes += [f"{row['what']}: another file" for row in inputs if row["what"].endswith(recordDiffInputs.CT)]
        if name == "dose":  # the density
            causes += [f"{row['what']}: {row['from']} -> {row['to']}" for row in stated
                       if row["what"].startswith("dose.density")]
        earlier = [STAGES[need] for need in _NEEDS[name] if touched.get(need)]
        rows = moved.get(name, [])
        touched[name] = bool(causes or rows)
        if not touched[name]:
            continue
        if rows and not causes:
            causes = [f"follows from {', '.join(earlier)}"] if earlier else [otherwise]
        elif rows and earlier:
            causes.append(f"and follows from {', '.join(earlier)}")
        found.append({"stage": name, "title": title, "causes": causes, "moved": rows})
    return found
