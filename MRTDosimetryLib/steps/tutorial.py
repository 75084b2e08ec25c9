"""Where the tutorial explains each page."""

ADDRESS = "https://github.com/MRTDosimetry/SlicerMRTDosimetry/blob/main/docs/tutorial.md"
# Name of a step to the heading of its section; a test holds them against docs/tutorial.md.
SECTIONS = {
    "protocol": "Protocol", "measurements": "Measurements", "timePoints": "Time points", "registration": "Registration",
    "regions": "Regions", "kinetics": "Kinetics", "dose": "Absorbed dose", "therapy": "Prescription and limits",
    "results": "Results", "report": "Report", "planner": "Plan the work", "calibrations": "Calibrations",
    "commissioning": "Commissioning",
}  # fmt: skip


def anchor(heading):
    """The fragment under which a heading is found."""
    return heading.lower().replace(" ", "-")


def addressOf(stepName):
    """Address of a step's section; of the tutorial's beginning where the step has none."""
    heading = SECTIONS.get(stepName)
    return ADDRESS if heading is None else f"{ADDRESS}#{anchor(heading)}"
