"""mrt-dosimetry plan: what a protocol takes of camera, staff and samples, before it is started."""

import argparse
import json

from .errors import Faults


def addPlan(commands):
    """Add the command ``plan`` to the sub-parsers of the command line."""
    plan = commands.add_parser(
        "plan", help="camera time, staff time and samples of a protocol, with the center's own times",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Add up what a protocol takes, or two side by side. Times are the center's own; what is blank is\n"
                    "listed as not stated, and the sum says so. Nothing is guessed.",
        epilog="examples:\n"
               "  mrt-dosimetry plan --protocol lutetiumDotatate.multiTimePoint --template center.json\n"
               "  mrt-dosimetry plan --protocol lutetiumDotatate.multiTimePoint\n"
               "      --protocol lutetiumDotatate.singleTimePoint --patients 20 --cycles 4 --times center.json\n"
               "      --html plan.html")
    plan.add_argument("--protocol", action="append", required=True, metavar="NAME", dest="protocols",
                      help="a protocol of the program; given twice, both are compared")
    plan.add_argument("--template", metavar="FILE", help="write an empty file of times for these protocols, and stop")
    plan.add_argument("--patients", type=int, metavar="N", help="patients in all")
    plan.add_argument("--cycles", type=int, metavar="C", help="cycles of each patient")
    plan.add_argument("--times", metavar="FILE", help="the center's times; without them scans and samples alone")
    plan.add_argument("--years", type=float, metavar="Y", help="add recurring tests over so many years to the whole")
    output = plan.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print everything as JSON")
    output.add_argument("--html", metavar="FILE", help="write one page")
    plan.set_defaults(function=_plan)


def _plan(options):
    from .report import planReport
    from .workflow import plan

    if options.template is not None:
        plan.writeTemplate(options.template, options.protocols)
        print(f"Fill in {options.template}: minutes for one of each task; null stays not stated")
        return
    faults = Faults()
    for value, name in ((options.patients, "--patients"), (options.cycles, "--cycles")):
        if value is None:
            faults.add(f"{name} is not given", "plan", "Give a whole number of 1 or more")
    faults.raiseIfAny()
    times = None if options.times is None else plan.readTimes(options.times)
    plans = plan.makePlans(options.protocols, options.patients, options.cycles, times, options.years)
    if options.json:
        print(json.dumps(plan.content(plans, times), indent=1, ensure_ascii=False, allow_nan=False))
        return
    if options.html is not None:
        plan.writePage(options.html, plans, times)
    print("\n".join(planReport.planLines(plans)))
    if options.html is not None:
        print(f"The page is {options.html}")
