"""Joins remarks that are the same for several regions, so that a page says each thing once."""


def splitRegion(text, regionNames):
    """(region, remark) of a text ``"region: remark"``; the region is None when the text is about none of them."""
    for name in regionNames:
        if text.startswith(f"{name}: "):
            return name, text[len(name) + 2:]
    return None, text


def groupedByRegion(texts, regionNames):
    """Texts of the form ``"region: remark"`` with equal remarks joined to ``"region, region: remark"`` or
    ``"All regions: remark"``.

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
    joined = []
    for (isGeneral, remark), names in regionsByRemark.items():
        whose = "All regions" if len(names) == len(regionNames) > 1 else ", ".join(names)
        joined.append(remark if isGeneral else f"{whose}: {remark}")
    return joined
