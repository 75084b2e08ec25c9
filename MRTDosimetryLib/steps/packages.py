"""Packages that Slicer does not bring are asked for when they are first needed."""

import slicer.packaging
from slicer.i18n import tr as _

from ..errors import InputError


def ensure(requirementsPath):
    """Ask the user to install what is missing; does nothing when all is there.

    Raises
    ------
    InputError
        When the user declines.
    """
    requirements = slicer.packaging.load_requirements(requirementsPath)
    try:
        slicer.packaging.pip_ensure(requirements, requester="MRTDosimetry")
    except RuntimeError as error:
        raise InputError(_("Fits and report need Python packages that Slicer does not bring"), "",
                         _("Compute again and allow the installation ({reason})").format(reason=error)) from error
