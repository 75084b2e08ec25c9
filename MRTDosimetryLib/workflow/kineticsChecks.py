"""What is missing before the curves can be fitted, and what is stated without use, in words."""

from ..therapies.tissues import tissueOf
from . import excludedPoints
from .kineticsOptions import (
    AUTO,
    MOST_POINTS_OF_PRIOR,
    PRIOR_MODELS,
    REMAINDER,
    SINGLE,
    TITLES,
    options,
    statedPrior,
)


def missingStatements(study, names):
    """What has to be stated before curves of so few points can be fitted."""
    stated, missing, counts = options(study), [], excludedPoints.counts(study, names)
    withoutHalfLife, withoutUncertainty, without = [], [], {key: [] for key in PRIOR_MODELS}
    for name in names:
        points = counts[name]
        if name in stated["hybrid"] or not 0 < points <= MOST_POINTS_OF_PRIOR:
            continue  # its course in time is measured
        population = statedPrior(study, name)[0]
        priors = {"earlierCycle": stated["earlierCycle"].get(name), "populationHalfLife": population}
        hasHalfLife = name in stated["effectiveHalfLifeHours"]
        model = stated["regionModels"].get(name) or stated["model"]
        asked = next((prior for prior, title in PRIOR_MODELS.items() if title == model), None)
        if asked is not None and priors[asked] is None:
            without[asked].append(name)
        if points == 1 and not hasHalfLife and (model == SINGLE or (
                model == AUTO and all(given is None for given in priors.values()))):
            withoutHalfLife.append(name)
        if points == 2 and stated["relativeActivityUncertainty"] is None and (
                asked is not None or (model == AUTO and any(given is not None for given in priors.values()))):
            withoutUncertainty.append(name)
    if withoutHalfLife:
        missing.append("With a single time point, give the effective half-life (kinetics.effectiveHalfLifeHours) or a "
                       "prior of it (kinetics.populationHalfLife or kinetics.earlierCycle) of "
                       f"{', '.join(withoutHalfLife)}")
    for key, regions in without.items():
        if regions:
            missing.append(f"The chosen model needs kinetics.{key} of {', '.join(regions)}")
    if withoutUncertainty:
        missing.append("To weigh two time points against a half-life known beforehand, give the relative uncertainty "
                       "of the activities (kinetics.relativeActivityUncertainty), needed for "
                       f"{', '.join(withoutUncertainty)}")
    return missing


def unusedWords(study, names):
    """Warnings on statements that name no region, or that so many time points leave without use."""
    stated, words, counts = options(study), [], excludedPoints.counts(study, names)
    fewest = min(counts.values(), default=0)
    tissues = {tissueOf(name) for name in names}
    for key, title in TITLES.items():
        known = {*names, REMAINDER, *(tissues if key == "populationHalfLife" else ())}
        unused = [name for name in stated[key] if name not in known]
        if unused:
            words.append(f"{title} is stated for {', '.join(unused)}, which is not a region"
                         f"{' or tissue' if key == 'populationHalfLife' else ''}.")
    if fewest > 1 and stated["effectiveHalfLifeHours"]:
        words.append("Stated effective half-lives are not used: the study has more than one time point.")
    if fewest > MOST_POINTS_OF_PRIOR and (stated["populationHalfLife"] or stated["earlierCycle"]):
        words.append("Stated half-lives of a population or an earlier cycle are not used: the study has more than two "
                     "time points.")
    for name, points in counts.items():
        # Where points of some curves are excluded, the others are said by name.
        if fewest <= 1 < points and name in stated["effectiveHalfLifeHours"]:
            words.append(f"{name}: the stated effective half-life is not used: the curve has more than one point.")
        if fewest <= MOST_POINTS_OF_PRIOR < points and (
                name in stated["earlierCycle"] or statedPrior(study, name)[0] is not None):
            words.append(f"{name}: the stated half-life of a population or an earlier cycle is not used: the curve has "
                         "more than two points.")
    return words
