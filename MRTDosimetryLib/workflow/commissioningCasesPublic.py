"""Commissioning on public data sets that the center has downloaded; without them, said to be not run."""

import re
import tempfile

from ..errors import DosimetryError, InputError
from ..progress import subProgress
from ..scene.headless import separateScene
from . import job, publicChallenge, studyFile
from .commissioningCase import Case, Check, published, sourceOf, worst
from .commissioningReferences import valueOf
from .results import resultsDict

_SUBJECT = "Public data sets"
_CHALLENGE = "SNMMI 177Lu Dosimetry Challenge 2021"
# Sets by which other programs were compared: key, name, where they are.
_KNOWN = (("snmmi", _CHALLENGE, f"the data are at {publicChallenge.ADDRESS}"),
          ("phantom", "177Lu validation phantom (15HLT06)", "no public address of its images was found"))
_ABSENT = "Not downloaded: {where}; name the folder with --data, see docs/publicDataSets.md"


def publicDataSets(job_, progress):
    """Every data set that is there, through the whole job; those that are not there, not run."""
    sets = [(patient.name, lambda part, patient=patient: _challengeCases(job_, patient, part))
            for patient in job_.challenge]
    sets += [(item.title, lambda part, item=item: _referenceCases(item, part)) for item in job_.references]
    for index, (title, run) in enumerate(sets):
        part = subProgress(progress, index / len(sets), (index + 1) / len(sets))
        part(0.0, title)
        yield from run(part)
    for key, name, where in _KNOWN:
        if not (job_.challenge if key == "snmmi" else job_.references):
            yield Case(f"public.{key}", _SUBJECT, name, isOptional=True, problem=_ABSENT.format(where=where))


def _referenceCases(reference, progress):
    description, _recorded = studyFile.readStudyFile(reference.studyPath)
    results = _results(description, progress)
    for quantity in reference.quantities:
        yield _case(reference, quantity, results)


def _results(description, progress):
    study, _inputs = job.computeStudy(description, progress, separateScene())
    return resultsDict(study)


def _challengeCases(job_, patient, progress):
    """Time-integrated activity of a patient of the challenge, beside the map that comes with the data."""
    record = published("snmmiChallenge")
    bare = Case(f"public.snmmi.{patient.name}.timeIntegratedActivityMBqH", _SUBJECT, f"{_CHALLENGE}, {patient.name}",
                "time-integrated activity", "MBq h", tolerance=record["value"], isRelative=True,
                source=f"Map of time-integrated activity in the data set ({publicChallenge.ADDRESS})",
                reason=f"{record['meaning']}: {sourceOf(record)}")
    if patient.problem:
        yield Case(bare.key, _SUBJECT, bare.name, problem=patient.problem)
        return
    try:
        with tempfile.TemporaryDirectory(dir=job_.folder) as folder:
            path, expected = publicChallenge.writeStudy(patient, publicChallenge.readMap(patient), folder)
            description, _recorded = studyFile.readStudyFile(path)
            results = _results(description, progress)
        found = valueOf(results, "timeIntegratedActivityMBqH", publicChallenge.REGION)
    except DosimetryError as error:
        yield Case(bare.key, _SUBJECT, bare.name, problem=" ".join(str(error).split()))
        return
    yield worst(bare, [(publicChallenge.REGION, expected, found)])


def _case(reference, quantity, results):
    """The values of one quantity as a case; what the results lack makes it a case that was not run."""
    bare = Case(f"public.{reference.key}.{quantity.name}", _SUBJECT, reference.title, _words(quantity.name),
                quantity.unit, source=quantity.source, tolerance=quantity.tolerance, isRelative=quantity.isRelative,
                reason=quantity.reason)
    try:
        found = [(region, expected, valueOf(results, quantity.name, region))
                 for region, expected in quantity.values.items()]
    except InputError as error:
        return Case(bare.key, _SUBJECT, reference.title, problem=" ".join(str(error).split()))
    return worst(bare, found)


def _words(name):
    """A name of results.json without unit, as words."""
    bare = re.sub(r"(CoefficientGyPerGBq|CoefficientH)$", "Coefficient", name.rpartition(".")[2])
    bare = re.sub(r"(MBqH|MBq|Hours|ML|Gy|G)$", "", bare) or bare
    return {"bed": "BED"}.get(bare, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare).lower() if bare[:1].islower() else bare)


CHECKS = (Check("public", _SUBJECT, "To be downloaded", publicDataSets, 0.1),)
