"""What is stated of a radioembolization: compartments, lung shunt, constant and uncertainties, checked in words."""

import re

from ..errors import Faults, InputError
from ..physics import lungShunt, microspheres
from .inputs import Field, Kind, Rows, number, refuseUnknown, registerKind
from .tissues import tissueOf

TUMOR, NORMAL, NOT_PERFUSED, LUNG = "tumor", "normalLiver", "notPerfusedLiver", "lung"
ROLES = ((TUMOR, "tumor"), (NORMAL, "perfused normal liver"), (NOT_PERFUSED, "normal liver that is not perfused"),
         (LUNG, "lungs"))
DEVICES = (("glass", "glass"), ("resin", "resin"), ("holmium", "166Ho poly(L-lactic acid)"))
INDICATIONS = (("HCC", "hepatocellular carcinoma"), ("ICC", "intrahepatic cholangiocarcinoma"),
               ("mCRC", "metastases of colorectal carcinoma"))
MAA, PET, BREMSSTRAHLUNG = "maaSPECT", "yttriumPET", "bremsstrahlungSPECT"
IMAGES = ((MAA, "99mTc-MAA SPECT/CT before the treatment"), (PET, "90Y PET/CT after the treatment"),
          (BREMSSTRAHLUNG, "90Y bremsstrahlung SPECT after the treatment"))
RELATIVE, ABSOLUTE = "patientRelative", "absolute"
CALIBRATIONS = ((RELATIVE, "patient-relative: by the activity of the treatment"), (ABSOLUTE, "absolute, in Bq/mL"))

# Below these a mass is in kg by mistake: no such organ is so light. Tumors may be as light as they are.
LIGHTEST_G = {NORMAL: 10.0, LUNG: 50.0}
HEAVIEST_G = 10_000.0
_COMPARTMENT_KEYS = {"name", "role", "massG", "volumeML", "densityGPerML", "relativeMassUncertainty", "counts",
                     "tumorToNormalRatio"}
_KEYS = {"compartments", "tumorToNormalRatio", "relativeRatioUncertainty", "lungShuntFraction",
         "lungShuntFractionUncertainty", "lungMassG", "relativeLungMassUncertainty", "doseConstantJPerGBq",
         "relativeConstantUncertainty", "residualFraction", "relativeActivityUncertainty", "device", "indication",
         "images", "calibration", "perfusedRegions", "tumorToNormalActivityRatio", "tumorLungShuntFraction"}
_FRACTION = "Give a fraction, 0.05 for 5 %"
_NOT_PERFUSED = re.compile(r"\b(?:non|not|un)[\s_-]*(?:perfused|treated)", re.IGNORECASE)
_WHOLE = re.compile(r"\b(?:whole|total|entire)\b", re.IGNORECASE)


def checkMicrospheres(value, where):
    """The key ``microspheres`` of a study: every compartment with its role and mass; all faults in one go.

    Returns
    -------
    dict
        The stated keys; ``compartments`` as dict with ``name``, ``role``, ``massG`` and what else is stated. Lungs
        among the compartments become ``lungMassG``.
    """
    refuseUnknown(value, _KEYS, where)
    faults, found = Faults(), {key: item for key, item in value.items() if item is not None and key != "compartments"}
    _checkNumbers(found, where, faults)
    for key, choices in (("device", DEVICES), ("indication", INDICATIONS), ("images", IMAGES),
                         ("calibration", CALIBRATIONS)):
        known = [name for name, _title in choices]
        if key in found and found[key] not in known:
            faults.add(f"'{found[key]}' is not known", f"{where}: {key}", f"Known are {', '.join(known)}")
    with faults.collect():
        found["compartments"] = _compartments(value.get("compartments"), where)
    with faults.collect():
        _checkRegions(found.get("perfusedRegions"), f"{where}: perfusedRegions")
    faults.raiseIfAny()
    _takeLungs(found, where)
    _checkModel(found, where)
    return found


def _checkNumbers(found, where, faults):
    for key, what in (("lungShuntFraction", "lung shunt fraction"), ("residualFraction", "residual fraction"),
                      ("tumorLungShuntFraction", "tumor-to-lung shunt fraction")):
        if key in found:
            with faults.collect():
                found[key] = number(found[key], what, f"{where}: {key}", 0.0, 1.0, isHighIncluded=False,
                                    mend=_FRACTION)
    for key, what in (("tumorToNormalRatio", "tumor-to-normal ratio"),
                      ("tumorToNormalActivityRatio", "ratio of the activities of tumor and normal liver"),
                      ("doseConstantJPerGBq", "absorbed-dose constant (J/GBq)")):
        if key in found:
            with faults.collect():
                found[key] = number(found[key], what, f"{where}: {key}", 0.0, isLowIncluded=False)
    for key, what in (("relativeRatioUncertainty", "relative uncertainty of the tumor-to-normal ratio"),
                      ("lungShuntFractionUncertainty", "uncertainty of the lung shunt fraction"),
                      ("relativeLungMassUncertainty", "relative uncertainty of the mass of the lungs"),
                      ("relativeConstantUncertainty", "relative uncertainty of the constant"),
                      ("relativeActivityUncertainty", "relative uncertainty of the activity")):
        if key in found:
            with faults.collect():
                found[key] = number(found[key], what, f"{where}: {key}", 0.0, 1.0, isHighIncluded=False,
                                    mend=_FRACTION)
    if "lungMassG" in found:
        with faults.collect():
            found["lungMassG"] = _mass(found["lungMassG"], LUNG, "lungs", f"{where}: lungMassG")


def _compartments(value, where):
    if value is None:
        return []
    if not isinstance(value, list):
        raise InputError("The compartments are not a list", f"{where}: compartments",
                         'Write e.g. [{"name": "tumor", "massG": 250}, {"name": "normal liver", "massG": 1350}]')
    faults, found = Faults(), []
    for position, item in enumerate(value):
        with faults.collect():
            found.append(_compartment(item, f"{where}: compartment {position + 1}"))
    names = [item["name"] for item in found]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.add(f"The name '{name}' is given twice", f"{where}: compartments", "Give every compartment its own name")
    if any(item["role"] == TUMOR for item in found):
        for item in found:
            if item["role"] in (NORMAL, NOT_PERFUSED) and _WHOLE.search(item["name"]):
                faults.add(f"'{item['name']}' is given beside a tumor that it would hold", f"{where}: compartments",
                           "Give the normal liver without its tumors, under another name")
    faults.raiseIfAny()
    return found


def _roleOf(name):
    """What a compartment is by the words of its name, or ``None``."""
    role = {"tumor": TUMOR, "liver": NORMAL, "lung": LUNG}.get(tissueOf(name))
    return NOT_PERFUSED if role == NORMAL and _NOT_PERFUSED.search(name) else role


def _compartment(item, where):
    refuseUnknown(item, _COMPARTMENT_KEYS, where)
    item = {key: content for key, content in item.items() if content is not None}
    name = item.get("name")
    if not (isinstance(name, str) and name.strip()):
        raise InputError("The compartment has no name", where, 'Give "name"')
    name = name.strip()
    if name == microspheres.LUNGS and item.get("role", LUNG) != LUNG:
        raise InputError(f"The name '{name}' is that of the lungs", where, "Give another name")
    where = f"{where} ({name})"
    role = item.get("role") or _roleOf(name)
    if role not in dict(ROLES):
        raise InputError("What the compartment is is not known" if role is None else f"'{role}' is not a role", where,
                         f"Give role: {', '.join(key for key, _title in ROLES)}")
    found = {"name": name, "role": role}
    if "massG" in item:
        if "volumeML" in item and "densityGPerML" in item:
            raise InputError("Mass, volume and density are given", where, "Give the mass, or volume and density")
        massG = item["massG"]
    elif "volumeML" in item:
        volumeML = number(item["volumeML"], "volume (mL)", where, 0.0, isLowIncluded=False)
        if "densityGPerML" not in item:
            raise InputError("The density of the volume is missing", where, "Give densityGPerML, or the mass (massG)")
        massG = volumeML * number(item["densityGPerML"], "density (g/mL)", where, 0.1, 2.0, mend="Give it in g/mL")
    else:
        raise InputError("The mass is missing", where, "Give massG, or volumeML and densityGPerML")
    found["massG"] = _mass(massG, role, name, where)
    if "volumeML" in item:
        found["volumeML"] = number(item["volumeML"], "volume (mL)", where, 0.0, isLowIncluded=False)
    for key, what, high in (("relativeMassUncertainty", "relative uncertainty of the mass", 1.0),
                            ("counts", "counts", None), ("tumorToNormalRatio", "tumor-to-normal ratio", None)):
        if key in item:
            found[key] = number(item[key], what, where, 0.0, high, isLowIncluded=high is not None,
                                isHighIncluded=False, mend=_FRACTION if high else "")
    if "tumorToNormalRatio" in found and role != TUMOR:
        raise InputError("A tumor-to-normal ratio is given for what is no tumor", where, "Take it back")
    return found


def _mass(value, role, name, where):
    massG = number(value, "mass (g)", where, 0.0, isLowIncluded=False)
    if massG < LIGHTEST_G.get(role, 0.0):
        raise InputError(f"The mass of {name} is {massG:g} g, which no such organ has", where,
                         "Give it in g, not in kg")
    if massG > HEAVIEST_G:
        raise InputError(f"The mass of {name} is {massG:g} g, which no such organ has", where, "Give it in g")
    return massG


def _checkRegions(names, where):
    if names is not None and not (isinstance(names, list) and names and all(
            isinstance(name, str) and name.strip() for name in names)):
        raise InputError("These are not names of regions", where, 'Write e.g. ["liver", "tumor"]')


def _takeLungs(found, where):
    """Lungs among the compartments are the mass of the lungs; two statements of it have to agree."""
    lungs = [item for item in found["compartments"] if item["role"] == LUNG]
    found["compartments"] = [item for item in found["compartments"] if item["role"] != LUNG]
    if not lungs:
        return
    massG = sum(item["massG"] for item in lungs)
    if "lungMassG" in found and abs(found["lungMassG"] / massG - 1.0) > 1e-6:
        raise InputError(f"The mass of the lungs is given as {found['lungMassG']:g} g and as {massG:g} g", where,
                         "Give it once")
    found["lungMassG"] = massG
    # several lungs of uncertainties of their own, taken as independent
    spreads = [item["massG"] * item["relativeMassUncertainty"] for item in lungs if "relativeMassUncertainty" in item]
    if len(spreads) == len(lungs) and "relativeLungMassUncertainty" not in found:
        found["relativeLungMassUncertainty"] = sum(spread ** 2 for spread in spreads) ** 0.5 / massG


def _checkModel(found, where):
    """One definition of the ratio: of concentrations (MIRD), or of activities (Kao)."""
    byActivity = [key for key in ("tumorToNormalActivityRatio", "tumorLungShuntFraction") if key in found]
    if not byActivity:
        return
    if len(byActivity) == 1:
        raise InputError("The partition by activities needs both tumorToNormalActivityRatio and "
                         "tumorLungShuntFraction", where, "Give both, or tumorToNormalRatio and lungShuntFraction")
    others = [key for key in ("tumorToNormalRatio", "lungShuntFraction") if key in found]
    if others or any("tumorToNormalRatio" in item or "counts" in item for item in found["compartments"]):
        raise InputError(f"Ratios of activities and of concentrations are given "
                         f"({', '.join([*byActivity, *others])}): they are defined differently", where,
                         "Give the ones or the others")
    roles = sorted(item["role"] for item in found["compartments"])
    if roles != [NORMAL, TUMOR]:
        raise InputError("The partition by activities knows one tumor and one normal liver", where,
                         "Give these two compartments, or a ratio of concentrations")


_VIEW_KEYS = tuple(f"{organ}{view}{kind}Counts" for organ in ("lung", "liver") for view in ("Anterior", "Posterior")
                   for kind in ("", "Background"))
_SPECT_KEYS = ("lungCounts", "liverCounts", "isAttenuationCorrected")


def checkLungShunt(value, where):
    """The key ``measurements.lungShunt``: counts of planar views or of a SPECT, also without the level between.

    Returns
    -------
    dict
        ``{"planar": {...}}`` or ``{"spect": {...}}``.
    """
    refuseUnknown(value, {lungShunt.PLANAR, lungShunt.SPECT, *_VIEW_KEYS, *_SPECT_KEYS}, where)
    given = {key: content for key, content in value.items() if content is not None}
    kinds = [key for key in (lungShunt.PLANAR, lungShunt.SPECT) if key in given]
    if not kinds:  # as a form gives it
        kinds = [kind for kind, keys in ((lungShunt.PLANAR, _VIEW_KEYS), (lungShunt.SPECT, _SPECT_KEYS))
                 if set(given) & set(keys)]
        given = {kind: given for kind in kinds}
    if len(kinds) != 1:
        raise InputError("Counts of one scan are needed, planar or SPECT", where,
                         'Write e.g. {"planar": {"lungAnteriorCounts": ..., "lungPosteriorCounts": ..., '
                         '"liverAnteriorCounts": ..., "liverPosteriorCounts": ...}}')
    kind = kinds[0]
    keys = _VIEW_KEYS if kind == lungShunt.PLANAR else _SPECT_KEYS
    refuseUnknown(given[kind], set(keys), f"{where}: {kind}")
    needed = [key for key in keys if not key.endswith("BackgroundCounts") and key != "isAttenuationCorrected"]
    faults, found = Faults(), {}
    for key in keys:
        what, content = _wordsOf(key), given[kind].get(key)
        if content is None:
            if key in needed:
                faults.add(f"The {what} are missing", f"{where}: {kind}", f"Give {key}")
            continue
        if key == "isAttenuationCorrected":
            if not isinstance(content, bool):
                faults.add(f"isAttenuationCorrected is {content!r}", f"{where}: {kind}", "Give true or false")
            found[key] = content
            continue
        with faults.collect():
            found[key] = number(content, what, f"{where}: {kind}", 0.0, isLowIncluded="Background" in key)
    faults.raiseIfAny()
    resolveLungShunt({kind: found})  # counts below their background are a fault of the measurement
    return {kind: found}


def _wordsOf(key):
    """``"lungAnteriorBackgroundCounts"`` -> ``"lung anterior background counts"``."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in key)


def resolveLungShunt(measured):
    """The :class:`~MRTDosimetryLib.physics.lungShunt.LungShunt` of checked counts."""
    if lungShunt.SPECT in measured:
        counts = measured[lungShunt.SPECT]
        return lungShunt.spectShunt(counts["lungCounts"], counts["liverCounts"])
    counts = measured[lungShunt.PLANAR]
    organs = [{f"{view}{kind}Counts": counts.get(f"{organ}{view.capitalize()}{kind}Counts")
               for view in ("anterior", "posterior") for kind in ("", "Background")} for organ in ("lung", "liver")]
    return lungShunt.planarShunt(*organs)


registerKind(Kind(
    "microspheres", "Microspheres", checkMicrospheres, lists=(Rows("compartments", "Compartments", (
        Field("name", "Compartment", "text", isRequired=True, tip="tumor ..., normal liver, lungs: the name says what "
              "it is, else the role below"),
        Field("massG", "Mass (g)", tip="Or volume and density"),
        Field("counts", "Counts", tip="Of the images, in place of a ratio"),
        Field("tumorToNormalRatio", "Ratio to normal liver (1)", tip="Of a tumor, where each has its own"),
        Field("role", "Role", "choice", ROLES),
        Field("volumeML", "Volume (mL)"),
        Field("densityGPerML", "Density (g/mL)"),
        Field("relativeMassUncertainty", "Relative uncertainty of the mass, k = 1 (1)"))),), fields=(
        Field("device", "Microspheres", "choice", DEVICES),
        Field("indication", "Indication, for the published targets", "choice", INDICATIONS),
        Field("images", "Images", "choice", IMAGES),
        Field("calibration", "Calibration of the images", "choice", CALIBRATIONS),
        Field("tumorToNormalRatio", "Tumor-to-normal ratio of concentrations (1)",
              tip="Activity per mass of the tumor over that of the perfused normal liver (MIRD)"),
        Field("relativeRatioUncertainty", "Its relative uncertainty, k = 1 (1)"),
        Field("lungShuntFraction", "Lung shunt fraction (1)", tip="A fraction, 0.05 for 5 %; left out where counts "
              "of a scan are given"),
        Field("lungShuntFractionUncertainty", "Its uncertainty, k = 1 (1)"),
        Field("lungMassG", "Mass of the lungs (g)", tip="Best from the patient's CT; 1000 g is a usual assumption"),
        Field("relativeLungMassUncertainty", "Its relative uncertainty, k = 1 (1)"),
        Field("residualFraction", "Share of the activity that stays in vial and tubes (1)"),
        Field("doseConstantJPerGBq", "Absorbed-dose constant (J/GBq)",
              tip="For 90Y 49.67 (most publications), 49.77 (nuclide table), 50 (instructions for use) or your own"),
        Field("relativeConstantUncertainty", "Its relative uncertainty, k = 1 (1)"),
        Field("relativeActivityUncertainty", "Relative uncertainty of the activity, k = 1 (1)"))))
registerKind(Kind(
    "measurements.lungShunt", "Lung shunt by 99mTc-MAA", checkLungShunt, fields=(
        *(Field(key, f"Planar: {_wordsOf(key)}") for key in _VIEW_KEYS),
        Field("lungCounts", "SPECT: lung counts"), Field("liverCounts", "SPECT: liver counts"))))
