"""Codes of what is written: PS3.16 and SNOMED CT where they have the concept, a scheme of our own where they do not."""

SCHEME = "99MRTDOSIMETRY"

# quantity: (value, scheme, meaning). Values of our own have 16 characters at most: not every reader knows longer ones.
QUANTITIES = {
    "absorbedDose": ("128513", "DCM", "Absorbed Dose"),
    "meanAbsorbedDose": ("128533", "DCM", "Mean Absorbed Radiation Dose"),
    "minimumAbsorbedDose": ("128532", "DCM", "Minimum Absorbed Radiation Dose"),
    "maximumAbsorbedDose": ("128531", "DCM", "Maximum Absorbed Radiation Dose"),
    "timeIntegratedActivity": ("TIA", SCHEME, "Time-integrated activity"),
    "timeIntegratedActivityCoefficient": (
        "TIACoefficient", SCHEME, "Time-integrated activity coefficient"),
    "absorbedDoseCoefficient": ("doseCoefficient", SCHEME, "Absorbed dose per administered activity"),
    "biologicallyEffectiveDose": ("BED", SCHEME, "Biologically effective dose"),
    "effectiveHalfLife": ("effHalfLife", SCHEME, "Effective half-life"),
    "volume": ("118565006", "SCT", "Volume"),
    "mass": ("118538004", "SCT", "Mass"),
    "administeredActivity": ("113507", "DCM", "Administered activity"),
}  # fmt: skip

# UCUM code: meaning
UNITS = {
    "Gy": "gray", "MBq.h": "megabecquerel hour", "h": "hour", "Gy/GBq": "gray per gigabecquerel", "ml": "milliliter",
    "g": "gram", "MBq": "megabecquerel", "Bq/ml": "Becquerels/milliliter", "{counts}": "counts",
}  # fmt: skip


def radionuclideCode(name):
    """Code of a radionuclide from PS3.16 CID 18 or CID 4020; its name in a scheme of our own where they have none."""
    from pydicom.sr.codedict import codes

    from .radiopharmaceuticals import nuclideName

    for group in (codes.cid18, codes.cid4020):
        for key in group.dir():
            entry = getattr(group, key)
            if nuclideName("", entry.meaning) == name:
                return entry.value, entry.scheme_designator, entry.meaning
    return name, SCHEME, name


def code(entry):
    """Coded concept of highdicom."""
    from highdicom.sr import CodedConcept

    return CodedConcept(*entry)


def unitCode(ucum):
    """Coded unit of highdicom."""
    return code((ucum, "UCUM", UNITS[ucum]))
