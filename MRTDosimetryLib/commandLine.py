"""mrt-dosimetry: the guided module's job on the command line, on a real MRML scene, without a window."""

import argparse
import csv
import json
import sys
import time

from . import __version__
from .errors import CanceledError, DosimetryError, InputError
from .progress import noProgress

EXIT_INPUT, EXIT_CANCELED = 2, 130


def main(arguments=None):
    """Run the command line; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return options.function(options) or 0
    except (CanceledError, KeyboardInterrupt):
        print("Canceled.", file=sys.stderr)
        return EXIT_CANCELED
    except DosimetryError as error:
        for fault in error.faults:
            # One line per fault, whatever a message may hold.
            print(" ".join(str(fault).split()), file=sys.stderr)
        return EXIT_INPUT
    except MemoryError:
        print("The machine has not enough memory for this study. Close other programs.", file=sys.stderr)
        return EXIT_INPUT


def _parser():
    parser = argparse.ArgumentParser(
        prog="mrt-dosimetry",
        description="Molecular radiotherapy dosimetry. Research use; the treating physician decides.")
    parser.add_argument("--version", action="version", version=f"mrt-dosimetry {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    demo = commands.add_parser("demo", help="the built-in digital patient through the whole job, against its truth")
    demo.add_argument("--out", required=True, metavar="DIR", help="folder for patient and results")
    demo.add_argument("--size", choices=("full", "small"), default="full",
                      help="small: coarse images, for a quick look")
    demo.set_defaults(function=_demo)
    run = commands.add_parser("run", help="a study file, or a record to repeat")
    run.add_argument("study", metavar="STUDY.json", help="study file, or record.json of an earlier run")
    run.add_argument("--out", required=True, metavar="DIR", help="folder for the results")
    run.set_defaults(function=_run)
    fit = commands.add_parser("fit", help="fit a time-activity curve")
    fit.add_argument("curve", metavar="CURVE.csv", help="header timeHours,activityMBq[,uncertaintyMBq]")
    fit.add_argument("--radionuclide", required=True, help="e.g. Lu-177")
    fit.add_argument("--model", default="auto", help="auto or the name of a model")
    fit.add_argument("--effectiveHalfLifeHours", type=float, help="for a single time point")
    fit.add_argument("--options", metavar="JSON", help="options of the model, e.g. '{\"fixed\": {\"lambda\": 0.012}}'")
    fit.add_argument("--json", action="store_true", help="print everything as JSON")
    fit.set_defaults(function=_fit)
    return parser


def _demo(options):
    from .workflow import demo

    started = time.perf_counter()
    comparison, registration = demo.runDemo(options.out, options.size, _progress())
    elapsed = time.perf_counter() - started
    print(_comparisonTable(comparison))
    print()
    for row in registration:
        print(f"registration of {row['label']}: at most {row['errorMM']:.2f} mm from the truth at the region centers")
    print(f"\n{elapsed:.0f} s. Open {options.out}/report.html, or {options.out}/scene.mrb in Slicer.")
    print("Regions lose activity to the limited resolution (no partial-volume correction): see the report.")


def _run(options):
    from .workflow import job

    study = job.runStudyFile(options.study, options.out, _progress())
    results = study.stageRecord("results")["value"]
    for region in results["regions"]:
        uncertainty = region["absorbedDoseUncertaintyGy"]
        spread = "" if uncertainty is None else f" +- {uncertainty:.2g}"
        print(f"{region['name']}: {region['absorbedDoseGy']:.4g}{spread} Gy, "
              f"{region['timeIntegratedActivityMBqH']:.5g} MBq h")
    for warning in results["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"Results are in {options.out}")


def _fit(options):
    from .physics.kinetics import selection
    from .physics.nuclides import nuclide

    curve = _readCurve(options.curve)
    chosen = nuclide(options.radionuclide)
    fit = selection.fit(curve, chosen.decayConstantPerHour, model=options.model,
                        effectiveHalfLifeHours=options.effectiveHalfLifeHours, options=_fitOptions(options.options))
    result = fit.toDict()
    if options.json:
        print(json.dumps(result, indent=1, allow_nan=False))
        return
    print(f"model {result['model']}")
    for name, parameter in result["parameters"].items():
        error = "" if parameter["standardError"] is None else f" +- {parameter['standardError']:.2g}"
        print(f"{name} = {parameter['value']:.6g}{error} {parameter['unit']}")
    uncertainty = result["timeIntegratedActivityUncertaintyMBqH"]
    spread = "" if uncertainty is None else f" +- {uncertainty:.3g}"
    print(f"time-integrated activity = {result['timeIntegratedActivityMBqH']:.6g}{spread} MBq h")
    interval = result["timeIntegratedActivityInterval95MBqH"]
    if interval is not None:
        print(f"95 % interval {interval[0]:.5g} to {interval[1]:.5g} MBq h")
    for warning in result["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)


def _fitOptions(text):
    """Options of a fit model from JSON, or ``None``."""
    if text is None:
        return None
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"The options are not JSON ({error.msg})", "--options") from None
    if not isinstance(found, dict):
        raise InputError("The options are not a JSON object", "--options", "Give names and values")
    return found


def _readCurve(path):
    """Time-activity curve of a CSV file with header ``timeHours,activityMBq[,uncertaintyMBq]``."""
    from .physics.kinetics.curve import TimeActivityCurve

    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except FileNotFoundError:
        raise InputError("There is no such file", path, "Check the path of the curve") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The file cannot be read ({error.__class__.__name__})", path) from None
    header = [cell.strip() for cell in rows[0]] if rows else []
    if header not in (["timeHours", "activityMBq"], ["timeHours", "activityMBq", "uncertaintyMBq"]):
        raise InputError("The header is not timeHours,activityMBq[,uncertaintyMBq]", path)
    columns = [[] for _name in header]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise InputError(f"The line has {len(row)} instead of {len(header)} values", f"{path}, line {number}")
        for column, name, cell in zip(columns, header, row, strict=True):
            try:
                column.append(float(cell))
            except ValueError:
                raise InputError(f"'{cell.strip()}' is not a number", f"{path}, line {number}, {name}") from None
    return TimeActivityCurve(*columns)


def _comparisonTable(comparison):
    lines = [f"{'region':<18}{'quantity':<26}{'computed':>12}{'true':>12}  {'unit':<6}{'deviation':>10}"]
    for row in comparison:
        lines.append(f"{row['region']:<18}{row['quantity']:<26}{row['computed']:>12.4g}{row['true']:>12.4g}  "
                     f"{row['unit']:<6}{row['deviationPercent']:>+9.1f}%")
    return "\n".join(lines)


def _progress():
    """A progress line on standard error when it is a terminal."""
    if not sys.stderr.isatty():
        return noProgress

    def report(fraction, message=""):
        end = "\n" if fraction >= 1.0 else ""
        print(f"\r\033[K{fraction:4.0%} {message}", end=end, file=sys.stderr, flush=True)

    return report


if __name__ == "__main__":
    sys.exit(main())
