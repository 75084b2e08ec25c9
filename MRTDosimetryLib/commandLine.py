"""mrt-dosimetry: the guided module's job on the command line, on a real MRML scene, without a window."""

import argparse
import json
import os
import sys
import time

from . import __version__, jsonText
from .batchCommands import addBatch
from .calibrationCommands import addCalibrate
from .checkCommands import addCheck
from .errors import CanceledError, DosimetryError, Faults, InputError
from .planCommands import addPlan
from .progress import noProgress
from .recordCommands import addRecordCommands
from .registryCommands import addRegistry
from .reportCommands import addReport

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
    except BrokenPipeError:
        # what reads the lines has seen enough, such as head: no fault; and nothing is left to be flushed at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_CANCELED
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
    demo.add_argument("--radionuclide", default="Lu-177", metavar="NAME",
                      help="e.g. I-131; the body behaves alike, decay and truth follow (default: Lu-177)")
    demo.add_argument("--template", metavar="DIR", help="the center's template of the report, see report --help")
    demo.set_defaults(function=_demo)
    run = commands.add_parser("run", help="a study file, or a record to repeat")
    run.add_argument("study", metavar="STUDY.json", help="study file, or record.json of an earlier run")
    run.add_argument("--out", required=True, metavar="DIR", help="folder for the results")
    run.add_argument("--dicom", action="store_true", help="also export the results as DICOM, into DIR/dicom")
    run.add_argument("--deidentified", action="store_true", help="with --dicom: no identity in the exported objects")
    run.add_argument("--template", metavar="DIR", help="the center's template of the report, see report --help")
    run.set_defaults(function=_run)
    _addFit(commands)
    sValue = commands.add_parser(
        "svalue", help="S value and absorbed dose of a sphere, ellipsoid or organ for itself, without images",
        description="Self-irradiation without images: a sphere by its mass, an ellipsoid by its semi-axes, or an "
                    "organ by S values of a reference organ, scaled to the patient's mass.")
    sValue.add_argument("--radionuclide", required=True, help="e.g. Lu-177")
    sValue.add_argument("--massG", type=float, metavar="G", help="mass of the sphere or organ")
    sValue.add_argument("--semiAxesMM", type=float, nargs=3, metavar="MM", help="of an ellipsoid, in place of the mass")
    sValue.add_argument("--densityGPerML", type=float, metavar="D", help="default: soft tissue, 1.04")
    organ = sValue.add_argument_group("organ of a reference person")
    organ.add_argument("--referenceMassG", type=float, metavar="G", help="mass that the S values belong to")
    organ.add_argument("--electronSValueMGyPerMBqS", type=float, metavar="S",
                       help="of electrons and alpha particles: scaled by 1/mass")
    organ.add_argument("--photonSValueMGyPerMBqS", type=float, metavar="S",
                       help="of photons: scaled by 1/mass to the power of two thirds")
    sValue.add_argument("--timeIntegratedActivityMBqH", type=float, help="for the absorbed dose")
    sValue.add_argument("--progeny", choices=("excluded", "inPlace"), help="where radioactive progeny matter")
    sValue.add_argument("--json", action="store_true", help="print everything as JSON")
    sValue.set_defaults(function=_sValue)
    addCheck(commands, _progress)
    addPlan(commands)
    addRegistry(commands)
    addReport(commands)
    addCalibrate(commands, _progress)
    addRecordCommands(commands)
    addBatch(commands)
    return parser


def _addFit(commands):
    fit = commands.add_parser(
        "fit", help="fit a time-activity curve", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Fit a time-activity curve and integrate it from administration to infinity.",
        epilog="examples:\n"
               "  mrt-dosimetry fit curve.csv --radionuclide Lu-177 --plot curve.png\n"
               "  mrt-dosimetry fit curve.csv --radionuclide Lu-177 --model biExponential --fix lambda1=0.0115\n"
               "  mrt-dosimetry fit onePoint.csv --radionuclide Lu-177 --half-life 52 --half-life-uncertainty 8\n"
               "  mrt-dosimetry fit onePoint.csv --radionuclide Lu-177 --population PSMA-617:kidney\n\n"
               "Effective half-lives and rates hold physical decay. Uncertainties are k = 1.")
    fit.add_argument("curve", metavar="CURVE.csv", help="header timeHours,activityMBq[,uncertaintyMBq]")
    fit.add_argument("--radionuclide", required=True, metavar="NAME", help="e.g. Lu-177")
    fit.add_argument("--model", default="auto", metavar="NAME",
                     help="auto (by AICc, averaged) or the name of a model; an unknown name lists them")
    fit.add_argument("--json", action="store_true", help="print everything as JSON")
    fit.add_argument("--plot", metavar="FILE", help="chart with 95 %% band and residuals, .png or .svg")
    fit.add_argument("--relative-uncertainty", dest="relativeUncertainty", type=float, metavar="U",
                     help="of the activities, 0.05 for 5 %%, where the curve states none")
    few = fit.add_argument_group("one or two time points")
    few.add_argument("--half-life", "--effectiveHalfLifeHours", dest="halfLife", type=float, metavar="H",
                     help="effective half-life in h, for a single point")
    few.add_argument("--half-life-uncertainty", dest="halfLifeUncertainty", type=float, metavar="H",
                     help="its standard uncertainty in h")
    few.add_argument("--population", metavar="TRACER:TISSUE", help="population half-life of the table, e.g. "
                     "PSMA-617:kidney")
    few.add_argument("--prior-median", dest="priorMedian", type=float, metavar="H",
                     help="median of a population's half-life in h (log-normal)")
    few.add_argument("--prior-gsd", dest="priorGSD", type=float, metavar="G", help="its geometric standard deviation")
    few.add_argument("--prior-source", dest="priorSource", metavar="TEXT", help="where it comes from")
    few.add_argument("--late-form", dest="lateForm", metavar="NAME",
                     help="haenscheid2018 or minimum, of the model latePoint")
    more = fit.add_argument_group("parameters of the models")
    more.add_argument("--fix", action="append", default=[], metavar="NAME=VALUE",
                      help="fix a parameter (MBq, 1/h); may be repeated")
    more.add_argument("--bounds", action="append", default=[], metavar="NAME=LOW:HIGH",
                      help="keep a parameter between bounds, either side may be empty; may be repeated")
    more.add_argument("--start", metavar="NAME", help="of the trapezoid: zero-linear, constant or extrapolated")
    more.add_argument("--tail", metavar="NAME", help="of the trapezoid: physical or effective")
    more.add_argument("--options", metavar="JSON", help="options of the model, e.g. '{\"fixed\": {\"lambda\": 0.012}}'")
    fit.set_defaults(function=_fit)


def _demo(options):
    from .workflow import demo

    started = time.perf_counter()
    comparison, registration = demo.runDemo(options.out, options.size, _progress(), options.radionuclide,
                                            options.template)
    elapsed = time.perf_counter() - started
    print(_comparisonTable(comparison))
    print()
    for row in registration:
        print(f"registration of {row['label']}: at most {row['errorMM']:.2f} mm from the truth at the region centers")
    print(f"\n{elapsed:.0f} s. Open {options.out}/report.html, or {options.out}/scene.mrb in Slicer.")
    print("Regions lose activity to the limited resolution (no partial-volume correction): see the report.")


def _run(options):
    from .report import therapyText
    from .workflow import job, therapy

    study = job.runStudyFile(options.study, options.out, _progress(), options.template)
    results = study.stageRecord("results")["value"]
    for region in results["regions"]:
        uncertainty = region["absorbedDoseUncertaintyGy"]
        spread = "" if uncertainty is None else f" +- {uncertainty:.2g}"
        print(f"{region['name']}: {region['absorbedDoseGy']:.4g}{spread} Gy, "
              f"{region['timeIntegratedActivityMBqH']:.5g} MBq h")
    for line in therapyText.therapyLines(therapy.resultsOf(study)):
        print(line)
    for warning in results["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
    if options.dicom:
        _exportDicom(study, options)
    print(f"Results are in {options.out}")


def _exportDicom(study, options):
    from .workflow import dicomExport, studyFile

    description, _inputs = studyFile.readStudyFile(options.study)
    stated = description.get("export") or {}
    choice = {"dicom": True, "deidentified": options.deidentified or bool(stated.get("deidentified"))}
    if stated.get("dicom") and choice["deidentified"] == bool(stated.get("deidentified")):
        return  # the results were exported with the study file's own key
    for words in dicomExport.exportResults(study, options.out, description, choice, _progress()):
        print(f"warning: {words}", file=sys.stderr)


def _fit(options):
    from .report.fitText import fitLines
    from .workflow import curveFit

    if options.plot is not None:
        curveFit.requirePicture(options.plot)
    curve, fit = curveFit.fitCurveFile(options.curve, options.radionuclide, options.model, options.halfLife,
                                       _modelOptions(options), options.relativeUncertainty)
    if options.plot is not None:
        curveFit.writePicture(options.plot, curve, fit, f"{fit.title}, {options.radionuclide}")
    if options.json:
        print(json.dumps(fit.toDict(), indent=1, allow_nan=False))
        return
    print("\n".join(fitLines(fit.toDict())))
    for warning in fit.warnings:
        print(f"warning: {warning}", file=sys.stderr)


def _modelOptions(options):
    """Options of the fit models from those of the command; every contradiction is told."""
    from .workflow import curveFit

    found, faults = _fitOptions(options.options) or {}, Faults()
    stated = {"start": options.start, "tail": options.tail, "lateForm": options.lateForm}
    if options.lateForm is not None and options.model == "auto":
        faults.add("A form of the late point is given, but not that model", "--late-form", "Give --model latePoint")
    with faults.collect():
        stated["fixed"] = curveFit.fixedFrom(options.fix) or None
    with faults.collect():
        stated["bounds"] = curveFit.boundsFrom(options.bounds) or None
    with faults.collect():
        stated["populationHalfLife"] = _prior(options)
    if options.halfLifeUncertainty is not None:
        if options.halfLife is None:
            faults.add("An uncertainty is given without a half-life", "--half-life-uncertainty", "Give --half-life")
        elif not (options.halfLife > 0 and 0 < options.halfLifeUncertainty < options.halfLife):
            faults.add(f"The uncertainty of {options.halfLifeUncertainty:g} h is not between 0 and the half-life",
                       "--half-life-uncertainty", "Give the standard uncertainty in hours")
        else:
            stated["relativeHalfLifeUncertainty"] = options.halfLifeUncertainty / options.halfLife
    if stated.get("populationHalfLife") and options.halfLife is not None:
        faults.add("Both a half-life and a population are given", "--half-life", "Give one of them")
    for name, value in stated.items():
        if value is not None and name in found:
            faults.add(f"{name} is given twice", "--options", "Give it once")
    faults.raiseIfAny()
    return found | {name: value for name, value in stated.items() if value is not None}


def _prior(options):
    """The population's half-life that is stated, or ``None``."""
    from .workflow import curveFit

    own = {"medianHours": options.priorMedian, "geometricSD": options.priorGSD, "source": options.priorSource}
    given = {name: value for name, value in own.items() if value is not None}
    if options.population is None:
        if given and len(given) < len(own):
            raise InputError("A prior of the half-life is not complete", "--prior-median",
                             "Give --prior-median, --prior-gsd and --prior-source, or --population")
        return given or None
    if given:
        raise InputError("Both a population of the table and an own prior are given", "--population",
                         "Give one of them")
    return curveFit.populationOf(options.population, options.radionuclide)


def _sValue(options):
    from .physics.nuclides import nuclide

    found = nuclide(options.radionuclide)
    organ = (options.referenceMassG, options.electronSValueMGyPerMBqS, options.photonSValueMGyPerMBqS)
    if (options.massG is None) == (options.semiAxesMM is None):
        raise InputError("Neither mass nor semi-axes are given" if options.massG is None
                         else "Both mass and semi-axes are given", "svalue", "Give --massG or --semiAxesMM")
    if any(value is not None for value in organ):
        result = _scaledOrgan(found, options, organ)
    else:
        result = _sphereOrEllipsoid(found, options)
    activity = options.timeIntegratedActivityMBqH
    absorbedDoseGy = None if activity is None else result.absorbedDoseGy(activity)
    if options.json:
        print(json.dumps({**result.toDict(), "timeIntegratedActivityMBqH": activity,
                          "absorbedDoseGy": absorbedDoseGy}, indent=1, allow_nan=False))
        return
    print(result.title)
    if result.absorbedFractions:
        print(f"{'radiation':<16}{'MeV per decay':>14}{'absorbed':>10}")
    for name, fraction in result.absorbedFractions.items():
        if result.energiesMeV[name]:
            print(f"{name:<16}{result.energiesMeV[name]:>14.5g}{fraction:>10.2%}")
    print(f"S value = {result.sValueMGyPerMBqS:.5g} mGy/(MBq s) = {result.gyPerMBqH:.5g} Gy/(MBq h)")
    if absorbedDoseGy is not None:
        print(f"absorbed dose = {absorbedDoseGy:.5g} Gy")
    for note in result.notes:
        print(f"note: {note}", file=sys.stderr)


def _sphereOrEllipsoid(found, options):
    from .physics.dose.spheres import ellipsoidSValue, sphereSValue

    chosen = {"options": {"progeny": options.progeny}}
    if options.densityGPerML is not None:
        chosen["densityGPerML"] = options.densityGPerML
    if options.semiAxesMM is not None:
        return ellipsoidSValue(found, options.semiAxesMM, **chosen)
    return sphereSValue(found, options.massG, **chosen)


def _scaledOrgan(found, options, organ):
    from .physics.dose.spheres import organSValue

    if options.massG is None or any(value is None for value in organ):
        raise InputError("The reference organ is not complete", "svalue", "Give --massG, --referenceMassG, "
                         "--electronSValueMGyPerMBqS and --photonSValueMGyPerMBqS")
    if options.densityGPerML is not None or options.progeny is not None:
        raise InputError("Density and progeny belong to the S values of the reference organ", "svalue",
                         "Leave --densityGPerML and --progeny out")
    return organSValue(found, options.massG, *organ)


def _fitOptions(text):
    """Options of a fit model from JSON, or ``None``."""
    if text is None:
        return None
    try:
        found = jsonText.loads(text, "--options")
    except json.JSONDecodeError as error:
        raise InputError(f"The options are not JSON ({error.msg})", "--options") from None
    if not isinstance(found, dict):
        raise InputError("The options are not a JSON object", "--options", "Give names and values")
    for name in ("start", "tail", "lateForm"):
        if name in found and not isinstance(found[name], str):
            raise InputError(f"The option {name}, {found[name]!r}, is not a text", "--options")
    return found


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
