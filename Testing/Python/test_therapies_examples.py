"""The example study files state what their strategies take, and nothing that is refused."""

import json
import os

import pytest

from MRTDosimetryLib.resources import resourcePath
from MRTDosimetryLib.therapies import inputs, registry

FOLDER = resourcePath("Protocols", "examples")
NAMES = sorted(name for name in os.listdir(FOLDER) if name.endswith(".json"))
COMPLETE = ("lutetium", "thyroid", "yttrium", "iodineMibg")
OF_THESE = [name for name in NAMES if name.startswith(COMPLETE)]
TOP = ("prescription", "earlierCycles", "thyroid", "patient", "microspheres")


def load(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return json.load(file)


def statements(content):
    found = {key: content[key] for key in TOP if key in content}
    return found | {f"measurements.{key}": value for key, value in content.get("measurements", {}).items()}


def test_everyStrategyHasAnExample():
    assert {name.removesuffix(".json") for name in OF_THESE if name.startswith(COMPLETE)} == {
        name for name in registry.protocolIds() if name.startswith(COMPLETE)}


@pytest.mark.parametrize("name", OF_THESE)
def test_theStatementsAreTakenByTheStrategy(name):
    content = load(name)
    assert content["protocol"] == name.removesuffix(".json") and content["schemaVersion"] == 1
    given = statements(content)
    assert set(given) <= set(registry.strategy(content["protocol"]).statements)
    inputs.checked(given)


@pytest.mark.parametrize("name", OF_THESE)
def test_theExampleIsListed(name):
    with open(os.path.join(FOLDER, "README.md"), encoding="utf-8") as file:
        assert f"`{name}`" in file.read()
