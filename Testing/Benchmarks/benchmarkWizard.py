"""How quickly the wizard answers: the module's start, opening it, going from page to page, changing what is shown.

    QT_QPA_PLATFORM=offscreen python Testing/Benchmarks/benchmarkWizard.py [small|full]

On the stand-ins of the desktop application, with the digital patient loaded and computed up to the results; drawing of
the real views comes on top. Targets: start below 50 ms, opening below 1 s, another page or another way to show the
absorbed dose below 200 ms.
"""

import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [ROOT, os.path.join(ROOT, "Testing", "Python")]
REPEATS = 5
# In a process of its own, after what the application itself has imported by then.
IMPORT = """
import sys, time
sys.path[:0] = [{root!r}, {tests!r}, {module!r}]
from StandIns import application
application.newScene()
for name in [name for name in sys.modules if name.startswith("MRTDosimetryLib")]:
    del sys.modules[name]  # imported by the stand-ins, not by the application
start = time.perf_counter()
import MRTDosimetry
MRTDosimetry.MRTDosimetry(application.ModuleParent())
print(1000.0 * (time.perf_counter() - start))
"""


def importMS():
    """Milliseconds to import the module file and make the module, the median of several processes."""
    code = IMPORT.format(root=ROOT, tests=os.path.join(ROOT, "Testing", "Python"),
                         module=os.path.join(ROOT, "MRTDosimetry"))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONDONTWRITEBYTECODE": "1"}
    found = [float(subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True,
                                  check=True).stdout.split()[-1]) for _ in range(REPEATS)]
    return statistics.median(found)


def milliseconds(function):
    start = time.perf_counter()
    function()
    return 1000.0 * (time.perf_counter() - start)


def main(size):
    import StandIns

    if StandIns.missingReason():
        sys.exit(StandIns.missingReason())
    from StandIns import application, driving

    print(f"start of the module       {importMS():8.1f} ms, load {os.getloadavg()[0]:.1f}")
    application.newScene()
    sys.path.append(driving.MODULE_FOLDER)
    import MRTDosimetry

    made = []

    def opened():
        made.append(MRTDosimetry.MRTDosimetryWidget())
        made[0].setup()
        made[0].enter()

    print(f"first opening             {milliseconds(opened):8.1f} ms")
    widget, shell = made[0], made[0].shell
    shell.studies.sampleSize = size
    shell.ui.loadSampleButton.click()
    from MRTDosimetryLib.workflow import stages

    stages.runStale(shell.study, upTo="results")

    def again():
        widget.exit()
        widget.enter()

    print(f"opening again, computed   {milliseconds(again):8.1f} ms")
    for index, step in enumerate(shell.steps):
        times = []
        for _ in range(REPEATS):
            shell.goToStep((index - 1) % len(shell.steps))
            times.append(milliseconds(lambda index=index: shell.goToStep(index)))
        print(f"to page {step.name:<17} {statistics.median(times):8.1f} ms, at most {max(times):.1f}")
    displayTimes(shell)
    widget.cleanup()
    application.closeScene()
    print(f"load at the end {os.getloadavg()[0]:.1f}")


def displayTimes(shell):
    """What the page of the absorbed dose lets one change of the display, each with all that follows it."""
    shell.goToStep([step.name for step in shell.steps].index("dose"))
    ui = shell.step.ui

    def show(name, value):
        setattr(ui.maximumBox if name == "marker" else getattr(ui, name), "checked" if type(value) is bool else "value",
                value)

    end = 2.0 * shell.study.nodeByRole("absorbedDose").GetDisplayNode().GetWindowLevelMax()
    changes = [("opacitySlider", [30, 40, 50, 70, 60]), ("upperEndBox", [end, end / 2, end / 3, end / 1.5, 0.0]),
               ("thresholdBox", [1.0, 2.0, 5.0, 6.0, 4.0]), ("linesBox", [True, False, True, False, True]),
               ("surfacesBox", [False, True, False, True, False]), ("marker", [False, True, False, True, False])]
    for name, values in changes:
        times = [milliseconds(lambda name=name, value=value: show(name, value)) for value in values]
        print(f"display, {name:<16} {statistics.median(times):8.1f} ms, at most {max(times):.1f}")
    ui.displaySection.collapsed = False
    times = []
    for level in (0.9, 3.1, 7.7, 11.0, 16.0):
        ui.levelBox.value = level
        times.append(milliseconds(ui.levelAddButton.click))
    print(f"display, another isodose  {statistics.median(times):8.1f} ms, at most {max(times):.1f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "small")
