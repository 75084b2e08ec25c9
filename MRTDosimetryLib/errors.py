"""The one exception family of the library, in the user's words: what is wrong, where, and how to mend it."""


class DosimetryError(Exception):
    """Something the user has to know about.

    Parameters
    ----------
    what : str
        What is wrong, as a sentence without its full stop.
    where : str
        File, time point, region, tag ... in which it was found; may be empty.
    mend : str
        What the user can do about it; may be empty.
    """

    def __init__(self, what, where="", mend=""):
        self.what, self.where, self.mend = str(what).rstrip("."), str(where), str(mend).rstrip(".")
        super().__init__(what, where, mend)

    @property
    def faults(self):
        """The single faults this error stands for (itself, unless it is a collection)."""
        return [self]

    def __str__(self):
        text = f"{self.where}: {self.what}." if self.where else f"{self.what}."
        return f"{text} {self.mend}." if self.mend else text


class InputError(DosimetryError):
    """Input that cannot be used: the command line ends with exit status 2."""


class CalculationError(DosimetryError):
    """Valid input from which no valid number can be computed."""


class CanceledError(DosimetryError):
    """The user canceled; the study is as it was before."""

    def __init__(self, what="Canceled by the user", where="", mend=""):
        super().__init__(what, where, mend)


class PackageError(DosimetryError):
    """A Python package is not installed: neither a fault of the input nor of one way of computing, so that no other
    way is taken in its place, which would give other numbers."""


def missingPackage(package, where):
    """The :class:`PackageError` of a package that is not installed."""
    return PackageError(f"The Python package {package} is not installed", where, f"Install {package} into this Python")


class FaultList(InputError):
    """Several faults found in one go, so that the user can mend all of them at once."""

    def __init__(self, faults):
        self._faults = [fault for error in faults for fault in error.faults]
        if not self._faults:
            raise ValueError("a FaultList needs at least one fault")
        super().__init__(*self._faults[0].args)

    @property
    def faults(self):
        return list(self._faults)

    def __str__(self):
        return "\n".join(str(fault) for fault in self._faults)


class Faults:
    """Collects faults, so that input is checked to its end before anything is refused.

    ``with faults.collect(): ...`` keeps an :class:`InputError` and goes on;
    :meth:`raiseIfAny` raises what was kept.
    """

    def __init__(self):
        self._errors = []

    def add(self, what, where="", mend=""):
        self._errors.append(InputError(what, where, mend))

    def collect(self):
        return _Collector(self._errors)

    def raiseIfAny(self):
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            raise FaultList(self._errors)

    def __bool__(self):
        return bool(self._errors)


class _Collector:
    def __init__(self, errors):
        self._errors = errors

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if isinstance(error, InputError):
            self._errors.append(error)
            return True
        return False
