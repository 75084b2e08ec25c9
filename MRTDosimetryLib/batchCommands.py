"""mrt-dosimetry batch: many studies on the command line."""

import os
import sys
import threading
from dataclasses import asdict

EXIT_FAILED = 1


def addBatch(commands):
    """Add the command ``batch`` to the sub-parsers of the command line."""
    batch = commands.add_parser(
        "batch", help="many studies in parallel; run again, it goes on where it was stopped",
        description="Run each study in a process of its own, into a folder of its own below DIR. A study that fails "
                    "stops no other; one that is finished with the same inputs, choices and versions is skipped. "
                    "Exit status 1 when a study failed.")
    batch.add_argument("studies", metavar="STUDY", nargs="+", help="study files or records")
    batch.add_argument("--out", required=True, metavar="DIR", help="folder for results, summary.csv and summary.html")
    batch.add_argument("--jobs", type=int, metavar="N",
                       help="studies at the same time (default: by cores and free memory)")
    batch.add_argument("--scheduler", metavar="ADDRESS",
                       help="run on the workers of this Dask scheduler, e.g. tcp://node1:8786, which see the same "
                            "folders; needs mrt-dosimetry[cluster]")
    batch.add_argument("--template", metavar="DIR", help="the center's template of the report, see report --help")
    batch.set_defaults(function=_batch)


def _batch(options):
    from .report import batchReport
    from .workflow import batch, batchStudy

    outcomes = batch.runBatch(options.studies, options.out, options.jobs, options.scheduler, _report,
                              options.template)
    for outcome in outcomes:
        if outcome.words:
            print(f"{outcome.study}:\n  " + outcome.words.replace("\n", "\n  "), file=sys.stderr)
    width = max(len(outcome.study) for outcome in outcomes)
    print(f"{'study':<{width}}  {'state':<8}{'regions':>8}{'warnings':>10}{'time (s)':>10}")
    for outcome in outcomes:
        numbers = [outcome.regions, outcome.warnings]
        seconds = "" if outcome.seconds is None else f"{outcome.seconds:.1f}"
        print(f"{outcome.study:<{width}}  {outcome.state:<8}{_text(numbers[0]):>8}{_text(numbers[1]):>10}{seconds:>10}")
    print(batchReport.summaryWords([asdict(outcome) for outcome in outcomes], len(outcomes)))
    print(f"The table is {options.out}/{batchReport.HTML}")
    return EXIT_FAILED if any(outcome.state == batchStudy.FAILED for outcome in outcomes) else 0


def _text(number):
    return "" if number is None else str(number)


def _report(fraction, words):
    print(f"{fraction:4.0%} {words}", file=sys.stderr, flush=True)


def runWatched(arguments):
    """One study of a batch: the command line, which ends with the batch that started it, whatever ended that."""
    from . import commandLine

    def watch():
        sys.stdin.read()  # to its end, which comes when nobody holds the other side any more
        os._exit(EXIT_FAILED)

    threading.Thread(target=watch, daemon=True).start()
    status = commandLine.main(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # the watching thread waits for input and would hold the interpreter


if __name__ == "__main__":
    runWatched(sys.argv[1:])
