"""Common to all tests: the library from this source tree, no windows, no network."""

import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("MPLBACKEND", "Agg")
for folder in (Path(__file__).resolve().parents[2], Path(__file__).resolve().parent):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


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
