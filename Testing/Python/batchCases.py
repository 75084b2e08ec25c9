"""Small studies for a batch, the command that runs them, and the table it writes."""

import csv

from caseFiles import writeStudy

from MRTDosimetryLib import commandLine


def studies(folder, names=("one", "two")):
    """Small studies in folders of their own; the file names repeat."""
    paths = []
    for name in names:
        (folder / name).mkdir()
        paths.append(str(writeStudy(folder / name, times=(4.0, 96.0))))
    return paths


def run(paths, out, *more):
    return commandLine.main(["batch", *paths, "--out", str(out), *more])


def summary(out):
    with open(out / "summary.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
