"""Start of the application: Slicer loads every module file of every extension, so these load next to nothing."""

import os
import subprocess
import sys

from repositoryTree import REPOSITORY

# What the two module files are loaded into: Slicer's own modules as far as they are used at start-up, and nothing else.
_START = '''
import importlib, os, sys, types

def module(name, **content):
    made = types.ModuleType(name)
    made.__dict__.update(content)
    sys.modules[name] = made
    return made

class Base:
    def __init__(self, parent=None):
        self.parent = parent

class Mixin:
    pass

def words(*texts):
    return texts[-1]

util = module("slicer.util", VTKObservationMixin=Mixin)
app = types.SimpleNamespace(connect=lambda signal, function: None)
module("slicer", util=util, app=app, modules=types.SimpleNamespace())
module("slicer.i18n", tr=words, translate=words)
module("slicer.ScriptedLoadableModule", ScriptedLoadableModule=Base, ScriptedLoadableModuleWidget=Base,
       ScriptedLoadableModuleLogic=Base, ScriptedLoadableModuleTest=Base)
module("DICOMLib", DICOMLoadable=Base, DICOMPlugin=Base)
before = set(sys.modules)
sys.path.insert(0, os.path.join(os.getcwd(), "MRTDosimetry"))
for name in ("MRTDosimetry", "MRTDosimetryNMPlugin"):
    parent = types.SimpleNamespace()
    getattr(importlib.import_module(name), name)(parent)
    assert parent.title and parent.helpText
print("\\n".join(set(sys.modules) - before))
'''
_OWN = {"MRTDosimetry", "MRTDosimetryNMPlugin", "MRTDosimetryLib", "MRTDosimetryLib.steps",
        "MRTDosimetryLib.steps.tutorial"}


def test_theModuleFilesLoadNothingHeavy():
    answer = subprocess.run([sys.executable, "-c", _START], cwd=REPOSITORY, capture_output=True, text=True,
                            env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"}, timeout=120)
    assert answer.returncode == 0, answer.stderr
    loaded = set(answer.stdout.split())
    outside = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
    assert outside == {"MRTDosimetry", "MRTDosimetryNMPlugin", "MRTDosimetryLib"}
    assert {name for name in loaded if name.startswith("MRTDosimetry")} == _OWN
