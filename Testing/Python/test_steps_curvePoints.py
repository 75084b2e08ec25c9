"""Points and models of the selected region on the kinetics page: residuals, exclusion with a reason, candidates."""

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from PySide6 import QtCore
from StandIns import driving
from StandIns.driving import select, texts

NARROWEST = 380


@pytest.fixture
def wizard():
    """The wizard, as narrow as it gets, with a small study of four time points, nothing computed."""
    with driving.Wizard(NARROWEST) as opened:
        opened.ui.newStudyButton.click()
        driving.addSmallStudy(opened.study, (4.0, 24.0, 96.0, 168.0))
        opened.shell.refresh()
        yield opened


def tick(table, row, isTicked):
    """What a click on the box of a row does."""
    state = QtCore.Qt.CheckState.Checked if isTicked else QtCore.Qt.CheckState.Unchecked
    table.item(row, 0).setCheckState(state)


def typeReason(ui, text):
    """What the keyboard does."""
    ui.exclusionReasonEdit.text = text
    ui.exclusionReasonEdit.textEdited.emit(text)


def isTicked(table, row):
    return table.item(row, 0).checkState() == QtCore.Qt.CheckState.Checked


def stated(wizard):
    return (wizard.study.choice("kinetics") or {}).get("excludedPoints")


def testPointsResidualsAndModelsOfTheSelectedRegion(wizard):
    ui = wizard.page("kinetics").ui
    assert ui.curveSection.collapsed and ui.extrapolatedLabel.isHidden()
    ui.kineticsTable.setCurrentCell(0, 0)
    assert [row[0] for row in texts(ui.pointsTable)] == ["4.00", "24.0", "96.0", "168"]
    assert ui.candidatesTable.isHidden()
    ui.kineticsAdvanced.collapsed = False
    ui.activityUncertaintyBox.value = 5.0
    ui.kineticsAdvanced.collapsed = True
    wizard.ui.computeButton.click()
    rows = texts(ui.pointsTable)
    assert all("\N{PLUS-MINUS SIGN}" in row[1] for row in rows)
    assert all(abs(float(row[3].replace("\N{MINUS SIGN}", "-"))) < 0.1 for row in rows)
    assert ui.extrapolatedLabel.text.startswith("liver: ") and "after the last point" in ui.extrapolatedLabel.text
    assert "Mono-exponential" in [row[0] for row in texts(ui.candidatesTable)]
    ui.curveSection.collapsed = False
    assert "liver" in ui.curveSection.text
    wizard.grab(f"kinetics-points-{NARROWEST}")
    assert wizard.shell.widget.minimumSizeHint.width() <= NARROWEST - 20
    ui.kineticsTable.setCurrentCell(1, 0)
    assert "kidney left" in ui.curveSection.text and ui.extrapolatedLabel.text.startswith("kidney left: ")


def testAPointIsExcludedWithItsReasonOnly(wizard):
    ui = wizard.page("kinetics").ui
    wizard.ui.computeButton.click()
    ui.kineticsTable.setCurrentCell(0, 0)
    ui.curveSection.collapsed = False
    before = texts(ui.kineticsTable)[1]
    tick(ui.pointsTable, 2, False)
    assert stated(wizard) is None and isTicked(ui.pointsTable, 2)
    assert any("96.0 h stays until there is a reason" in text for text in wizard.messages())
    assert ui.pointsTable.currentRow() == 2 and "96 h" in ui.exclusionReasonEdit.placeholderText
    typeReason(ui, " patient moved ")
    ui.exclusionReasonEdit.returnPressed.emit()
    assert stated(wizard) == {"liver": [{"hoursAfterAdministration": 96.0, "reason": "patient moved"}]}
    assert not isTicked(ui.pointsTable, 2) and texts(ui.pointsTable)[2][3] == "excluded"
    assert "liver: 96.0 h excluded" in ui.kineticsChanged.text
    assert wizard.shell._states["kinetics"] == "stale"
    wizard.ui.computeButton.click()
    assert any("patient moved" in text and "3 of 4 points" in text for text in wizard.messages())
    assert texts(ui.kineticsTable)[1] == before, "the other region keeps the point"
    ui.regionChartBox.checked = True
    wizard.grab(f"kinetics-excluded-{NARROWEST}")
    ui.pointsTable.setCurrentCell(0, 0)
    assert ui.exclusionReasonEdit.text == "", "the reason of one point is none for another"
    typeReason(ui, "uptake")
    tick(ui.pointsTable, 0, False)
    assert [entry["reason"] for entry in stated(wizard)["liver"]] == ["uptake", "patient moved"]
    ui.pointsTable.setCurrentCell(2, 0)
    assert ui.exclusionReasonEdit.text == "patient moved"
    ui.pointsTable.setCurrentCell(1, 0)
    assert ui.exclusionReasonEdit.text == ""
    tick(ui.pointsTable, 2, True)
    assert [entry["reason"] for entry in stated(wizard)["liver"]] == ["uptake"]
    ui.kineticsAdvanced.collapsed = False
    ui.kineticsResetButton.click()
    assert stated(wizard) is None and isTicked(ui.pointsTable, 0)


def testTheLastPointStays(wizard):
    ui = wizard.page("kinetics").ui
    ui.kineticsTable.setCurrentCell(1, 0)
    ui.curveSection.collapsed = False
    for row in range(4):
        typeReason(ui, "spoiled")
        tick(ui.pointsTable, row, False)
    assert len(stated(wizard)["kidney left"]) == 3 and isTicked(ui.pointsTable, 3)
    assert any("Every point" in text for text in wizard.messages())
    assert not ui.halfLifeWidget.isHidden(), "one point left needs a half-life"
    typeReason(ui, "typed for this region")
    ui.kineticsTable.setCurrentCell(0, 0)
    assert ui.exclusionReasonEdit.text == "", "what was typed belongs to the other region"


def testTheModelOfOneRegionIsAppliedToAll(wizard):
    ui = wizard.page("kinetics").ui
    ui.kineticsAdvanced.collapsed = False
    ui.kineticsTable.setCurrentCell(1, 0)
    assert not ui.applyToAllButton.enabled
    select(ui.regionModelSelector, "trapezoid")
    assert ui.applyToAllButton.enabled
    wizard.grab(f"kinetics-applyToAll-{NARROWEST}")
    ui.applyToAllButton.click()
    choice = wizard.study.choice("kinetics")
    assert choice["model"] == "trapezoid" and "regionModels" not in choice
    assert ui.modelSelector.currentData == "trapezoid" and not ui.applyToAllButton.enabled
    wizard.ui.computeButton.click()
    assert all(row[1].startswith("Trapezoid") for row in texts(ui.kineticsTable))
