"""A point that is placed in the views or typed: observed while it moves, and as text."""

from slicer.i18n import tr as _

from ..errors import InputError

_EVENTS = ("PointPositionDefinedEvent", "PointModifiedEvent")


class PointObserver:
    """Observes one markups node at a time.

    Parameters
    ----------
    onMoved : callable
        ``onMoved(caller, event)`` when its point is placed or moved.
    """

    def __init__(self, onMoved):
        self.node, self._onMoved = None, onMoved

    def observe(self, observers, node):
        """Observe ``node`` (``None`` for none) in place of the one before.

        Parameters
        ----------
        observers : slicer.util.VTKObservationMixin
        """
        if node is self.node:
            return
        if self.node is not None:
            for event in _EVENTS:
                observers.removeObserver(self.node, getattr(self.node, event), self._onMoved)
        self.node = node
        if node is not None:
            for event in _EVENTS:
                observers.addObserver(node, getattr(node, event), self._onMoved)


def pointText(point):
    """Coordinates as they are shown; empty for no point."""
    return "" if point is None else "  ".join(f"{value:.1f}" for value in point)


def pointOf(text, where):
    """The three numbers that were typed.

    Raises
    ------
    InputError
    """
    parts = text.replace(",", " ").replace(";", " ").split()
    try:
        values = tuple(float(part) for part in parts)
    except ValueError:
        values = ()
    if len(values) != 3:
        raise InputError(_("'{text}' is not a point").format(text=text), where,
                         _("Write three numbers in mm: right, anterior, superior"))
    return values
