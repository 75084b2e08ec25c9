"""Joins remarks that are the same for several regions, so that a page says each thing once."""

import re

# A remark that ends in a parenthesis: what is in it may differ from region to region.
_WITH_DETAIL = re.compile(r"(?P<remark>[^()]+) \((?P<detail>[^()]+)\)(?P<end>\.?)")


def splitRegion(text, regionNames):
    """(region, remark) of a text ``"region: remark"``; the region is None when the text is about none of them."""
    for name in regionNames:
        if text.startswith(f"{name}: "):
            return name, text[len(name) + 2:]
    return None, text


def groupedByRegion(texts, regionNames):
    """Texts of the form ``"region: remark"`` with equal remarks joined to ``"region, region: remark"`` or
    ``"All regions: remark"``; of remarks that differ only in a parenthesis at their end, each region keeps its own,
    ``"region (detail), region (detail): remark"``.

    Parameters
    ----------
    texts : sequence of str
    regionNames : sequence of str

    Returns
    -------
    list of str
        In the order of first appearance; a text that names no region at its start stays as it is.
    """
    regionsByRemark = {}
    for text in texts:
        name, remark = splitRegion(text, regionNames)
        names = regionsByRemark.setdefault((name is None, remark), [])
        if name is not None and name not in names:
            names.append(name)
    joined, detailed = [], {}
    for (isGeneral, remark), names in regionsByRemark.items():
        match = None if isGeneral else _WITH_DETAIL.fullmatch(remark)
        if match is None:
            joined.append(remark if isGeneral else f"{_whose(names, regionNames)}: {remark}")
            continue
        key = match["remark"] + match["end"]
        if key not in detailed:
            detailed[key] = [len(joined), remark, []]
            joined.append("")
        detailed[key][2].append((names, match["detail"]))
    for key, (place, remark, parts) in detailed.items():
        joined[place] = f"{_whose(parts[0][0], regionNames)}: {remark}" if len(parts) == 1 else \
            f"{', '.join(f'{name} ({detail})' for names, detail in parts for name in names)}: {key}"
    return joined


def _whose(names, regionNames):
    return "All regions" if len(names) == len(regionNames) > 1 else ", ".join(names)
