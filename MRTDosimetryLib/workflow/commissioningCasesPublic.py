"""Commissioning on public data sets that the center has downloaded; without them, said to be not run."""

import re

from ..errors import InputError
from ..progress import subProgress
from ..scene.headless import separateScene
from . import job, studyFile
from .commissioningCase import Case, Check, worst
from .commissioningReferences import valueOf
from .results import resultsDict

_SUBJECT = "Public data sets"
# Sets by which other programs were compared: key, name.
_KNOWN = (("snmmi", "SNMMI 177Lu Dosimetry Challenge 2021"), ("phantom", "177Lu validation phantom (15HLT06)"))
_ABSENT = "No folder of data sets is named, see docs/publicDataSets.md"


def publicDataSets(job_, progress):
    """Every data set that is there, through the whole job; those that are not there, not run."""
    if not job_.references:
        for key, name in _KNOWN:
            yield Case(f"public.{key}", _SUBJECT, name, isOptional=True, problem=_ABSENT)
        return
    count = len(job_.references)
    for index, reference in enumerate(job_.references):
        part = subProgress(progress, index / count, (index + 1) / count)
        part(0.0, reference.title)
        description, recorded = studyFile.readStudyFile(reference.studyPath)
        scene = separateScene()
        study, _inputs = job.computeStudy(description, part, scene)
        results = resultsDict(study)
        for quantity in reference.quantities:
            yield _case(reference, quantity, results)


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
