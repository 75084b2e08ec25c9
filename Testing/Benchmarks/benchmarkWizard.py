"""How quickly the wizard answers: the module's start, opening it, going from page to page, changing what is shown.

    QT_QPA_PLATFORM=offscreen python Testing/Benchmarks/benchmarkWizard.py [small|full]

On the stand-ins of the desktop application, with the digital patient loaded and computed up to the results; drawing of
the real views comes on top. Targets: start below 50 ms, opening below 1 s, another page or another way to show the
absorbed dose below 200 ms. Beside the time on the clock stands that of the processor, which is what the clock would
show on a machine that does nothing else.
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
start, startCPU = time.perf_counter(), time.process_time()
import MRTDosimetry
MRTDosimetry.MRTDosimetry(application.ModuleParent())
print(1000.0 * (time.perf_counter() - start), 1000.0 * (time.process_time() - startCPU))
"""


def starts():
    """(clock, processor) in ms to import the module file and make the module, each in a process of its own."""
    code = IMPORT.format(root=ROOT, tests=os.path.join(ROOT, "Testing", "Python"),
                         module=os.path.join(ROOT, "MRTDosimetry"))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONDONTWRITEBYTECODE": "1"}
    answers = [subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True,
                              check=True).stdout.split()[-2:] for _ in range(REPEATS)]
    return [tuple(map(float, answer)) for answer in answers]


def milliseconds(function):
    """(clock, processor) in ms."""
    start, startCPU = time.perf_counter(), time.process_time()
    function()
    return 1000.0 * (time.perf_counter() - start), 1000.0 * (time.process_time() - startCPU)


def report(name, times):
    """Median and largest of (clock, processor) pairs."""
    clock, processor = zip(*times, strict=True)
    print(f"{name:<28} {statistics.median(clock):8.1f} ms, at most {max(clock):7.1f}; processor "
          f"{statistics.median(processor):7.1f} ms, at most {max(processor):7.1f}", flush=True)


def main(size):
    import StandIns

    if StandIns.missingReason():
        sys.exit(StandIns.missingReason())
    from StandIns import application, driving

    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    report("start of the module", starts())
    application.newScene()
    sys.path.append(driving.MODULE_FOLDER)
    import MRTDosimetry

    made = []

    def opened():
        made.append(MRTDosimetry.MRTDosimetryWidget())
        made[0].setup()
        made[0].enter()

    report("first opening", [milliseconds(opened)])
    widget, shell = made[0], made[0].shell
    shell.studies.sampleSize = size
    shell.ui.loadSampleButton.click()
    from MRTDosimetryLib.workflow import stages

    stages.runStale(shell.study, upTo="results")

    def again():
        widget.exit()
        widget.enter()

    report("opening again, computed", [milliseconds(again) for _ in range(REPEATS)])
    for index, step in enumerate(shell.steps):
        times = []
        for _ in range(REPEATS):
            shell.goToPage((index - 1) % len(shell.steps))
            times.append(milliseconds(lambda index=index: shell.goToPage(index)))
        report(f"to page {step.name}", times)
    displayTimes(shell)
    widget.cleanup()
    application.closeScene()
    print(f"load at the end {os.getloadavg()[0]:.1f}")


def displayTimes(shell):
    """What the page of the absorbed dose lets one change of the display, each with all that follows it."""
    shell.goToPage([step.name for step in shell.steps].index("dose"))
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
        report(f"display, {name}", times)
    ui.displaySection.collapsed = False
    times = []
    for level in (0.9, 3.1, 7.7, 11.0, 16.0):
        ui.levelBox.value = level
        times.append(milliseconds(ui.levelAddButton.click))
    report("display, another isodose", times)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "small")
