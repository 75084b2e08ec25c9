"""What the tests of the commissioning share."""

from dataclasses import replace

from MRTDosimetryLib.physics.dose import registry
from MRTDosimetryLib.workflow import commissioningCasesEngines


def brokenEngine(monkeypatch, factor=1.001):
    """Every engine of the commissioning is wrong by a factor from now on."""
    def engine(name):
        found = registry.engine(name)

        def compute(*arguments, **options):
            result = found.compute(*arguments, **options)
            return replace(result, absorbedDoseGy=result.absorbedDoseGy * factor)

        return replace(found, compute=compute)

    monkeypatch.setattr(commissioningCasesEngines, "engine", engine)
