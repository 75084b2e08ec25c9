"""mrt-dosimetry diff and verify: what differs between two finished studies, and whether one is as it was written."""

import json

EXIT_DIFFERENT = 1


def addRecordCommands(commands):
    """Add the commands ``diff`` and ``verify`` to the sub-parsers of the command line."""
    diff = commands.add_parser(
        "diff", help="two finished studies: which input, choice, override or version moved which result",
        description="Compare two finished studies, stage by stage. Exit status 0: the same (but for persons, times and "
                    "places), 1: different, 2: not comparable.")
    diff.add_argument("first", metavar="A", help="folder of results, or its record.json")
    diff.add_argument("second", metavar="B", help="folder of results, or its record.json")
    diff.add_argument("--json", action="store_true", help="print everything as JSON")
    diff.set_defaults(function=_diff)
    verify = commands.add_parser(
        "verify", help="whether log, record, results, report and inputs, or a signed commissioning, are as written",
        description="Check a finished study, or a signed commissioning, against its record. Exit status 0: as it was "
                    "written, 1: something was edited, 2: no record to check. A chain of hashes shows edits; it is no "
                    "electronic signature.")
    verify.add_argument("study", metavar="DIR", help="folder of results, or its record.json; of a signed commissioning")
    verify.add_argument("--code", metavar="CODE", default="", help="from a printed report, all or its beginning: "
                        "whether that paper belongs to this record")
    verify.add_argument("--json", action="store_true", help="print everything as JSON")
    verify.set_defaults(function=_verify)


def _diff(options):
    from .workflow import recordDiff, recordDiffWords

    found = recordDiff.compare(options.first, options.second)
    if options.json:
        # the values behind the details are for the words alone: the form of this output is what others read
        inputs = [{key: value for key, value in row.items() if key != "values"} for row in found["inputs"]]
        print(json.dumps({**found, "inputs": inputs}, indent=1, ensure_ascii=False))
    else:
        print("\n".join(recordDiffWords.lines(found)))
    return 0 if found["isSame"] else EXIT_DIFFERENT


def _verify(options):
    from .workflow import recordVerify

    found = recordVerify.verify(options.study, options.code)
    print(json.dumps(found, indent=1, ensure_ascii=False) if options.json else "\n".join(recordVerify.lines(found)))
    return 0 if found["isIntact"] else EXIT_DIFFERENT
