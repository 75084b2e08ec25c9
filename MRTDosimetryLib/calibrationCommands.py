"""mrt-dosimetry calibrate: from phantom scans to a calibration record."""

import sys


def addCalibrate(commands, progress):
    """Add the command ``calibrate`` to the sub-parsers of the command line; ``progress()`` gives its progress line."""
    calibrate = commands.add_parser(
        "calibrate", help="sensitivity, recovery and dead time of a camera from phantom scans",
        description="Make a calibration record, to be named in studies. The same inputs give the same digest.")
    calibrate.add_argument("calibration", metavar="CALIBRATION.json",
                           help="calibration file, or a record to be made again")
    calibrate.add_argument("--out", required=True, metavar="FILE", help="the record to write")
    calibrate.set_defaults(function=lambda options: _calibrate(options, progress()))


def _calibrate(options, progress):
    from .workflow import calibration

    content = calibration.create(options.calibration, progress)
    calibration.write(content, options.out)
    for line in calibration.describe(content):
        print(line)
    for point in (content.get("recovery") or {}).get("points", []):
        print(f"{point['name']}: {point['volumeML']:.4g} mL, recovery {point['recovery']:.4f}, "
              f"curve {point['recovery'] - point['residual']:.4f}")
    for words in content["warnings"]:
        print(f"warning: {words}.", file=sys.stderr)
    print(f"The record is {options.out}")
