"""What a stage of the job is, and how its inputs are told apart by a digest."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ..digests import digestOf
from ..progress import noProgress
from . import hashChain


def _always(_study):
    return True


@dataclass(frozen=True)
class Stage:
    """One stage of the job.

    Attributes
    ----------
    name, title : str
        Key in the study, and the name the user reads.
    missing : callable
        ``missing(study) -> list[str]``: what the user still has to give, in the user's words; empty when it can run.
    inputs : callable
        ``inputs(study) -> dict``: all that the result depends on, as JSON values (images by their digest).
    compute : callable
        ``compute(study, progress) -> (value, warnings)``: writes nodes into the scene and returns a JSON value.
    needs : tuple of str
        Earlier stages whose results it uses; one that is not needed has none to wait for.
    isNeeded : callable
        ``isNeeded(study) -> bool``: whether the study has this stage at all, by its protocol and by what is stated.
    """

    name: str
    title: str
    missing: Callable
    inputs: Callable
    compute: Callable = field(repr=False)
    needs: tuple = ()
    isNeeded: Callable = _always

    def run(self, study, progress=noProgress):
        """Compute and keep the result with the digest of its inputs; an error leaves the last result untouched."""
        value, warnings = self.compute(study, progress)
        digest = digestOf(self.inputs(study))
        study.setStageRecord(self.name, {
            "digest": digest, "value": value, "warnings": list(warnings), "error": None})
        hashChain.append(study, "stage", self.title, stage=self.name, inputs=digest, result=digestOf(value))
