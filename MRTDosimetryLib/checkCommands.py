"""mrt-dosimetry check: the program proves itself on this machine."""

EXIT_NOT_PASSED = 1


def addCheck(commands, progressLine):
    """Add the command ``check``.

    Parameters
    ----------
    commands : argparse sub-parsers
    progressLine : callable
        Gives the ``progress(fraction, message)`` of the command line.
    """
    check = commands.add_parser(
        "check", help="commissioning: the program against known truths, PASS or FAIL with tolerance",
        description="Run known cases and write a page to be signed. Exit status 1 when a case does not pass.")
    place = check.add_mutually_exclusive_group(required=True)
    place.add_argument("--out", metavar="DIR", help="folder for commissioning.json and .html")
    place.add_argument("--sign", metavar="DIR", help="sign the run in this folder, with --by and --role (physician, "
                       "physicist, technologist: the rules of the center say who may)")
    place.add_argument("--keep", metavar="DIR", help="folder of all runs: this one goes into a new sub-folder, and is "
                       "compared with the last one of the same extent")
    check.add_argument("--quick", action="store_true", help="smaller images and fewer photons")
    check.add_argument("--previous", metavar="DIR", help="folder of an earlier check to compare with")
    check.add_argument("--data", metavar="DIR", help="downloaded data sets: folders with a study file and "
                       "reference.json")
    check.add_argument("--only", action="append", metavar="GROUP", help="run this group of cases alone, may be "
                       "repeated; an unknown name lists them")
    check.add_argument("--by", metavar="NAME", help="who runs or signs it, printed on the page")
    check.add_argument("--role", metavar="TEXT", help="role of who runs or signs it")
    check.set_defaults(function=lambda options: _check(options, progressLine))


def _check(options, progressLine):
    if options.sign is not None:
        return _sign(options)
    from .workflow import commissioning, commissioningKept

    shared = {"isQuick": options.quick, "progress": progressLine(), "dataFolder": options.data, "chosen": options.only,
              "runBy": {"name": options.by, "role": options.role}, "previous": options.previous}
    if options.keep is not None:
        folder, content = commissioningKept.runAndKeep(options.keep, **shared)
    else:
        folder, content = options.out, commissioning.runCommissioning(options.out, **shared)
    print("\n".join([*_caseLines(content), *_summaryLines(content)]))
    print(f"The page to sign is {folder}/commissioning.html")
    return 0 if content["overall"]["isPassed"] else EXIT_NOT_PASSED


def _sign(options):
    from .errors import InputError
    from .workflow import commissioningSigned, recordVerify

    if options.quick or options.previous or options.data or options.only:
        raise InputError("A run is signed as it is: its extent cannot be chosen any more", "check",
                         "Give --sign, --by and --role alone")
    print(recordVerify.signatureWords(commissioningSigned.sign(options.sign, options.role, options.by)))
    print(f"mrt-dosimetry verify {options.sign} tells whether it was edited since")
    return 0


def _caseLines(content):
    """Every case that did not pass, or changed."""
    lines = []
    for case in content["cases"]:
        if case["status"] == "PASS" and not case.get("isChanged"):
            continue
        words = case["problem"] or f"computed {case['computed']}, expected {case['expected']} {case['unit']}".rstrip()
        optional = " (optional)" if case["isOptional"] else ""
        changed = ", changed since the last result" if case.get("isChanged") else ""
        lines.append(f"{case['status']}{optional}{changed}: {case['subject']}, {case['name']}: {words}")
    return lines


def _summaryLines(content):
    from .report import commissioningReport

    overall, left = content["overall"], commissioningReport.leftOutWords(content)
    counts = f"{overall['passed']} passed, {overall['failed']} failed, {overall['notRun']} not run"
    return [f"{overall['result']}: {counts}, {overall['optionalNotRun']} optional not run; {content['seconds']:.0f} s",
            *([left] if left else [])]
