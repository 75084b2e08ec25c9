"""Common to all tests: the library from this source tree, no windows, no network."""

import contextlib
import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("MPLBACKEND", "Agg")
for folder in (Path(__file__).resolve().parents[2], Path(__file__).resolve().parent):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


@contextlib.contextmanager
def _noPictures():
    from MRTDosimetryLib.workflow import pictures

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "reportPictures", lambda *_arguments: ([], []))
        patch.setattr(pictures, "enginePictures", lambda *_arguments: [])
        yield


@pytest.fixture
def withoutPictures():
    """Reports without pictures, which take more than half of the time of a small case and hold no number.

    For tests of numbers, records and files. The pictures have tests of their own, and a whole case with them is run in
    test_workflow_case, test_workflow_demo, test_workflow_doseEngines and test_workflow_voxelKinetics.
    """
    with _noPictures():
        yield


@pytest.fixture(scope="module")
def allWithoutPictures():
    """The same for a whole file with its fixtures."""
    with _noPictures():
        yield


@pytest.fixture(scope="session")
def postgresServer():
    """A real PostgreSQL server, started for the tests and stopped after them; skips where none is installed."""
    import registryServers

    reason = registryServers.missingReason()
    if reason:
        pytest.skip(reason)
    server = registryServers.Server()
    yield server
    server.stop()
