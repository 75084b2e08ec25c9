"""From the name of a region to its tissue."""

import re

# Words of a region's name -> tissue. The first tissue with a match counts, so that a "liver lesion" is a tumor.
_WORDS = (
    ("tumor", {"tumor", "tumors", "tumour", "tumours", "lesion", "lesions", "metastasis", "metastases", "met", "mets",
               "neoplasm", "gtv", "primary"}),
    ("marrow", {"marrow"}),
    ("kidney", {"kidney", "kidneys", "renal"}),
    ("liver", {"liver", "hepatic"}),
    ("spleen", {"spleen", "splenic"}),
    ("lung", {"lung", "lungs", "pulmonary"}),
    ("salivaryGland", {"salivary", "parotid", "parotids", "submandibular", "sublingual"}),
    ("lacrimalGland", {"lacrimal"}),
    ("thyroid", {"thyroid"}),
    ("heart", {"heart", "cardiac"}),
    ("blood", {"blood", "aorta"}),
    ("bladder", {"bladder"}),
    ("body", {"body"}),
)
# "liver without lesions" and "non-tumoral liver" are liver.
_EXCLUSION = re.compile(r"\b(?:without|w/o|minus|excluding|except|non|no)[\s-]*(?:\w+\s+){0,2}?"
                        r"(?:tumou?r\w*|lesions?|metastas[ie]s|mets?|neoplas\w+)\b", re.IGNORECASE)


def tissueNames():
    """All tissues that :func:`tissueOf` can name."""
    return tuple(tissue for tissue, _words in _WORDS)


def tissueOf(regionName):
    """Tissue of a region by the words of its name.

    Parameters
    ----------
    regionName : str
        For example ``"kidney left"``, ``"Kidney_L"``, ``"lesion 1"``, ``"vertebral marrow"``.

    Returns
    -------
    str or None
        ``"kidney"``, ``"liver"``, ``"spleen"``, ``"marrow"``, ``"tumor"`` ...; ``None`` when no word is known.
    """
    # camelCase and underscores are word boundaries, too.
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(regionName)).replace("_", " ")
    text = _EXCLUSION.sub(" ", text)
    words = set(re.findall(r"[a-z]+", text.lower()))
    if "gallbladder" in words or {"gall", "bladder"} <= words:
        return None
    for tissue, known in _WORDS:
        if words & known:
            return tissue
    return None
