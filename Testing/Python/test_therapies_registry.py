"""Therapies, their protocols and limits, and the tissue of a region."""

import pytest

from MRTDosimetryLib.errors import InputError
from MRTDosimetryLib.physics import cohorts
from MRTDosimetryLib.physics.dose.registry import engineNames
from MRTDosimetryLib.physics.kinetics.registry import modelTitles
from MRTDosimetryLib.physics.nuclides import nuclide
from MRTDosimetryLib.therapies import inputs, registry
from MRTDosimetryLib.therapies.tissues import tissueNamed, tissueOf


def test_protocols():
    known = set(registry.protocolIds())
    assert {"yttriumMicrospheres.partition", "yttriumMicrospheres.voxel", "thyroidIodine.lateUptake",
            "thyroidIodine.multipleUptakes"} <= known
    assert {f"{therapy}.{strategy}" for therapy in ("lutetiumDotatate", "lutetiumPsma")
            for strategy in ("multiTimePoint", "singleTimePoint", "hybrid")} <= known
    assert {"iodineMibg.wholeBody", "iodineMibg.wholeBodyAndSpect", "thyroidCancerIodine.bloodDose",
            "thyroidCancerIodine.wholeBodySinglePoint"} <= known


@pytest.mark.parametrize("identifier", registry.protocolIds())
def test_protocolsSayWhatTheyTakeForGranted(identifier):
    content = registry.protocol(identifier)
    for key in ("assumptions", "leavesOut", "uncertaintyCost"):
        assert content[key] and all(text.endswith(".") for text in content[key]), key
    assert "cohort" not in content or cohorts.cohorts(content["cohort"])


@pytest.mark.parametrize("identifier", [name for name in registry.protocolIds()
                                        if name.startswith(("lutetium", "thyroid", "iodineMibg"))])
def test_statementsOfAStrategyAreKnown(identifier):
    assert set(registry.strategy(identifier).statements) <= set(inputs.kinds())


@pytest.mark.parametrize("identifier", registry.protocolIds())
def test_protocolFilesAgreeWithTheirTherapy(identifier):
    content = registry.protocol(identifier)
    therapy = registry.therapy(content["therapy"])
    strategy = next(item for item in therapy.strategies if item.id == content["strategy"])
    assert content["id"] == f"{therapy.id}.{strategy.id}" == identifier
    assert tuple(content["radionuclides"]) == therapy.radionuclides
    assert tuple(content["tissuesWanted"]) == therapy.tissuesWanted
    assert content["minimumTimePoints"] == strategy.minimumTimePoints
    assert content["title"] and content["basis"]
    for name in content["radionuclides"]:
        assert nuclide(name).name == name
    if not strategy.usesImages:
        # Nothing of images where none are taken, but what the strategy rests on and what it costs.
        assert not {"kinetics", "dose", "registration"} & set(content) and strategy.minimumTimePoints == 0
        assert strategy.statements and callable(strategy.missing) and callable(strategy.evaluate)
        return
    assert content["kinetics"]["model"] in {"auto", *dict(modelTitles())}
    assert content["dose"]["engine"] in engineNames() and content["dose"]["density"] in ("ct", "uniform")
    assert content["population"]["effectiveHalfLifeHours"] == {}


def test_eachCallerHasItsOwnCopy():
    registry.protocol("lutetiumDotatate.multiTimePoint")["title"] = "changed"
    assert registry.protocol("lutetiumDotatate.multiTimePoint")["title"] != "changed"


@pytest.mark.parametrize("identifier", ["", "lutetiumDotatate", "lutetiumDotatate.magic", None, "../secret"])
def test_unknownProtocols(identifier):
    with pytest.raises(InputError, match="not a protocol.*lutetiumDotatate.multiTimePoint"):
        registry.protocol(identifier)


def test_unknownTherapy():
    with pytest.raises(InputError, match="not a therapy"):
        registry.therapy("magic")


def test_limitsAreCitedAndNotClaimedVerified():
    therapy = registry.therapy("lutetiumDotatate")
    kidney = {(limit.quantity, limit.value) for limit in therapy.limitsFor("kidney")}
    assert {("absorbed dose", 23.0), ("BED", 28.0), ("BED", 40.0)} <= kidney
    assert [limit.value for limit in therapy.limitsFor("marrow")] == [2.0]
    assert all(limit.source and limit.unit == "Gy" and not limit.isVerified for limit in therapy.limits)


def test_missingTissues():
    therapy = registry.therapy("lutetiumDotatate")
    assert therapy.missingTissues(["kidney", "liver", None]) == ["marrow", "spleen", "tumor"]


@pytest.mark.parametrize(("name", "tissue"), [
    ("kidney left", "kidney"), ("Kidney_L", "kidney"), ("leftKidney", "kidney"), ("renal cortex", "kidney"),
    ("liver", "liver"), ("LIVER", "liver"), ("spleen", "spleen"), ("red marrow", "marrow"),
    ("vertebral marrow", "marrow"), ("lesion 1", "tumor"), ("Lesion_02", "tumor"), ("tumour", "tumor"),
    ("liver metastasis", "tumor"), ("kidney lesion", "tumor"), ("lungs", "lung"), ("parotid left", "salivaryGland"),
    ("liver without lesions", "liver"), ("non-tumoral liver", "liver"), ("liver excluding all tumors", "liver"),
    ("no tumor liver", "liver"), ("gallbladder", None), ("gall bladder", None), ("urinary bladder", "bladder"),
    ("adrenal gland", None), ("delivery", None), ("vertebra L3", None), ("metabolic volume", None), ("", None)])
def test_tissueOfARegion(name, tissue):
    assert tissueOf(name) == tissue


@pytest.mark.parametrize(("text", "tissue"), [
    ("kidney", "kidney"), ("kidneys", "kidney"), ("whole body", "body"), ("wholeBody", "body"),
    ("normalLiver", "liver"), ("normal_liver", "liver"), ("red marrow", "marrow"), ("tumors", "tumor"),
    ("salivary glands", "salivaryGland"), ("salivaryGland", "salivaryGland"), ("kidney left", None),
    ("whole liver", None), ("liver without tumors", None), ("lesion 1 of the liver", None), ("bone", None), (7, None)])
def test_aTissueIsNamedByItsWordsAlone(text, tissue):
    assert tissueNamed(text) == tissue
