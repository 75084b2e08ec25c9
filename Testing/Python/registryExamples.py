"""Results and cases for the tests of the registry: made up, but of the shape that a run writes."""

import dataclasses

from MRTDosimetryLib.registry.fromResults import caseFromResults

CENTER = "NUC1"
SIGNED = ("preparedBy", "medicalPhysicsExpert", "treatingPhysician")
ACTIVITY_MBQ = 7400.0


def region(name, tissue, coefficient, massG=150.0, halfLife=52.25):
    """A region of results.json, as far as the registry reads it, and a little more."""
    return {"name": name, "tissue": tissue, "volumeML": massG / 1.04, "massG": massG,
            "fit": {"model": "biExponential", "aicc": None}, "timeIntegratedActivityMBqH": 9000.0,
            "timeIntegratedActivityCoefficientH": 9000.0 / ACTIVITY_MBQ, "effectiveHalfLifeHours": halfLife,
            "absorbedDoseGy": coefficient * ACTIVITY_MBQ / 1000.0, "absorbedDoseUncertaintyGy": 0.31,
            "absorbedDoseCoefficientGyPerGBq": coefficient, "bedGy": None}


def signOff(roles=SIGNED, time="2026-05-12T09:30:00+02:00", isValid=True):
    """``signOff`` of results.json: the roles that signed, the others unsigned."""
    return {"report": [{"role": role, "title": role, "name": "A. Bee" if role in roles else None,
                        "time": time if role in roles else None, "isValid": role in roles and isValid}
                       for role in SIGNED],
            "regions": [{"region": "liver", "drafted": None, "verified": None, "state": "open"}]}


def results(kidney=0.62, change=None, **signature):
    """Content of a results.json of 177Lu-DOTATATE; ``kidney``: Gy/GBq of the left one, the right one has 10 % more."""
    content = {
        "schemaVersion": 1, "radionuclide": "Lu-177", "protocol": "lutetiumDotatate.multiTimePoint",
        "administration": {"activityMBq": ACTIVITY_MBQ, "dateTime": "2026-05-04T10:00:00"},
        "engine": "localDeposition", "warnings": ["spoken"],
        "regions": [region("kidney left", "kidney", kidney), region("kidney right", "kidney", 1.1 * kidney, 140.0),
                    region("liver", "liver", 0.31 * kidney, 1800.0, 71.0)],
        "signOff": signOff(**signature)}
    if change:
        change(content)
    return content


def caseOf(content=None, pseudonym="P-001", cycle=1, centerId=CENTER, **options):
    """The registry's case of results, without what is to be known about it."""
    options.setdefault("softwareVersion", "1.2.3")
    return caseFromResults(results() if content is None else content, centerId, pseudonym, cycle, **options)[0]


def manyCases(number, centerId=CENTER, first=0, cyclesPerPatient=1, seed=11):
    """Different cases of the registry with log-normal kidney values; made from one, so that thousands are quick."""
    import numpy as np

    base, rng = caseOf(centerId=centerId), np.random.default_rng(seed)
    kidneys = rng.lognormal(np.log(0.6), 0.3, number)
    found = []
    for index, kidney in enumerate(kidneys.tolist(), start=first):
        factor = kidney / base.regions[0].absorbedDoseCoefficientGyPerGBq
        regions = tuple(dataclasses.replace(
            item, absorbedDoseGy=item.absorbedDoseGy * factor,
            absorbedDoseCoefficientGyPerGBq=item.absorbedDoseCoefficientGyPerGBq * factor) for item in base.regions)
        found.append(dataclasses.replace(
            base, pseudonym=f"P-{index // cyclesPerPatient:05d}", cycle=index % cyclesPerPatient + 1,
            resultsDigest=f"{index:032x}", regions=regions))
    return found
