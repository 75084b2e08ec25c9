"""mrt-dosimetry report: the template of the report, to be adapted by a center."""

import argparse


def addReport(commands):
    """Add the command ``report`` to the sub-parsers of the command line."""
    report = commands.add_parser(
        "report", help="template of the report: write the shipped one, check an edited one",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="A center's template is a folder with any files of the shipped one and center.json (name,\n"
                    "address, logo as PNG or JPEG, paper A4 or Letter). It may not fetch anything, nor leave out\n"
                    "warnings, regions or the statement on research use.",
        epilog="examples:\n"
               "  mrt-dosimetry report --export-template ourTemplate\n"
               "  mrt-dosimetry report --check-template ourTemplate\n"
               "  mrt-dosimetry run study.json --out results --template ourTemplate")
    action = report.add_mutually_exclusive_group(required=True)
    action.add_argument("--export-template", dest="export", metavar="DIR", help="write the shipped template into DIR")
    action.add_argument("--check-template", dest="check", metavar="DIR", help="check the template in DIR")
    report.set_defaults(function=_report)


def _report(options):
    from .report import templateFolder

    if options.export is not None:
        print(f"{', '.join(templateFolder.export(options.export))} are in {options.export}")
        return
    template = templateFolder.load(options.check)
    center = "no center is named" if template.center is None else template.center["name"] or "logo or address alone"
    print(f"The template can be used: {center}, paper {template.paper}, SHA-256 {template.digest}")
