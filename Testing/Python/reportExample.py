"""A realistic study for the tests of the report: results as the contract has them, and what is known beside."""

import math

LOCAL_DOSE_CONSTANT_GY_KG_PER_GBQ_H = 0.08532  # Lu-177, ICRP-107
ADMINISTERED_MBQ = 7400.0
TIMES_HOURS = (4.0, 24.0, 96.0, 168.0)

# name, volume mL, density g/mL, uptake as part of the administered activity at time 0, effective half-life h
_ORGANS = (
    ("liver", 1714.0, 1.05, 0.060, 64.0), ("spleen", 143.0, 1.05, 0.021, 66.0),
    ("kidney left", 150.0, 1.05, 0.0172, 50.0), ("kidney right", 145.0, 1.05, 0.0166, 51.0),
    ("red marrow", 120.0, 1.03, 0.0011, 60.0), ("lesion 1", 2.5, 1.05, 0.0004, 88.0),
    ("lesion 2", 8.1, 1.05, 0.0032, 92.0), ("lesion 3", 18.2, 1.05, 0.0051, 90.0),
    ("remainder of the image", 41200.0, 1.0, 0.31, 41.0),
)
_MORE = (
    ("lung left", 1520.0, 0.31, 0.0034, 44.0), ("lung right", 1790.0, 0.31, 0.0041, 44.0),
    ("heart", 640.0, 1.05, 0.0046, 43.0), ("parotid gland left", 25.0, 1.04, 0.0009, 39.0),
    ("parotid gland right", 24.6, 1.04, 0.00088, 39.0), ("submandibular gland left", 11.0, 1.04, 0.0004, 38.0),
    ("submandibular gland right", 10.7, 1.04, 0.00038, 38.0), ("pituitary gland", 0.6, 1.04, 0.00004, 55.0),
    ("lesion 4", 31.0, 1.05, 0.0091, 84.0), ("lesion 5", 4.4, 1.05, 0.0013, 79.0),
    ("lesion 12, segment VII of the liver", 55.0, 1.05, 0.012, 97.0),
)
WARNINGS = [
    "lesion 1: 31 % of the time-integrated activity is extrapolated beyond the last scan.",
    "remainder of the image: BED not computed, because it has no single tissue.",
    "lesion 3: the uncertainty of the absorbed dose was not computed: no degrees of freedom are left.",
    "72 h: registration quality is to be checked (body overlap 0.93).",
]


def exampleResults(regionCount=9, warnings=None):
    """results.json of ``regionCount`` regions (up to 20)."""
    regions = [_region(*row) for row in (_ORGANS + _MORE)[:regionCount]]
    for region in regions:
        if region["name"] == "remainder of the image":
            region["bedGy"] = None
        if region["name"] == "lesion 3":
            region["absorbedDoseUncertaintyGy"] = None
            region["timeIntegratedActivityUncertaintyMBqH"] = None
    return {"schemaVersion": 1, "radionuclide": "Lu-177",
            "administration": {"activityMBq": ADMINISTERED_MBQ, "dateTime": "2026-05-04T10:00:00"},
            "warnings": list(WARNINGS if warnings is None else warnings), "regions": regions}


def exampleContext(results, scanCount=4):
    """Everything the report can show beside the results."""
    labels = [f"{hours:g} h" for hours in TIMES_HOURS][:scanCount]
    return {
        "patient": {"id": "DIGITAL-PATIENT", "name": "Digital^Patient"},
        "protocol": {"id": "lutetiumDotatate.multiTimePoint", "title": "Lutetium-177 DOTATATE, several time points",
                     "therapy": "[177Lu]Lu-DOTATATE", "strategy": "several SPECT/CT", "level": 2},
        "administration": {"activityMBq": ADMINISTERED_MBQ, "dateTime": "2026-05-04T10:00:00", "source": "DICOM"},
        "timePoints": [_scan(label, hours, index) for index, (label, hours) in
                       enumerate(zip(labels, TIMES_HOURS, strict=False))],
        "registration": [
            {"label": label, "translationMM": [4.21 * index, -2.3, 6.04], "rotationDegrees": [0.4, -1.1, 2.02],
             "diceBefore": 0.91, "diceAfter": 0.985 - 0.02 * index, "quality": "good" if index < 3 else "check",
             "reasons": [] if index < 3 else ["the bodies overlap less than expected"]}
            for index, label in enumerate(labels[1:], 1)],
        "methods": [
            {"title": "Activity", "text": "Sum over the region of the activity concentration times the voxel volume; "
             "voxels at the border count by the part of them that is inside.", "source": ""},
            {"title": "Time-integrated activity", "text": "Exponential fitted by weighted least squares, integrated "
             "to infinity; the uncertainty is propagated from the covariance of the parameters.",
             "source": "MIRD Pamphlet 21, J Nucl Med 2009;50:477-484"},
            {"title": "Absorbed dose", "text": "Local energy deposition: the energy of electrons is absorbed in the "
             "voxel of the decay; density from CT.", "source": "MIRD Pamphlet 21; ICRP Publication 107"},
            {"title": "Biologically effective dose", "text": "Linear-quadratic model with the Lea-Catcheside factor "
             "of the fitted dose rate.", "source": "ICRU Report 96"}],
        "assumptions": ["All energy of electrons is absorbed in the voxel of the decay; photons are left out.",
                        "Activity between the administration and the first scan is as at the first scan.",
                        "Organ volumes do not change between the scans."],
        "radiobiology": [
            {"tissue": "kidney", "alphaBetaGy": 2.6, "repairHalfLifeHours": 2.8, "source": "Bodei et al. 2008",
             "verified": False},
            {"tissue": "tumor", "alphaBetaGy": 10.0, "repairHalfLifeHours": 1.5, "source": "", "verified": False}],
        "nuclide": {"name": "Lu-177", "halfLifeHours": 159.53, "energyPerDecayMeV": 0.14792,
                    "source": "ICRP Publication 107 (2008)"},
        "partialVolume": [
            {"region": "lesion 1", "volumeML": 2.5, "recovery": 0.55, "neededFactor": 1.82, "resolutionFWHMMM": 10.0,
             "isResolutionAssumed": True},
            {"region": "lesion 3", "volumeML": 18.2, "recovery": 0.76, "neededFactor": 1.32, "resolutionFWHMMM": 10.0},
            {"region": "liver", "volumeML": 1714.0, "recovery": 0.95, "neededFactor": 1.05,
             "resolutionFWHMMM": 10.0}],
        "overrides": [{"what": "96 h: durationSeconds", "from": 900, "to": 1500,
                       "reason": "header holds the time of one bed position"},
                      {"what": "effective half-life, liver", "from": None, "to": 70, "reason": ""}],
        "versions": {"MRTDosimetry": "0.1.0", "Python": "3.11.9", "numpy": "2.4.6", "SimpleITK": "2.5.5"},
        "inputs": [{"path": f"timePoint{index}/spect.dcm", "sha256": f"{index:x}" * 64, "bytes": 13107200 + index}
                   for index in range(1, scanCount + 1)],
        "comparison": [{"region": region["name"], "quantity": "absorbed dose (Gy)",
                        "computed": region["absorbedDoseGy"], "true": 1.03 * region["absorbedDoseGy"],
                        "deviationPercent": -2.9} for region in results["regions"]],
        "curves": {region["name"]: _curve(region) for region in results["regions"]},
        "dvhCurves": {region["name"]: _histogram(region) for region in results["regions"]},
        "created": "2026-05-12T14:30:00",
    }


def _region(name, volumeML, density, uptake, halfLifeHours):
    rate = math.log(2) / halfLifeHours
    amplitudeMBq = uptake * ADMINISTERED_MBQ
    integralMBqH = amplitudeMBq / rate
    massG = volumeML * density
    absorbedDoseGy = integralMBqH / 1000 * LOCAL_DOSE_CONSTANT_GY_KG_PER_GBQ_H / (massG / 1000)
    # deviations of a few percent, always the same
    activities = [amplitudeMBq * math.exp(-rate * hours) * (1 + 0.03 * math.sin(7 * hours + volumeML))
                  for hours in TIMES_HOURS]
    return {
        "name": name, "volumeML": volumeML, "massG": massG,
        "timeActivity": [{"timeHours": hours, "activityMBq": activity, "uncertaintyMBq": 0.05 * activity}
                         for hours, activity in zip(TIMES_HOURS, activities, strict=True)],
        "fit": {"model": "monoExponential", "aicc": 8.4, "extrapolatedFraction": 0.31 if volumeML < 3 else 0.12,
                "weighting": "1/u² of the activities", "covarianceKind": "absolute",
                "assumptions": ["The fitted function holds from the administration on."],
                "parameters": {
                    "initialActivityMBq": {"value": amplitudeMBq, "standardError": 0.04 * amplitudeMBq,
                                           "unit": "MBq"},
                    "effectiveRatePerHour": {"value": rate, "standardError": 0.03 * rate, "unit": "1/h"}}},
        "timeIntegratedActivityMBqH": integralMBqH, "timeIntegratedActivityUncertaintyMBqH": 0.03 * integralMBqH,
        "timeIntegratedActivityCoefficientH": integralMBqH / ADMINISTERED_MBQ,
        "effectiveHalfLifeHours": halfLifeHours, "absorbedDoseGy": absorbedDoseGy,
        "absorbedDoseUncertaintyGy": 0.06 * absorbedDoseGy,
        "absorbedDoseCoefficientGyPerGBq": absorbedDoseGy / (ADMINISTERED_MBQ / 1000),
        "bedGy": absorbedDoseGy * (1 + 0.053 * absorbedDoseGy / 2.6),
        "dvh": {"D98Gy": 0.62 * absorbedDoseGy, "D95Gy": 0.7 * absorbedDoseGy, "D50Gy": absorbedDoseGy,
                "D2Gy": 1.4 * absorbedDoseGy, "minGy": 0.5 * absorbedDoseGy, "maxGy": 1.7 * absorbedDoseGy}}


def _scan(label, hours, index):
    detail = "(0018,1242)"
    facts = {
        "timeAfterAdministrationHours": {"value": hours, "unit": "h", "source": "DICOM", "detail":
                                         "(0008,0022), (0008,0032); (0054,0016)[0].(0018,1078)", "reason": ""},
        "acquisitionDateTime": {"value": f"2026-05-{4 + index:02d}T14:00:00", "unit": "", "source": "DICOM",
                                "detail": "(0008,0022), (0008,0032)", "reason": ""},
        "durationSeconds": {"value": 1500, "unit": "s", "source": "user" if index == 2 else "DICOM",
                            "detail": detail, "reason": "one bed position in the header" if index == 2 else ""},
        "unit": {"value": "Bq/mL", "unit": "", "source": "DICOM", "detail": "(0040,9096)", "reason": ""}}
    return {"label": label, "timeHours": hours, "unit": "Bq/mL", "durationSeconds": 1500,
            "totalActivityMBq": 0.41 * ADMINISTERED_MBQ * math.exp(-0.015 * hours), "sources": {}, "facts": facts}


def _curve(region):
    rate = math.log(2) / region["effectiveHalfLifeHours"]
    amplitudeMBq = region["fit"]["parameters"]["initialActivityMBq"]["value"]
    times = [2.0 * step for step in range(100)]
    return {"timesHours": times, "activitiesMBq": [amplitudeMBq * math.exp(-rate * time) for time in times]}


def _histogram(region):
    meanGy = region["absorbedDoseGy"]
    widthGy = 0.18 * meanGy
    values = [1.8 * meanGy * step / 200 for step in range(201)]
    return {"absorbedDoseGy": values,
            "volumePercent": [50 * math.erfc((value - meanGy) / (widthGy * math.sqrt(2))) for value in values]}
