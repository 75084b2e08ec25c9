"""Packages that Slicer does not bring are asked for when first needed: all that are missing in one question."""

import subprocess

import slicer.packaging
import slicer.util
from slicer.i18n import tr as _

from ..errors import InputError

_REQUESTER = "MRTDosimetry"


def purposes():
    """What each package of ``requirements.txt`` is for, and the room that it takes in MB with what it brings along."""
    return {
        "lmfit": (_("fits of time-activity curves"), 3),
        "jinja2": (_("the report"), 2),
        "matplotlib": (_("figures of the report"), 80),
        "reportlab": (_("the report as PDF"), 10),
        "SQLAlchemy": (_("registry of the center"), 30),
    }


def ensure(requirementsPath):
    """Ask the user to install what is missing; does nothing when all is there.

    Returns
    -------
    bool
        Whether something was installed.

    Raises
    ------
    InputError
        When the user declines, or the installation fails.
    """
    missing = [item for item in slicer.packaging.load_requirements(requirementsPath)
               if not slicer.packaging.pip_check([item])]
    # A test must not change the application's Python, and has nobody to answer.
    if not missing or slicer.app.testingEnabled():
        return False
    names = ", ".join(item.name for item in missing)
    if not slicer.util.confirmOkCancelDisplay(question(missing), _("Python packages for MRT Dosimetry")):
        raise InputError(_("Python packages that Slicer does not bring are missing: {names}").format(names=names), "",
                         _("Do this again and allow the installation"))
    try:
        slicer.packaging.pip_ensure(missing, requester=_REQUESTER, prompt_install=False)
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        raise InputError(_("The Python packages could not be installed: {names}").format(names=names), "",
                         _("Check the connection to the Python Package Index, or let your IT install them into the "
                           "Python of Slicer ({reason})").format(reason=type(error).__name__)) from error
    return True


def question(missing):
    """What is asked: every package that is missing, what it is for, and the room that all of them take."""
    known = purposes()
    lines = [f"{item.name}: {known[item.name][0]}" for item in missing]
    megabytes = sum(known[item.name][1] for item in missing)
    return "\n\n".join((
        _("Slicer does not bring these Python packages:"), "\n".join(lines),
        _("They are downloaded from the Python Package Index into the Python of this Slicer and take about "
          "{megabytes} MB. Nothing of the study is sent. Install them now?").format(megabytes=megabytes)))
