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


# Words that may stand beside those of a tissue where a tissue is named, and no region of it.
_QUALIFIERS = {"body": {"whole", "total"}, "liver": {"normal"}, "marrow": {"red", "bone"}, "heart": {"wall"},
               "salivaryGland": {"gland", "glands"}, "lacrimalGland": {"gland", "glands"}, "bladder": {"urinary"},
               "thyroid": {"gland"}}


def tissueNames():
    """All tissues that :func:`tissueOf` can name."""
    return tuple(tissue for tissue, _words in _WORDS)


def tissueNamed(text):
    """The tissue that a text names and nothing more: a name of :func:`tissueNames`, or the words of one.

    ``"kidneys"``, ``"whole body"``, ``"normalLiver"`` and ``"red marrow"`` are tissues; ``"kidney left"`` is a region.

    Returns
    -------
    str or None
    """
    if text in tissueNames():
        return text
    tissue = tissueOf(text) if isinstance(text, str) else None
    if tissue is None or _EXCLUSION.search(text):
        return None
    return tissue if _wordsOf(text) <= dict(_WORDS)[tissue] | _QUALIFIERS.get(tissue, set()) else None


def _wordsOf(name):
    """The words of a name in lower case; camelCase and underscores are word boundaries, too."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(name)).replace("_", " ")
    return set(re.findall(r"[a-z]+", _EXCLUSION.sub(" ", text).lower()))


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
    words = _wordsOf(regionName)
    if "gallbladder" in words or {"gall", "bladder"} <= words:
        return None
    for tissue, known in _WORDS:
        if words & known:
            return tissue
    return None
