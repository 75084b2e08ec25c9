"""Which warnings a reader has to see first, when not all of them fit on the first page."""

import re

# What a warning speaks of, the most pressing first; one that speaks of none of these comes last. Order within a kind,
# and among the last ones, is that in which the stages gave them.
_PRESSING = (
    r"no longer holds|changed after|were changed|another (patient|radionuclide)|expired",
    r"administered activity .*(above|below)|above the (usual|prescribed)|no standard treatment",
    r"\b(above|exceeds?|passed)\b.*\blimit\b|\blimit\b.*\b(above|exceed|passed)|is above \d",
    r"outside of what is expected|check the units|seems? to be in",
    r"[Rr]egistration|to be checked|overlap|drift|truncated|field of view",
    r"do(es)? not confirm|more (activity )?than (was|what was) administered|late rise",
    r"extrapolated",
    r"[Rr]ecovery|resolution|partial.volume",
    r"estimated|assumed|stated .* counts",
)
_KINDS = tuple(re.compile(pattern) for pattern in _PRESSING)


def mostPressing(warnings, lines, lettersInLine=120):
    """The most pressing warnings, as many as fit into some lines of print; at least one where there is any.

    Every warning stays whole: a part of a sentence may say the opposite.
    """
    found, free = [], lines
    for text in mostPressingFirst(warnings):
        free -= -(-len(text) // lettersInLine)
        if found and free < 0:
            break
        found.append(text)
    return found


def mostPressingFirst(warnings):
    """``warnings`` (texts) in a new list, sorted by what they speak of."""
    return sorted(warnings, key=_rank)


def _rank(text):
    return next((rank for rank, pattern in enumerate(_KINDS) if pattern.search(text)), len(_KINDS))
