"""The therapies and their protocols. A later therapy is one file that calls :func:`registerTherapy`, its protocol
files in ``Resources/Protocols``, and one line in ``MODULES``."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import InputError
from ..resources import dataPath, loadJSON, resourcePath

MODULES = (
    "lutetiumDotatate",
    "lutetiumPsma",
    "thyroidIodine",
    "yttriumMicrospheres",
    "iodineMibg",
    "thyroidCancerIodine",
)
SCHEMA_VERSION = 1

_therapies = {}
_supplements = {}


@dataclass(frozen=True)
class Strategy:
    """One way to carry out a therapy's dosimetry; its protocol is ``Resources/Protocols/<therapy>.<id>.json``.

    Attributes
    ----------
    id, title : str
    minimumTimePoints : int
        SPECT or PET scans that the calculation needs (0: it does without images); what the protocol recommends is in
        its file.
    defaultModel : str or None
        Of the kinetics of images; ``None`` for a strategy without images.
    statements : tuple of str
        Keys of :func:`.inputs.kinds` that the strategy takes, in the order in which the wizard asks for them.
    missing : callable or None
        ``missing(case) -> list of str``: what the user still has to state, in the user's words. It is asked before
        the images are looked at, so that it does not speak of regions.
    evaluate : callable or None
        ``evaluate(case) -> TherapyResult``: the therapy's own calculation, after that of the images if there are any.
    usesImages : bool
        Whether images can be part of it at all.
    standIns : tuple of str
        Keys of :func:`.inputs.kinds`: one of them stated, a cycle without images can be calculated all the same, by
        what its patient's earlier cycles or samples say.
    """

    id: str
    title: str
    minimumTimePoints: int
    defaultModel: str | None
    statements: tuple = ()
    missing: Callable | None = None
    evaluate: Callable | None = None
    usesImages: bool = True
    standIns: tuple = ()

    @property
    def needsImages(self):
        """Whether it cannot be carried out without images."""
        return self.minimumTimePoints > 0


@dataclass(frozen=True)
class Supplement:
    """A calculation for any therapy, and for none: made where something that it takes is stated.

    Attributes
    ----------
    id : str
    statements : tuple of str
        Keys of :func:`.inputs.kinds`: one of them has to be stated. A strategy that takes one of them itself holds
        the calculation in its own.
    evaluate : callable
        ``evaluate(case) -> TherapyResult or None``, added to that of the strategy; ``None`` where there is nothing.
    """

    id: str
    statements: tuple
    evaluate: Callable


@dataclass(frozen=True)
class Limit:
    """An absorbed-dose limit used in practice: editable, cited, decided upon by the treating physician."""

    tissue: str
    quantity: str
    scope: str
    value: float
    unit: str
    source: str
    edition: str
    isVerified: bool


@dataclass(frozen=True)
class Therapy:
    """What a therapy asks for.

    Attributes
    ----------
    id, title : str
    radionuclides : tuple of str
    strategies : tuple of Strategy
    tissuesWanted : tuple of str
        Tissues (as of :func:`~.tissues.tissueOf`) whose absorbed dose the report should hold.
    usesPopulationHalfLives : bool
        Whether effective half-lives of a population are shipped.
    """

    id: str
    title: str
    radionuclides: tuple
    strategies: tuple
    tissuesWanted: tuple
    usesPopulationHalfLives: bool = False

    @property
    def limits(self):
        """Limits of this therapy, tuple of :class:`Limit` (``data/limits.json``)."""
        return tuple(
            Limit(entry["tissue"], entry["quantity"], entry["scope"], float(entry["value"]), entry["unit"],
                  entry["source"], entry["edition"], bool(entry["verified"]))
            for entry in loadJSON(dataPath("limits.json"))["limits"] if entry["therapy"] == self.id)

    def limitsFor(self, tissue):
        """Limits of one tissue."""
        return tuple(limit for limit in self.limits if limit.tissue == tissue)

    def missingTissues(self, tissues):
        """Tissues wanted that are not among ``tissues``, in the therapy's order."""
        present = set(tissues)
        return [tissue for tissue in self.tissuesWanted if tissue not in present]


def registerTherapy(therapy):
    """Make a :class:`Therapy` known under its id; the last one of an id counts."""
    _therapies[therapy.id] = therapy


def registerSupplement(supplement):
    """Make a :class:`Supplement` known under its id; the last one of an id counts."""
    _supplements[supplement.id] = supplement


def supplements():
    """All supplements, in the order in which they were registered."""
    therapies()  # which imports every therapy's file
    return tuple(_supplements.values())


def standIns(protocolId):
    """Keys of :func:`.inputs.kinds` of which one, stated, lets a study that wants images do without them.

    Parameters
    ----------
    protocolId : str or None
        ``None``, a study without a protocol: what any of the supplements takes.
    """
    if protocolId is None:
        return tuple(dict.fromkeys(key for item in supplements() for key in item.statements))
    return strategy(protocolId).standIns


def therapies():
    """All therapies, id -> :class:`Therapy`."""
    for module in MODULES:
        importlib.import_module(f".{module}", __package__)
    return dict(_therapies)


def therapy(identifier):
    """The therapy of an id; :class:`InputError` with the known ids otherwise."""
    known = therapies()
    if identifier not in known:
        raise InputError(f"'{identifier}' is not a therapy", "therapy", f"Known are {', '.join(known)}")
    return known[identifier]


def strategy(protocolId):
    """The :class:`Strategy` of a protocol's id; :class:`InputError` with the known ids otherwise."""
    found = next((strategy for item in therapies().values() for strategy in item.strategies
                  if f"{item.id}.{strategy.id}" == protocolId), None)
    if found is None:
        raise InputError(f"'{protocolId}' is not a protocol", "protocol", f"Known are {', '.join(protocolIds())}")
    return found


def protocolIds():
    """Ids of all protocols, ``"<therapy>.<strategy>"``."""
    return tuple(f"{item.id}.{strategy.id}" for item in therapies().values() for strategy in item.strategies)


def protocol(identifier):
    """Content of a protocol.

    Parameters
    ----------
    identifier : str
        One of :func:`protocolIds`.

    Returns
    -------
    dict
        ``id``, ``title``, ``therapy``, ``strategy``, ``radionuclides``, ``minimumTimePoints``, ``tissuesWanted``,
        ``registration``, ``kinetics``, ``dose`` ... as in ``Resources/Protocols``; the caller's own copy.

    Raises
    ------
    InputError
        Unknown id, or a file of a newer version.
    """
    if identifier not in protocolIds():
        raise InputError(f"'{identifier}' is not a protocol", "protocol", f"Known are {', '.join(protocolIds())}")
    content = loadJSON(resourcePath("Protocols", f"{identifier}.json"))
    if content.get("schemaVersion") != SCHEMA_VERSION:
        raise InputError(f"The protocol file {identifier}.json is of another version", "protocol",
                         "Install the extension again")
    return content
