"""How the absorbed dose is to be computed: the study's choices, checked in words.

The first engine is the primary one, whose numbers are the results; the others stand beside it.
"""

from ..errors import Faults, InputError
from ..physics.dose import registry as engines
from ..physics.nuclides import PROGENY_CHOICES
from ..physics.particleDose import LARGEST_RBE
from .protocol import positiveNumber

DEFAULT_ENGINE = "localDeposition"
EXTERNAL = "external"
EXTERNAL_TITLE = "External map"
DENSITIES = ("ct", "uniform")
KEYS = ("engine", "density", "densityGPerML", "options", "progeny", "rbe", "doseRateMaps", "gamma", "external")
# Criteria of the gamma index where the study states none. Local: organs differ by orders of magnitude, and a
# percentage of the maximum would call everything equal but the hottest lesion. 3 mm is below the voxel of a SPECT.
GAMMA = {"absorbedDosePercent": 3.0, "distanceMM": 3.0}
RBE_PARTICLES = ("alpha",)
# What the workflow itself gives to an engine.
_RESERVED_OPTIONS = {"regions": "The regions are those of the study",
                     "progeny": "State progeny for all engines, beside the options"}


def engineChoices():
    """Name and title of every absorbed-dose engine, the map from elsewhere last."""
    return [(name, engines.engine(name).title) for name in engines.engineNames()] + [(EXTERNAL, EXTERNAL_TITLE)]


def titleOf(name):
    """Title of an engine, also of the map from elsewhere."""
    return EXTERNAL_TITLE if name == EXTERNAL else engines.engine(name).title


def stated(study):
    """All choices with their defaults; ``engines`` holds the names, the primary one first."""
    choice = study.choice("dose") or {}
    names = choice.get("engine") or DEFAULT_ENGINE
    names = [names] if isinstance(names, str) else list(names)
    if choice.get("external") and EXTERNAL not in names:
        names.append(EXTERNAL)
    return {"density": "ct", "densityGPerML": None, "options": {}, "progeny": None, "rbe": {}, "doseRateMaps": False,
            "external": None, **choice, "engines": names, "gamma": {**GAMMA, **(choice.get("gamma") or {})}}


def engineNames(study):
    """Names of the chosen engines, the primary one first."""
    return stated(study)["engines"]


def primaryName(study):
    """Name of the engine whose numbers are the results."""
    return engineNames(study)[0]


def setDose(study, description):
    """State everything at once, as a study file does.

    Parameters
    ----------
    description : dict
        Any of ``engine`` (a name, or a list of names, the primary one first), ``density`` (``"ct"`` or
        ``"uniform"``), ``densityGPerML``, ``options`` (engine name to its options), ``progeny`` (``"excluded"`` or
        ``"inPlace"``), ``rbe`` (``{"alpha": 5}``), ``doseRateMaps``, ``gamma`` (``absorbedDosePercent``,
        ``distanceMM``) and ``external`` (see :mod:`.externalDose`).

    Raises
    ------
    InputError, FaultList
        Unknown keys, names or values: every fault found.
    """
    study.setChoice("dose", checked(description))


def change(study, **changes):
    """Change some of the choices; ``None`` takes one back to its default. Everything is checked again."""
    choice = {**(study.choice("dose") or {}), **changes}
    setDose(study, {key: value for key, value in choice.items() if value is not None})


def setEngine(study, name=DEFAULT_ENGINE, density="ct", uniformDensity=None):
    """Choose the primary engine and where the density comes from; engines beside it stay.

    Parameters
    ----------
    density : str
        ``"ct"`` or ``"uniform"``.
    uniformDensity : float or None
        g/mL of the uniform density; ``None`` takes the stated default.
    """
    others = [other for other in engineNames(study)[1:] if other != name]
    change(study, engine=[name, *others] if others else name, density=density, densityGPerML=uniformDensity)


def setComparison(study, names):
    """Choose the engines beside the primary one."""
    primary = primaryName(study)
    others = [name for name in dict.fromkeys(names) if name != primary]
    external = None if EXTERNAL not in [primary, *others] else stated(study)["external"]
    change(study, engine=[primary, *others] if others else primary, external=external)


def setEngineOption(study, engineName, key, value):
    """Change one option of an engine; ``None`` takes it back."""
    options = {name: dict(content) for name, content in stated(study)["options"].items()}
    options.setdefault(engineName, {})[key] = value
    options = {name: {key: value for key, value in content.items() if value is not None}
               for name, content in options.items()}
    change(study, options={name: content for name, content in options.items() if content} or None)


def reset(study):
    """Engine, density and options as the protocol has them; statements on progeny, RBE and an external map stay."""
    setDose(study, {key: value for key, value in (study.choice("dose") or {}).items()
                    if key in ("progeny", "rbe", "external")})


def engineOptions(study, name):
    """Options to compute with: those stated for the engine, and the progeny."""
    return {**(stated(study)["options"].get(name) or {}), **progenyOptions(study)}


def progenyOptions(study):
    """The stated treatment of radioactive progeny as options of an engine; empty where none is stated."""
    progeny = stated(study)["progeny"]
    return {} if progeny is None else {"progeny": progeny}


def checked(description, where="dose"):
    """The description as it is kept, defaults of an old study left out; every fault in one go."""
    faults = Faults()
    content = {"engine": DEFAULT_ENGINE, "density": "ct", "densityGPerML": None}
    for key in description:
        if key not in KEYS:
            faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(KEYS))}")
    with faults.collect():
        content["engine"] = _checkedEngines(description.get("engine", DEFAULT_ENGINE), f"{where}.engine")
    density = description.get("density", "ct")
    if density not in DENSITIES:
        faults.add(f"'{density}' is not a source of density", f"{where}.density", f"Use {' or '.join(DENSITIES)}")
    content["density"] = density
    for key, check in (("densityGPerML", _checkedDensity), ("options", _checkedOptions), ("progeny", _checkedProgeny),
                       ("rbe", _checkedRBE), ("doseRateMaps", _checkedFlag), ("gamma", _checkedGamma),
                       ("external", _checkedExternal)):
        if description.get(key) is not None:
            with faults.collect():
                content[key] = check(description[key], f"{where}.{key}")
    names = [content["engine"]] if isinstance(content["engine"], str) else content["engine"]
    if EXTERNAL in names and not content.get("external") and description.get("external") is None:
        faults.add("The external map is not named", f"{where}.external",
                   'Give e.g. {"file": "map.nrrd", "quantity": "absorbedDose", "unit": "Gy"}')
    faults.raiseIfAny()
    return content


def _checkedEngines(value, where):
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise InputError("The engine is not a name or a list of names", where,
                         f"Known are {', '.join(name for name, _title in engineChoices())}")
    known, faults = [name for name, _title in engineChoices()], Faults()
    for name in dict.fromkeys(names):
        if name not in known:
            faults.add(f"'{name}' is not an absorbed-dose engine", where, f"Known are {', '.join(known)}")
        elif names.count(name) > 1:
            faults.add(f"The engine '{name}' is named twice", where, "Name each once")
    faults.raiseIfAny()
    return names[0] if len(names) == 1 else list(names)


def _checkedDensity(value, where):
    return positiveNumber(value, "uniform density", where)


def _checkedOptions(value, where):
    if not isinstance(value, dict):
        raise InputError("The options are not an object", where, 'Write e.g. {"monteCarlo": {"seed": 1}}')
    faults = Faults()
    for name, options in value.items():
        if name not in engines.engineNames():
            faults.add(f"'{name}' is not an absorbed-dose engine", where,
                       f"Known are {', '.join(engines.engineNames())}")
        elif not isinstance(options, dict):
            faults.add("The options of the engine are not an object", f"{where}.{name}")
        else:
            known = [key for key in engines.engine(name).optionNames if key not in _RESERVED_OPTIONS]
            for key in options:
                if key not in known:
                    mend = _RESERVED_OPTIONS.get(key) or f"Known are {', '.join(sorted(known)) or 'none'}"
                    faults.add(f"The option '{key}' is not known", f"{where}.{name}", mend)
    faults.raiseIfAny()
    return {name: dict(options) for name, options in value.items()}


def _checkedProgeny(value, where):
    if value not in PROGENY_CHOICES:
        raise InputError(f"'{value}' is not a treatment of the progeny", where, f"Use {' or '.join(PROGENY_CHOICES)}")
    return value


def _checkedRBE(value, where):
    if not isinstance(value, dict):
        raise InputError("The RBE is not an object", where, 'Write e.g. {"alpha": 5}')
    faults, found = Faults(), {}
    for name, number in value.items():
        if name not in RBE_PARTICLES:
            faults.add(f"'{name}' has no RBE here", where, f"Known are {', '.join(RBE_PARTICLES)}")
            continue
        with faults.collect():
            found[name] = positiveNumber(number, f"RBE of {name} particles", where)
            if found[name] > LARGEST_RBE:
                raise InputError(f"The RBE of {name} particles is {found[name]:g}", where, "Give a number such as 5")
    faults.raiseIfAny()
    return found


def _checkedFlag(value, where):
    if not isinstance(value, bool):
        raise InputError(f"{value!r} is neither true nor false", where, "Give true or false")
    return value


def _checkedGamma(value, where):
    if not isinstance(value, dict):
        raise InputError("The criteria of the gamma index are not an object", where,
                         'Write e.g. {"absorbedDosePercent": 3, "distanceMM": 3}')
    faults, found = Faults(), {}
    for key, number in value.items():
        if key not in GAMMA:
            faults.add(f"The key '{key}' is not known", where, f"Known are {', '.join(sorted(GAMMA))}")
            continue
        with faults.collect():
            found[key] = positiveNumber(number, "criterion of the gamma index", f"{where}.{key}")
    faults.raiseIfAny()
    return found


def _checkedExternal(value, where):
    from . import externalDose

    return externalDose.checked(value, where)
