"""mrt-dosimetry calibrate, planar and constancy: what a center measures of its instruments, and planar views."""

import json
import sys

from . import jsonText
from .errors import InputError

EXIT_NOT_PASSED = 1


def addCalibrate(commands, progress):
    """Add the commands to the sub-parsers of the command line; ``progress()`` gives its progress line."""
    calibrate = commands.add_parser(
        "calibrate", help="sensitivity, recovery and dead time of a camera from phantom scans",
        description="Make a calibration record, to be named in studies. The same inputs give the same digest.")
    calibrate.add_argument("calibration", metavar="CALIBRATION.json",
                           help="calibration file, or a record to be made again")
    calibrate.add_argument("--out", required=True, metavar="FILE", help="the record to write")
    calibrate.set_defaults(function=lambda options: _calibrate(options, progress()))
    listed = commands.add_parser(
        "calibrations", help="the calibrations of a folder, and what each is worth today",
        description="Records and control charts with value, validity, and what speaks against them.")
    listed.add_argument("folder", metavar="FOLDER", help="where the center keeps them")
    listed.add_argument("--json", action="store_true", help="print everything as JSON")
    listed.set_defaults(function=_listed)
    planar = commands.add_parser(
        "planar", help="planar series of a hybrid protocol from serial planar or whole-body views",
        description="Geometric mean of opposed views, scatter and background taken off, as kinetics.hybrid reads it; "
                    "with attenuation and sensitivity, activities in MBq, of one pair of views or of several.")
    planar.add_argument("planar", metavar="PLANAR.json", help="images and regions")
    planar.add_argument("--out", required=True, metavar="FILE.csv", help="the series to write")
    planar.set_defaults(function=_planar)
    constancy = commands.add_parser(
        "constancy", help="control chart of an instrument by a long-lived source, and when the next test is due",
        description="Exit status 1 when the last test lies beyond the action limit.")
    constancy.add_argument("log", metavar="CONSTANCY.json", help="reference, limits and tests of the instrument")
    constancy.add_argument("--add", metavar="JSON", help='a new test, e.g. {"dateTime": "...", "value": 985}')
    constancy.add_argument("--json", action="store_true", help="print everything as JSON")
    constancy.set_defaults(function=_constancy)


def _calibrate(options, progress):
    from .physics import sphereRecovery
    from .workflow import calibration

    content = calibration.create(options.calibration, progress)
    calibration.write(content, options.out)
    for line in calibration.describe(content):
        print(line)
    if content.get("recovery"):
        curve = sphereRecovery.fromDict(content["recovery"])
        for point in curve.points:
            print(f"{point.name}: {point.volumeML:.4g} mL, recovery {point.recovery:.4f}, curve "
                  f"{float(curve.value(point.volumeML)):.4f}")
    _warn(content["warnings"])
    print(f"The record is {options.out}")


def _listed(options):
    from .workflow import calibrationFolder

    rows = calibrationFolder.listed(options.folder)
    if options.json:
        print(json.dumps([{key: value for key, value in row.items() if key != "content"} for row in rows], indent=1,
                         allow_nan=False))
        return
    for row in rows:
        value = "" if row["value"] is None else f"{row['value']:.4g}" + (
            "" if row["uncertainty"] is None else f" +- {row['uncertainty']:.2g}") + f" {row['unit']}"
        kinds = ", ".join(calibrationFolder.TITLES[kind] for kind in row["kinds"])
        print("; ".join(text for text in (row["instrument"], row["radionuclide"], kinds, value.strip(),
                                          row["validUntil"], row["state"], *row["words"], row["file"]) if text))


def _planar(options):
    from .workflow import planarFile, planarSeries

    rows, warnings = planarSeries.planarSeries(planarFile.readPlanarStudy(options.planar))
    planarSeries.writeTable(rows, options.out)
    for row in rows:
        print("; ".join(planarSeries.rowWords(row)))
    _warn(warnings)
    print(f"The series is {options.out}")


def _constancy(options):
    from .physics.constancy import ACTION
    from .workflow import constancyLog

    if options.add is None:
        chart = constancyLog.chartOf(options.log)
    else:
        try:
            test = jsonText.loads(options.add, "--add")
        except json.JSONDecodeError as error:
            raise InputError(f"The test is not JSON ({error.msg})", "--add") from None
        chart = constancyLog.addTest(options.log, test)
    print(json.dumps(chart, indent=1, allow_nan=False) if options.json else "\n".join(constancyLog.lines(chart)))
    return EXIT_NOT_PASSED if chart["status"] == ACTION else 0


def _warn(warnings):
    for words in warnings:
        print(f"warning: {words}.", file=sys.stderr)
