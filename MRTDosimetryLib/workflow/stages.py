"""The stages in order, their states, and running what is not up to date."""

from ..errors import CanceledError, DosimetryError, InputError, PackageError
from ..progress import noProgress, subProgress
from . import (
    dose,
    kinetics,
    measurements,
    protocol,
    radiobiology,
    registration,
    report,
    results,
    segmentation,
    therapy,
    timePoints,
)
from .stage import digestOf

_STAGES = (
    protocol.STAGE,
    measurements.STAGE,
    timePoints.STAGE,
    registration.STAGE,
    segmentation.STAGE,
    kinetics.STAGE,
    dose.STAGE,
    radiobiology.STAGE,
    therapy.STAGE,
    results.STAGE,
    report.STAGE,
)
_BY_NAME = {stage.name: stage for stage in _STAGES}
# How a stage begins to say that an earlier one has not run.
_COMPUTE_FIRST = "Compute the "
NOT_NEEDED = "notNeeded"
# What there is nothing to compute for.
SETTLED = ("done", NOT_NEEDED)


def stages():
    """All stages in the order of the job."""
    return _STAGES


def stage(name):
    """The stage of that name."""
    return _BY_NAME[name]


def state(study, name):
    """How a stage stands.

    Returns
    -------
    str
        ``"notNeeded"`` (the study has no such stage: see :attr:`.Stage.isNeeded`), ``"needsInput"``, ``"ready"``,
        ``"done"``, ``"stale"`` (its inputs changed since) or ``"error"``.
    """
    return _states(study, name)[name]


def states(study):
    """The states of all stages, each looked at once."""
    return _states(study, _STAGES[-1].name)


def _states(study, last):
    found = {}
    for item in _STAGES:
        found[item.name] = _ownState(study, item, found)
        if item.name == last:
            break
    return found


def _ownState(study, item, earlier):
    if not item.isNeeded(study):
        return NOT_NEEDED
    if item.missing(study):
        return "needsInput"
    head = study.stageHead(item.name)
    if head is None:
        return "ready"
    isCurrent = head.digest == digestOf(item.inputs(study))
    if head.error:
        return "error" if isCurrent else "ready"
    areNeedsDone = all(earlier[need] in SETTLED for need in item.needs)
    return "done" if isCurrent and areNeedsDone else "stale"


def message(study, name):
    """The words of the last error of a stage, or an empty text."""
    head = study.stageHead(name)
    return (head and head.error) or ""


def warnings(study, name):
    """What a stage wants the user to know about its result."""
    record = study.stageRecord(name)
    return radiobiology.currentWords(study, name, (record or {}).get("warnings") or [])


def warningsByStage(study, name):
    """The warnings of a stage, by the stage that said them first: results and report repeat those they rest on.

    Returns
    -------
    dict of str to list of str
        In the order of the stages; only stages with words.
    """
    found, left = {}, warnings(study, name)
    for item in _STAGES:
        if item.name == name:
            break
        own = set(warnings(study, item.name))
        repeated = [words for words in left if words in own]
        if repeated:
            found[item.name] = repeated
            left = [words for words in left if words not in own]
    return {**found, name: left} if left else found


def blockers(study, name):
    """What the user has to give before a stage can be computed.

    Returns
    -------
    (str, list of str)
        The first stage, up to that one, that lacks something other than the result of an earlier one, and its words;
        that stage itself without words where nothing is lacking.
    """
    for item in _STAGES[: _STAGES.index(_BY_NAME[name]) + 1]:
        words = item.missing(study) if item.isNeeded(study) else []
        words = [text for text in words if not text.startswith(_COMPUTE_FIRST)]
        if words:
            return item.name, words
    return name, []


def runStage(study, name, progress=noProgress):
    """Run one stage.

    Raises
    ------
    InputError
        When something is missing (the same words as the wizard shows), or the input cannot be used.
    """
    item = _BY_NAME[name]
    if not item.isNeeded(study):
        raise InputError(f"The study does not need the stage '{item.title}'", item.title,
                         "Choose another protocol, or go on")
    missing = item.missing(study)
    if missing:
        raise InputError(missing[0], item.title)
    found = _states(study, name)
    for need in item.needs:
        if found[need] not in SETTLED:
            raise InputError(f"{_BY_NAME[need].title} is not up to date", item.title,
                             f"Compute {_BY_NAME[need].title} first")
    try:
        item.run(study, progress)
    except (CanceledError, PackageError):
        raise
    except DosimetryError as error:
        # The failure belongs to these inputs: the step shows it until they change.
        previous = study.stageRecord(name) or {"value": None, "warnings": []}
        study.setStageRecord(name, {**previous, "digest": digestOf(item.inputs(study)), "error": str(error)})
        raise


def runStale(study, progress=noProgress, upTo=None):
    """Run, in order, every stage that is needed and not done; what is up to date is not computed again.

    Parameters
    ----------
    upTo : str or None
        Name of the last stage to run; ``None`` runs all.
    """
    names = [item.name for item in _STAGES]
    if upTo is not None:
        names = names[: names.index(upTo) + 1]
    for position, name in enumerate(names):
        part = subProgress(progress, position / len(names), (position + 1) / len(names))
        if state(study, name) not in SETTLED:
            part(0.0, _BY_NAME[name].title)
            runStage(study, name, part)
    progress(1.0, "")
