"""Progress that any long computation reports to, without knowing who listens."""


def noProgress(fraction, message=""):
    """Report nowhere. A listener may raise :class:`~MRTDosimetryLib.errors.CanceledError` to stop the work."""


def subProgress(progress, start, end, prefix=""):
    """Map the 0..1 progress of a part onto ``start``..``end`` of the whole."""

    def report(fraction, message=""):
        progress(start + (end - start) * min(max(fraction, 0.0), 1.0), f"{prefix}{message}")

    return report
