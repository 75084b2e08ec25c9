"""Stage 2: what is measured and stated beside images, checked, and shown as tables and charts."""

from ..progress import noProgress
from ..therapies import inputs, prediction
from ..therapies.registry import supplements
from . import statementNodes, statements
from .protocol import studyStrategy
from .stage import Stage

# What the report, the kinetics and the images' scale take, whatever the protocol.
_ELSEWHERE = ("patient", "prescription", statements.PLANAR, prediction.KEY)


def rows(study):
    """One row per statement.

    Returns
    -------
    list of dict
        ``key``, ``title``, ``isTable``, ``columns`` (field name, title, unit, values; see
        :func:`.statementNodes.columnsOf`), ``choices`` (field name -> pairs of value and title), ``source``,
        ``detail``, ``reason``.
    """
    known, found = inputs.kinds(), []
    for key, entry in statements.statements(study).items():
        if key in known:
            found.append({"key": key, "title": known[key].title, "isTable": known[key].isTable,
                          "columns": statementNodes.columnsOf(known[key], entry["value"]),
                          "choices": {field.name: field.choices for field in known[key].fields if field.choices},
                          **{name: entry[name] for name in ("source", "detail", "reason")}})
    return found


def isNeeded(study):
    """Whether something is stated, or has to be for the protocol's strategy."""
    return bool(statements.stated(study)) or bool(statements.missing(study))


def _inputs(study):
    return {"protocol": study.choice("protocol"), "radionuclide": study.choice("radionuclide"),
            "statements": statements.stated(study)}


def _compute(study, progress=noProgress):
    statements.checked(study)
    earlier = ((study.stageRecord("measurements") or {}).get("value") or {}).get("roles") or []
    roles, known = [], inputs.kinds()
    for key, value in statements.stated(study).items():
        roles += statementNodes.writeStatement(study, known[key], value)
    statementNodes.keepOnly(study, roles, earlier)
    return {"roles": roles, "keys": list(statements.stated(study))}, _unusedWords(study)


def _unusedWords(study):
    """Warnings on what is stated although nothing in the study is calculated from it."""
    strategy, stated = studyStrategy(study), set(statements.stated(study))
    used = set(_ELSEWHERE if strategy is None else (*_ELSEWHERE, *strategy.statements))
    for item in supplements():
        used |= set(item.statements)
    because = "no protocol is chosen" if study.choice("protocol") is None else \
        f"the protocol {study.choice('protocol')} asks for nothing of it"
    return [f"{inputs.kinds()[key].title}: stated, but not used: {because}." for key in sorted(stated - used)]


STAGE = Stage("measurements", "Measurements", statements.missing, _inputs, _compute, needs=("protocol",),
              isNeeded=isNeeded)
