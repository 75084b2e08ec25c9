"""Headers that are damaged at random: right, refused with the tag's name, and nothing else (a few hundred of them).

``Testing/Benchmarks/mutateHeaders.py`` runs every one of the several thousand cases.
"""

import random

import headerMutations
import pytest

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

CASES, TRUNCATIONS = 260, 5


@pytest.fixture(scope="module")
def mutations(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutations")
    templates = headerMutations.templates(folder)
    return headerMutations.Referee(str(folder)), templates


def test_everyMutationIsRightOrRefusedByName(mutations):
    referee, templates = mutations
    listed = [case for template in templates for case in headerMutations.cases(template)]
    assert len(listed) > 2000
    faults, outcomes = [], {}
    for case in random.Random(5).sample(listed, CASES):
        outcome, words = referee.judge(case)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if outcome.startswith("FAULT"):
            faults.append(f"{outcome}: {case.title}: {words}")
    assert not faults, "\n".join(faults)
    assert outcomes["refused"] > 40 and outcomes["right"] > 80


def test_truncatedFilesAreRefused(mutations):
    referee, templates = mutations
    rng = random.Random(11)
    for template in templates:
        with open(template.mutated, "rb") as file:
            size = len(file.read())
        for _ in range(TRUNCATIONS):
            outcome, words = referee.truncated(template, rng.randrange(size))
            assert outcome in ("refused", "right"), f"{template.name}: {outcome} {words}"


def test_theRefereeSeesASilentFault(mutations):
    """A reader that ignored the sign of the slice distance would be caught."""
    referee, templates = mutations
    case = next(case for case in headerMutations.cases(templates[0])
                if case.title.endswith("SpacingBetweenSlices negative"))
    assert referee.judge(case)[0] == "as the header says"
    reference = referee.references["NM"]
    assert headerMutations.followsHeader(templates[0], reference)
    turned = type(reference.volume)(reference.volume.array[::-1], reference.volume.ijkToRAS, "Bq/mL")
    assert not headerMutations.followsHeader(templates[0], type(reference)(turned))
