"""mrt-dosimetry registry: the center's own results on the command line."""

import argparse
import json
import sys

from .errors import InputError

EXIT_NOT_PASSED = 1


def addRegistry(commands):
    """Add the command ``registry`` to the sub-parsers of the command line."""
    registry = commands.add_parser(
        "registry", help="the center's own signed cases: add, list, query, export, import, merge, back up, check",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="A registry of the center's signed cases without names: an SQLite file on a local drive, or a\n"
                    "PostgreSQL server by URL. The place comes from --file, --url or MRTDOSIMETRY_REGISTRY.",
        epilog="examples:\n"
               "  mrt-dosimetry registry create --center NUC1 --file cohort.sqlite\n"
               "  mrt-dosimetry registry add results/ --file cohort.sqlite\n"
               "  mrt-dosimetry registry query --tissue kidney --radionuclide Lu-177 --file cohort.sqlite")
    actions = registry.add_subparsers(metavar="ACTION", required=True)

    def action(name, function, words, **options):
        parser = actions.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.", **options)
        if function is not _key:
            place = parser.add_argument_group("where the registry is (or MRTDOSIMETRY_REGISTRY)")
            place.add_argument("--file", metavar="FILE", help="SQLite file on a local drive")
            place.add_argument("--url", metavar="URL", help="postgresql://USER@HOST/DATABASE")
        parser.set_defaults(function=function)
        return parser

    action("create", _create, "make a new, empty registry").add_argument(
        "--center", required=True, metavar="CODE", help="code of the center, as another one shall see it")
    action("key", _key, "make a new key for the pseudonyms").add_argument("keyFile", metavar="FILE")
    add = action("add", _add, "add a signed case, or replace the one that was signed again")
    add.add_argument("results", metavar="RESULTS", help="results.json, or the folder that holds it")
    add.add_argument("--code", metavar="CODE", help="the center's study code of the patient; without one the "
                     "identifier of the record is hashed with the key")
    add.add_argument("--key", metavar="FILE", help="key of the pseudonyms (or MRTDOSIMETRY_REGISTRY_KEY; "
                     "default: FILE.key beside the registry's file)")
    add.add_argument("--cycle", type=int, metavar="N", help="treatment cycle from 1, where the record states none")
    add.add_argument("--tracer", metavar="NAME", help="e.g. PSMA-617, for a study without a protocol")
    add.add_argument("--reason", metavar="TEXT", help="why a case without complete sign-off is taken, or an earlier "
                     "one comes back")
    listing = action("list", _list, "list the cases")
    listing.add_argument("--json", action="store_true", help="print everything as JSON")
    _addQuery(action)
    action("export", _export, "write all cases as CSV").add_argument(
        "--out", required=True, metavar="FILE.csv", help="file to write")
    reading = action("import", _import, "read cases of a CSV file: all of them, or none")
    reading.add_argument("table", metavar="FILE.csv")
    reading.add_argument("--reason", metavar="TEXT", help="why cases without complete sign-off are taken")
    merge = action("merge", _merge, "take over the cases of another registry: all of them, or none")
    merge.add_argument("other", metavar="OTHER", help="file or URL of the other registry")
    for parser in (reading, merge):
        parser.add_argument("--prefer", choices=("ours", "theirs", "newer"),
                            help="which of two differing entries of a case stays; without it they are refused")
    action("backup", _backup, "copy the registry's file, also while others write").add_argument(
        "--out", required=True, metavar="FILE", help="file to write; the key is not part of it")
    remove = action("remove", _remove, "remove all cases of a patient with their history, for good")
    remove.add_argument("pseudonym", metavar="PSEUDONYM", help="as list shows it")
    remove.add_argument("--center", metavar="CODE", help="another center than the registry's own")
    action("check", _check, "examine the registry; exit status 1 when something is wrong")


def _addQuery(action):
    query = action("query", _query, "distribution over the patients, and the place of a value in it")
    query.add_argument("--radionuclide", required=True, metavar="NAME", help="e.g. Lu-177")
    query.add_argument("--tissue", metavar="NAME", help="kidney, liver, tumor, ...")
    query.add_argument("--quantity", metavar="NAME", help="key of results.json, by default "
                       "absorbedDoseCoefficientGyPerGBq; without a tissue a key of therapy, such as "
                       "wholeBodyAbsorbedDoseGy")
    query.add_argument("--protocol", metavar="NAME", help="protocol, or therapy for all its protocols")
    query.add_argument("--tracer", metavar="NAME", help="of studies that state one")
    query.add_argument("--engine", metavar="NAME", help="only absorbed doses of that engine")
    query.add_argument("--center", metavar="CODE", help="only patients of that center")
    query.add_argument("--value", type=float, metavar="X", help="a value to compare, in the unit of the quantity")
    query.add_argument("--json", action="store_true", help="print everything as JSON")


def _open(options):
    from .registry import database, places

    return database.openRegistry(places.placeFrom(options.file, options.url))


def _create(options):
    from .registry import database, places

    with database.createRegistry(places.placeFrom(options.file, options.url), options.center) as registry:
        print(f"The registry of center {registry.centerId} is {registry.place}")


def _key(options):
    from .registry import pseudonyms

    pseudonyms.makeKey(options.keyFile)
    print(f"The key is {options.keyFile}. Keep a copy of it in a safe place, apart from the registry.")


def _add(options):
    from .registry import fromResults, patients, store

    results, record = fromResults.readResults(options.results)
    identifier, patient = patients.patientOf(record)
    with _open(options) as registry:
        fromResults.requireShape(results, options.results)
        pseudonym, digest, fingerprint = patients.patientIn(registry, identifier, patient, results, options.code,
                                                            options.key)
        case, notes = fromResults.caseFromResults(
            results, registry.centerId, pseudonym, _cycle(options.cycle, patient.get("cycle")),
            options.tracer, ((record or {}).get("versions") or {}).get("MRTDosimetry"), digest,
            options.reason, options.results)
        print(store.addCase(registry, case, fingerprint).words)
    for note in notes:
        print(f"note: {note}.", file=sys.stderr)


def _cycle(stated, recorded):
    """The treatment cycle; one that is stated may not contradict the record."""
    if None not in (stated, recorded) and stated != recorded:
        raise InputError(f"The record of the run says cycle {recorded}", "--cycle",
                         "Leave --cycle out, or correct the study")
    return recorded if stated is None else stated


def _list(options):
    from dataclasses import asdict

    from .registry import store

    with _open(options) as registry:
        cases = store.readCases(registry)
    if options.json:
        print(json.dumps([asdict(case) for case in cases], indent=1, allow_nan=False))
        return
    for case in cases:
        activity = "" if case.administeredActivityMBq is None else f", {case.administeredActivityMBq:.4g} MBq"
        signed = "taken without complete sign-off" if case.overrideReason else f"signed {case.signatures[-1][1][:10]}"
        print(f"{case.words}{activity}, {len(case.regions)} regions, {signed}")
    print(f"{len(cases)} cases of {len({(case.centerId, case.pseudonym) for case in cases})} patients")


def _query(options):
    from .registry import queries

    quantity = {"quantity": options.quantity} if options.quantity else {}
    with _open(options) as registry:
        cohort = queries.cohort(registry, options.radionuclide, options.tissue, protocol=options.protocol,
                                tracer=options.tracer, engine=options.engine, centerId=options.center, **quantity)
        known = [] if cohort.patients else queries.tissuesOf(registry)
    answer = queries.answer(cohort, options.value)
    if options.json:
        print(json.dumps(answer, indent=1, allow_nan=False))
        return
    print("\n".join(queries.answerLines(answer)))
    if known:
        print("The registry holds: " + "; ".join(f"{nuclide} {treatment} {tissue} ({count} cases)"
                                                 for nuclide, treatment, tissue, count in known))


def _export(options):
    from .registry import store, tableFile

    with _open(options) as registry:
        cases = store.readCases(registry)
    tableFile.writeTable(cases, options.out)
    print(f"{len(cases)} cases are in {options.out}")


def _import(options):
    from .registry import store, tableFile

    with _open(options) as registry:
        _printCounts(store.takeOver(registry, tableFile.readTable(options.table, options.reason), options.prefer))


def _merge(options):
    from .registry import database, store

    with _open(options) as registry, database.openRegistry(options.other) as other:
        _printCounts(store.takeOver(registry, store.readCases(other), options.prefer, other.keyFingerprint))


def _printCounts(counts):
    print(", ".join(f"{count} {status}" for status, count in counts.items()))


def _backup(options):
    from .registry import maintenance

    with _open(options) as registry:
        maintenance.backup(registry, options.out)
    print(f"The backup is {options.out}. The key of the pseudonyms is not part of it.")


def _remove(options):
    from .registry import store

    with _open(options) as registry:
        count = store.removePatient(registry, options.pseudonym, options.center)
    print(f"{count} cases removed. Exports and backups made before still hold them.")


def _check(options):
    from .registry import maintenance

    with _open(options) as registry:
        problems = maintenance.check(registry)
        place = registry.place
    for problem in problems:
        print(problem)
    print(f"{place}: {f'{len(problems)} faults' if problems else 'sound'}")
    return EXIT_NOT_PASSED if problems else 0
