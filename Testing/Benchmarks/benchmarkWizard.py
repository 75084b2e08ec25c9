"""How quickly the wizard answers: importing the module file, opening the module, going from page to page.

    QT_QPA_PLATFORM=offscreen python Testing/Benchmarks/benchmarkWizard.py [small|full]

On the stand-ins of the desktop application, with the digital patient loaded and computed up to the results; drawing of
the real views comes on top. Targets: import below 50 ms, opening below 1 s, another page below 200 ms.
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
application.install()
start = time.perf_counter()
import MRTDosimetry
print(1000.0 * (time.perf_counter() - start))
"""


def importMS():
    """Milliseconds to import the module file, the median of several processes."""
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

    print(f"import of the module file {importMS():8.1f} ms")
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
    widget.cleanup()
    application.closeScene()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "small")
