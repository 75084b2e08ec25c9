"""Stage 8: the therapy's own calculation, after that of the images where there are any."""

import dataclasses

from ..progress import noProgress
from ..report.therapyTables import FRAME_KEYS
from ..therapies import registry as therapies
from ..therapies.case import TherapyResult
from . import protocol, radiobiologyOptions, statementNodes, statements
from .stage import Stage, digestOf


def isNeeded(study):
    """Whether there is something to calculate beside the images.

    Results of images that were computed before their therapy had a calculation of its own stay as they are (and so do
    their signatures) until an input of theirs changes.
    """
    return bool(_calculations(study)) and not _isSettledWithout(study)


def value(study):
    """What the calculation found (the content of the stage's record), or ``None``."""
    return (study.stageRecord("therapy") or {}).get("value") if isNeeded(study) else None


def resultsOf(study):
    """The content of ``therapy`` in ``results.json``: the values by their names with units, and what they rest on;
    ``None`` where there is no calculation."""
    found, content = value(study), protocol.studyProtocol(study) or {}
    if found is None:
        return None
    strategy = protocol.studyStrategy(study)
    described = {"protocol": study.choice("protocol"), "strategy": None if strategy is None else strategy.title,
                 "level": content.get("level"), "recommendation": found["recommendation"],
                 "assumptions": assumptions(study, found), "leavesOut": content.get("leavesOut"),
                 "uncertaintyCost": content.get("uncertaintyCost"), "tables": found["tables"]}
    repeated = set(FRAME_KEYS) & set(found["values"])
    if repeated:
        raise ValueError(f"the therapy names its values as the frame does: {', '.join(sorted(repeated))}")
    # a saved study sorts its keys
    return {**{name: found["values"][name] for name in found["order"]}, **described}


def assumptions(study, found):
    """Assumptions of the protocol's file and of the calculation, each once."""
    content = protocol.studyProtocol(study) or {}
    return list(dict.fromkeys([*(content.get("assumptions") or []), *found["assumptions"]]))


def _calculations(study):
    """The functions ``evaluate(case)`` that the study calls for, in their order."""
    strategy = protocol.studyStrategy(study)
    found = [] if strategy is None or strategy.evaluate is None else [strategy.evaluate]
    own, stated = set(() if strategy is None else strategy.statements), set(statements.stated(study))
    return found + [item.evaluate for item in therapies.supplements()
                    if stated & set(item.statements) and not own & set(item.statements)]


def _isSettledWithout(study):
    from .results import digestWithoutTherapy  # which builds on this file

    if study.stageRecord("therapy") is not None or statements.stated(study) or not protocol.usesImages(study):
        return False
    record = study.stageRecord("results")
    return record is not None and not record.get("error") and record["digest"] == digestWithoutTherapy(study)


def _missing(study):
    words = statements.missing(study)
    if protocol.usesImages(study) and not study.hasStageValue("dose"):
        words.append("Compute the absorbed dose first")
    return words


def _inputs(study):
    regions = [dataclasses.asdict(item) for item in statements.regionDoses(study)] if protocol.usesImages(study) else []
    return {"protocol": study.choice("protocol"), "radionuclide": study.choice("radionuclide"),
            "administration": study.choice("administration"), "statements": statements.stated(study),
            "regions": digestOf(regions), **radiobiologyOptions.inputs(study)}


def _compute(study, progress=noProgress):
    case = statements.therapyCase(study)
    result = TherapyResult({})
    for evaluate in _calculations(study):
        found = evaluate(case)
        result = result if found is None else result.joinedWith(found)
    content = {"values": dict(result.values), "order": list(result.values), "recommendation": result.recommendation,
               "assumptions": list(result.assumptions),
               "tables": [dataclasses.asdict(item) for item in result.tables],
               "curves": [dataclasses.asdict(item) for item in result.curves]}
    earlier = ((study.stageRecord("therapy") or {}).get("value") or {}).get("roles") or []
    content["roles"] = statementNodes.writeResult(study, content)
    statementNodes.keepOnly(study, content["roles"], earlier)
    return content, list(result.warnings)


STAGE = Stage("therapy", "Therapy", _missing, _inputs, _compute, needs=("measurements", "dose", "radiobiology"),
              isNeeded=isNeeded)
