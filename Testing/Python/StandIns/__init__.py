"""Stand-ins for the parts of the desktop application that no Python package offers: qt, ctk, qMRML widgets, slicer.app.

They let the wizard pages be driven without the application. Each stand-in offers what the real class offers in
``Testing/Data/pythonQtApi.json`` (measured in the application) and raises on anything else, so that a page that
passes here does not use what is not there. What they cannot show is listed in ``README.md`` beside this file.
"""


def missingReason():
    """Why the stand-ins cannot be used here; empty when they can."""
    import importlib.util
    import sys

    for name in ("PySide6", "slicer", "vtk"):
        if importlib.util.find_spec(name) is None:
            return f"{name} is not installed"
    import PySide6

    if sys.version_info < (3, 12) and tuple(int(part) for part in PySide6.__version__.split(".")[:2]) >= (6, 12):
        return "PySide6 6.12 crashes on Python 3.11: install PySide6-Essentials<6.12"
    return ""


def install():
    """Install the stand-ins over the headless scene, once per process. Returns the application stand-in."""
    from . import application

    return application.install()
