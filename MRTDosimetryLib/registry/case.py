"""A case as the registry keeps it, and what has to hold of one before it is kept."""

from dataclasses import asdict, dataclass

from ..digests import digestOf
from ..errors import Faults, InputError
from ..physics.nuclides import nuclide
from .fields import (
    CASE_FIELDS,
    NUMBER,
    REGION_FIELDS,
    SIGNATURE_FIELDS,
    THERAPY_FIELDS,
    checkValue,
    isTherapyQuantity,
    momentOf,
)
from .pseudonyms import checkCode

# Whose signatures a case needs, as the report has them.
ROLES = ("preparedBy", "medicalPhysicsExpert", "treatingPhysician")
_COEFFICIENT_TOLERANCE = 0.01
_DENSITIES_G_PER_ML = (0.02, 25.0)  # from emphysematous lung to metal: a slip of the unit lies outside


@dataclass(frozen=True)
class RegionValues:
    """Results of one region; units in the names, as in results.json."""

    name: str
    tissue: str | None
    massG: float
    volumeML: float
    timeIntegratedActivityCoefficientH: float | None
    effectiveHalfLifeHours: float | None
    absorbedDoseGy: float
    absorbedDoseCoefficientGyPerGBq: float | None
    absorbedDoseUncertaintyGy: float | None
    bedGy: float | None
    model: str | None
    engine: str | None

    def __post_init__(self):
        _asFloats(self, REGION_FIELDS)


@dataclass(frozen=True)
class Case:
    """One signed case of the registry; see :data:`.fields.CASE_FIELDS`.

    Attributes
    ----------
    treatment : str
        The therapy of the protocol; without a protocol the tracer, or "imaging".
    signatures : tuple of (str, str)
        Role and time (ISO 8601) of those who signed. No names.
    regions : tuple of RegionValues
    therapyValues : tuple of (str, float)
        Of whole body, blood and marrow, by their name in results.json.
    """

    centerId: str
    pseudonym: str
    treatment: str
    radionuclide: str
    cycle: int
    protocol: str | None
    strategy: str | None
    tracer: str | None
    level: str | None
    administeredActivityMBq: float | None
    administrationDigest: str | None
    softwareVersion: str | None
    resultsDigest: str
    overrideReason: str | None
    registeredTime: str
    signatures: tuple = ()
    regions: tuple = ()
    therapyValues: tuple = ()

    def __post_init__(self):
        _asFloats(self, CASE_FIELDS)
        object.__setattr__(self, "therapyValues", tuple((name, _asFloat(value)) for name, value in self.therapyValues))

    @property
    def identity(self):
        """What is signed again replaces the entry of the same identity: patient, treatment and cycle."""
        return (self.centerId, self.pseudonym, self.treatment, self.radionuclide, self.cycle)

    @property
    def words(self):
        """The case in words, for messages."""
        return f"center {self.centerId}, {self.pseudonym}, {self.treatment} {self.radionuclide}, cycle {self.cycle}"

    @property
    def isSigned(self):
        """Whether every role signed."""
        return {role for role, _time in self.signatures} >= set(ROLES)

    def lastSigned(self):
        """Moment of the last signature, or ``None``."""
        return max((momentOf(time, self.words) for _role, time in self.signatures), default=None)

    def contentDigest(self):
        """Digest of all that is kept, but for the time it was registered."""
        content = asdict(self)
        content.pop("registeredTime")
        return digestOf(content)


def _asFloats(record, recordFields):
    """Numbers as the database gives them back, so that a case and its copy there have one digest."""
    for field in recordFields:
        if field.kind == NUMBER:
            object.__setattr__(record, field.name, _asFloat(getattr(record, field.name)))


def _asFloat(value):
    isNumber = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) + 0.0 if isNumber else value  # + 0.0: SQLite knows no -0.0


def caseFrom(content):
    """A :class:`Case` from what :func:`dataclasses.asdict` made of one (lists in place of tuples)."""
    return Case(**{**content, "signatures": tuple(map(tuple, content["signatures"])),
                   "regions": tuple(RegionValues(**region) for region in content["regions"]),
                   "therapyValues": tuple(map(tuple, content["therapyValues"]))})


def checkCase(case, where, faults):
    """Add to ``faults`` everything that keeps a case from being taken."""
    for field in CASE_FIELDS:
        checkValue(field, getattr(case, field.name), where, faults)
    for value, what in ((case.centerId, "center"), (case.pseudonym, "pseudonym")):
        if isinstance(value, str) and value:
            with faults.collect():
                checkCode(value, what, where)
    if isinstance(case.radionuclide, str):
        with faults.collect():
            if nuclide(case.radionuclide).name != case.radionuclide:
                raise InputError(f"'{case.radionuclide}' is not how the radionuclide is written here", where,
                                 f"Write {nuclide(case.radionuclide).name}")
    if not case.regions and not case.therapyValues:
        faults.add("There are neither regions nor values of whole body, blood or marrow", where)
    _checkSignatures(case, where, faults)
    _checkRows(case.regions, REGION_FIELDS, "region", where, faults)
    for region in case.regions:
        _checkRegion(region, case.administeredActivityMBq, f"{where}, region {region.name}", faults)
    _checkRows([dict(zip(("name", "value"), pair, strict=True)) for pair in case.therapyValues], THERAPY_FIELDS,
               "therapy value", where, faults)
    for name, _value in case.therapyValues:
        if isinstance(name, str) and not isTherapyQuantity(name):
            faults.add(f"'{name}' is no value of whole body, blood or marrow with its unit in the name", where)


def _checkSignatures(case, where, faults):
    _checkRows([dict(zip(("role", "time"), pair, strict=True)) for pair in case.signatures], SIGNATURE_FIELDS,
               "signature", where, faults)
    unknown = sorted({str(role) for role, _time in case.signatures} - set(ROLES))
    if unknown:
        faults.add(f"'{unknown[0]}' is not a role that signs", where, f"Known are {', '.join(ROLES)}")
    if not case.isSigned and not case.overrideReason:
        signed = [role for role, _time in case.signatures]
        missing = ", ".join(role for role in ROLES if role not in signed)
        faults.add(f"The sign-off is not complete: {missing} did not sign", where,
                   "Only signed cases are taken; for another one state the reason")


def _checkRows(rows, rowFields, what, where, faults):
    seen = set()
    for row in rows:
        values = row if isinstance(row, dict) else asdict(row)
        name = values[rowFields[0].name]
        place = f"{where}, {what} {name}"
        if name in seen:
            faults.add(f"The {what} '{name}' is there twice", where)
        seen.add(name)
        for field in rowFields:
            checkValue(field, values[field.name], place, faults)


def _checkRegion(region, activityMBq, where, faults):
    numbers = (region.massG, region.volumeML, region.absorbedDoseGy, activityMBq,
               region.absorbedDoseCoefficientGyPerGBq)
    isNumber = [isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 for value in numbers]
    if isNumber[0] and isNumber[1]:
        density = region.massG / region.volumeML
        if not _DENSITIES_G_PER_ML[0] <= density <= _DENSITIES_G_PER_ML[1]:
            faults.add(f"Mass and volume do not fit: {density:.3g} g/mL", where, "Check their units, g and mL")
    if region.absorbedDoseCoefficientGyPerGBq is not None and activityMBq is None:
        faults.add("There is an absorbed dose coefficient, but no administered activity", where)
    if all(isNumber[2:]):
        expected = region.absorbedDoseGy / (activityMBq / 1000.0)
        given = region.absorbedDoseCoefficientGyPerGBq
        if abs(given / expected - 1.0) > _COEFFICIENT_TOLERANCE:
            faults.add(f"The absorbed dose coefficient is {given:.4g} Gy/GBq, but absorbed dose over administered "
                       f"activity is {expected:.4g} Gy/GBq", where, "Check their units, Gy and MBq")


def requireCase(case, where):
    """Raise every fault of a case as one error."""
    faults = Faults()
    checkCase(case, where, faults)
    faults.raiseIfAny()
