"""Write into docs/strategies what the protocol files state, so that pages and program say the same.

    python3 Utilities/updateStrategyPages.py            rewrite the blocks
    python3 Utilities/updateStrategyPages.py --check    only say which pages are out of date (exit status 1)

A block lies between the lines "<!-- protocol: NAME -->" and "<!-- end -->"; NAME is facts, tasks, assumptions,
leavesOut or uncertaintyCost. Everything around the blocks is written by hand and stays as it is.
"""

import os
import re
import sys

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = "docs/strategies"
EXAMPLES = "Resources/Protocols/examples"
_BLOCK = re.compile(r"(<!-- protocol: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_TIMES = (("recommendedTimesHours", "Recommended times of the scans"),
          ("recommendedPlanarTimesHours", "Recommended times of the planar scans"),
          ("recommendedReadingTimesHours", "Recommended times of the whole-body readings"),
          ("recommendedSampleTimesHours", "Recommended times of samples and readings"),
          ("reducedSampleTimesHours", "Reduced times"))
_ELEMENTS = re.compile(r"\b(\d{2,3}m?)(Lu|Y|I|Tc|Ho)\b")


def pagePath(identifier):
    return f"{PAGES}/{identifier}.md"


def marked(text):
    """Mass numbers raised."""
    return _ELEMENTS.sub(r"<sup>\1</sup>\2", text)


def hours(value):
    return f"{value:g}"


def quoted(record, text):
    """A value of the protocol with its origin."""
    state = "" if record["verified"] else ", not checked against it" if "Derived" not in record["source"] else ""
    source = record["source"].removesuffix("; as commonly quoted, not checked against the source")
    return f"{text} ({source}{state})"


def facts(content):
    """Rows of the box."""
    rows = [("Protocol", f"`{content['id']}`"), ("Dosimetry level", content["level"]),
            ("Radionuclides", ", ".join(content["radionuclides"])), ("In short", content["summary"])]
    if content["tissuesWanted"]:
        rows.append(("Tissues wanted in the report", ", ".join(map(words, content["tissuesWanted"]))))
    for key, title in _TIMES:
        if key in content:
            isUptake = key == "recommendedTimesHours" and "windowsHours" in content
            times = ", ".join(map(hours, content[key]["value"])) + " h"
            rows.append(("Recommended times of the uptakes" if isUptake else title, quoted(content[key], times)))
    if "recommendedTimePoints" in content and "recommendedTimesHours" not in content:
        rows.append(("Recommended number of scans", quoted(content["recommendedTimePoints"],
                                                           str(content["recommendedTimePoints"]["value"]))))
    if "windowHours" in content:
        rows.append(("Window of the scan", quoted(content["windowHours"], span(content["windowHours"]["value"]))))
    if "windowsHours" in content:
        rows.append(("Windows of the uptakes", quoted(content["windowsHours"], ", ".join(
            map(span, content["windowsHours"]["value"])))))
    if "usualActivityMBq" in content:
        rows.append(("Usual activity", quoted(content["usualActivityMBq"],
                                              f"{content['usualActivityMBq']['value']:g} MBq")))
    rows.append(("Scans the calculation needs at least", str(content["minimumTimePoints"] or "none")))
    if "kinetics" in content:
        rows.append(("Calculation where nothing else is chosen",
                     f"registration {content['registration']}, fit `{content['kinetics']['model']}`, absorbed dose by "
                     f"`{content['dose']['engine']}`, density by {words(content['dose']['density'])}"))
    if content.get("population"):
        rows.append(("Half-lives of a population", content["population"]["about"]))
    example = f"{EXAMPLES}/{content['id']}.json"
    if os.path.exists(os.path.join(REPOSITORY, example)):
        rows.append(("Example", f"[{content['id']}.json](../../{example})"))
    rows.append(("Basis", content["basis"]))
    return ["| | |", "|---|---|", *(f"| {title} | {marked(text)} |" for title, text in rows)]


def words(name):
    return {"ct": "CT"}.get(name, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())


def span(pair):
    return f"{hours(pair[0])} to {hours(pair[1])} h"


def tasks(content):
    """What the strategy takes, as the resource planner counts it."""
    from MRTDosimetryLib.therapies import plannerTasks

    catalog, counts, groups = plannerTasks.catalog(), plannerTasks.countsOf(content["id"]), plannerTasks.groups()
    lines = ["| when | task | number |", "|---|---|---|"]
    for name, task in catalog.items():
        if name in counts:
            count = "as often as the center decides" if counts[name] is None else \
                "once" if task.group == plannerTasks.ONE_OFF else f"{counts[name]} each cycle"
            lines.append(f"| {groups[task.group].lower()} | {marked(task.title)} | {count} |")
    return lines


def listed(name):
    return lambda content: [f"- {marked(text)}" for text in content[name]]


BLOCKS = {"facts": facts, "tasks": tasks, "assumptions": listed("assumptions"), "leavesOut": listed("leavesOut"),
          "uncertaintyCost": listed("uncertaintyCost")}


def updated(text, content):
    """A page with its blocks as the protocol states them."""
    def block(match):
        if match[2] not in BLOCKS:
            raise SystemExit(f"{content['id']}: no block is called {match[2]}")
        return match[1] + "\n" + "\n".join(BLOCKS[match[2]](content)) + "\n\n" + match[3]

    return _BLOCK.sub(block, text)


def main(arguments):
    if arguments not in ([], ["--check"]):
        raise SystemExit(__doc__)
    sys.path.insert(0, REPOSITORY)
    from MRTDosimetryLib.therapies import registry

    stale = []
    for identifier in registry.protocolIds():
        path = os.path.join(REPOSITORY, pagePath(identifier))
        with open(path, encoding="utf-8") as file:
            old = file.read()
        new = updated(old, registry.protocol(identifier))
        if new != old:
            stale.append(pagePath(identifier))
            if not arguments:
                with open(path, "w", encoding="utf-8", newline="\n") as file:
                    file.write(new)
    for path in stale:
        print(f"{path}: {'out of date' if arguments else 'rewritten'}")
    return 1 if stale and arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
