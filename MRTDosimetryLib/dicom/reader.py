"""What a reader is."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Reader:
    """How images of one SOP class are read.

    Attributes
    ----------
    sopClassUID : str
        Readers are chosen by SOP class, never by Modality.
    kind : str
        ``"emission"`` or ``"ct"``.
    title : str
    candidates : callable
        ``candidates(series) -> (accepted, refused)``: which images of a catalog series this reader can read, as a
        list of (files, name), and why not the others, as a list of sentences.
    read : callable
        ``read(files, stated) -> ImageSeries``, with what the user states (:class:`.stated.Stated`).
    """

    sopClassUID: str
    kind: str
    title: str
    candidates: Callable
    read: Callable
