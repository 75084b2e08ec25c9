"""What the module's self test does on the pages: types a study file into them as a user does, and looks at results."""

import json
import os

import slicer

from ..resources import resourcePath
from ..scene import headless
from ..scene.study import Study
from ..therapies import inputs
from ..workflow import demo, results, stages, statementEntry, statementText, studyFile, studyFileStatements
from .measurementsStep import PAGES

# What a study computed in a scene of its own makes there.
_SEPARATE_NODES = ("vtkMRMLScriptedModuleNode", "vtkMRMLScalarVolumeNode", "vtkMRMLSegmentationNode",
                   "vtkMRMLLinearTransformNode", "vtkMRMLTableNode", "vtkMRMLPlotChartNode", "vtkMRMLUnitNode",
                   "vtkMRMLSequenceNode", "vtkMRMLSequenceBrowserNode", "vtkMRMLColorLegendDisplayNode")


def goTo(shell, name):
    """The page of a stage, in front."""
    shell.goToPage(shell.indexOf(name))
    return shell.step


def messagesOf(shell):
    """Texts in the message area."""
    listing = shell.ui.messageList
    return [listing.item(row).text() for row in range(listing.count)]


def chooseProtocol(page, identifier):
    """Choose therapy and strategy of a protocol; an empty one for a plain imaging study."""
    therapy, _dot, strategy = identifier.partition(".")
    choose(page.ui.therapySelector, therapy)
    if strategy:
        choose(page.ui.strategySelector, identifier)


def choose(selector, value):
    """Select the entry of a combo box with a value."""
    index = next((i for i in range(selector.count) if selector.itemData(i) == value), None)
    if index is None:
        raise AssertionError(f"no entry {value}")
    selector.setCurrentIndex(index)


def typeStudy(shell, description):
    """A new study with the protocol, the administration and every statement of a study file without images."""
    shell.studies.add()
    page = goTo(shell, "protocol")
    chooseProtocol(page, description["protocol"])
    given = description.get("administration") or {}
    if given.get("dateTime"):
        page.ui.dateBox.dateTime = page.ui.dateBox.dateTime.fromString(given["dateTime"], "yyyy-MM-dd'T'HH:mm:ss")
    for box, key in ((page.ui.prescribedBox, "prescribedActivityMBq"), (page.ui.activityBox, "activityMBq")):
        if given.get(key):
            box.value = given[key]
    typeStatements(shell, description)


def typeStatements(shell, description):
    """Every statement of a study file, each on the page that asks for it."""
    for key, value in studyFileStatements.givenIn(description).items():
        kind = inputs.kinds()[key]
        section = goTo(shell, PAGES.get(key, "measurements")).section(key)
        if kind.isTable:
            typeRows(section.table, value)
            continue
        value = statementEntry.flattened(kind, value)
        for field in kind.fields:
            if field.name in value:
                typeField(section.form, field, value[field.name])
        for item in kind.lists:
            typeRows(section.lists[item.name], value.get(item.name, []))


def typeField(form, field, value):
    """Fill one field: choose, or type and leave it."""
    editor = form.editor(field.name)
    if field.kind == "choice":
        choose(editor, value)
    else:
        editor.text = statementText.textOf(value)
        editor.editingFinished.emit()


def typeRows(table, rows):
    """Type rows into the empty row at the end of a table, and what has no column into the form below."""
    for row in rows:
        number = table.table.rowCount - 1
        nested = [item.name for item in table.lists]
        for field in table.fields:
            if field.name not in row:
                continue
            names = [column.name for column in table.columns]
            table.table.setCurrentCell(number, 0)
            if field.kind != "choice" and field.name in names:
                typeCell(table, number, names.index(field.name), statementText.textOf(row[field.name]))
            else:
                typeField(table.detail(field.name), field, row[field.name])
        for name in nested:
            table.table.setCurrentCell(number, 0)
            typeRows(table.nested(name), statementEntry.rowsOf(row.get(name)))


def typeCell(table, row, column, text):
    """Type into a cell."""
    table.table.item(row, column).setText(text)


def example(protocolId):
    """Content of the example study file of a protocol."""
    with open(resourcePath("Protocols", "examples", f"{protocolId}.json"), encoding="utf-8") as file:
        return json.load(file)


def valuesByFile(description):
    """Values of a study without images as they come without any page, in a study of its own."""
    study = Study.create(slicer.mrmlScene, "By file")
    studyFile.applyStudy(study, description)
    stages.runStale(study, upTo="results")
    return results.resultsDict(study)["therapy"]


def driveCenter(test, shell, folder):
    """Open every page of the center, run the commissioning of a quick group into ``folder``, and go back."""
    center, scene = shell.center, slicer.mrmlScene
    choose(shell.ui.roleSelector, "physicist")
    count = scene.GetNumberOfNodes()
    shell.ui.centerButton.click()
    for index, page in enumerate(center.pages):
        center.goToPage(index)
        test.assertEqual(center.ui.pageTitle.text, page.title())
    center.goToPage(center.indexOf("commissioning"))
    ui = center.page.ui
    ui.noneButton.click()
    center.page.box("dvh").click()
    ui.keptEdit.text, ui.nameEdit.text = folder, "Self test"  # the setting of the user stays as it is
    center.ui.primaryButton.click()
    test.assertTrue(ui.verdictWords.text.startswith("PASS"), ui.verdictWords.text)
    test.assertTrue(ui.openButton.enabled)
    separate = headless.separateScene()
    for className in _SEPARATE_NODES:
        test.assertIsNotNone(separate.AddNewNodeByClass(className), className)
    center.ui.backButton.click()
    test.assertTrue(shell.isEntered and scene is slicer.mrmlScene)
    test.assertEqual(scene.GetNumberOfNodes(), count)


def checkDigitalPatient(test, shell, folder, relativeTolerance):
    """Hold the results of the digital patient in ``folder`` against the truth it was made from."""
    with open(os.path.join(folder, demo.PATIENT_FOLDER, "truth.json"), encoding="utf-8") as file:
        truth = json.load(file)["regions"]
    found = {region["name"]: region for region in results.rows(shell.study)}
    test.assertEqual(set(found), set(truth))
    for name, region in found.items():
        test.assertGreater(region["absorbedDoseGy"], 0.0, name)
    deviation = found["liver"]["absorbedDoseGy"] / truth["liver"]["absorbedDoseGy"] - 1.0
    test.assertLess(abs(deviation), relativeTolerance)
    for role in ("absorbedDose", "dvhChart", "resultsTable", "timeActivityChart"):
        test.assertIsNotNone(shell.study.nodeByRole(role), role)
