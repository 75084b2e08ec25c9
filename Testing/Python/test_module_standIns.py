"""The stand-ins refuse what the application refuses, so that a page that passes here may be trusted there."""

import os

import pytest
import StandIns

if StandIns.missingReason():
    pytest.skip(StandIns.missingReason(), allow_module_level=True)

from StandIns import api, application, qtModule, signals
from StandIns.uiLoader import UiError

application.install()
import ctk  # noqa: E402
import qt  # noqa: E402


@pytest.fixture
def scene():
    yield application.newScene()
    application.closeScene()


def slotFailures():
    return signals.takeSlotFailures()


def testPropertyIsNotCallable():
    label = qt.QLabel("a")
    assert label.text == "a"
    with pytest.raises(TypeError):
        label.text()
    assert label.sizeHint.width() > 0
    with pytest.raises(TypeError):
        label.width()


def testUnknownAttributesAreRefused():
    label = qt.QLabel("a")
    for wrong in (lambda: label.unknownThing, lambda: setattr(label, "fooBar", 3), lambda: setattr(label, "setText", 5),
                  lambda: setattr(label, "width", 50), lambda: qt.QPushButton().setFooBar(1)):
        with pytest.raises(AttributeError):
            wrong()
    assert not hasattr(label, "unknownThing")


def testMembersOfPySideAloneAreRefused():
    """PySide6 has them, the application does not."""
    with pytest.raises(AttributeError):
        qt.QColor("red").getRgbF()
    with pytest.raises(AttributeError):
        ctk.ctkCollapsibleButton().setCollapsed(True)
    with pytest.raises(AttributeError):
        qt.QTableWidget().updateEditorGeometries()


def testSubclassesMayKeepAttributes():
    class Button(qt.QPushButton):
        def __init__(self):
            super().__init__("b")
            self.extra = 1

    button = Button()
    assert (button.extra, button.text) == (1, "b")


def testKeywordArgumentsAreRefused():
    layout = qt.QVBoxLayout()
    for wrong in (lambda: qt.QLabel(text="x"), lambda: qt.QPushButton().setText(text="x"),
                  lambda: layout.addWidget(qt.QLabel("a"), stretch=1)):
        with pytest.raises(ValueError, match="kwargs"):
            wrong()


def testConversions():
    box = qt.QSpinBox()
    box.value = 2.5
    assert box.value == 2
    with pytest.raises(AttributeError):
        box.value = "3"
    with pytest.raises(AttributeError):
        box.value = None
    box.enabled = None
    assert box.enabled is False
    with pytest.raises(AttributeError):
        qt.QDateTimeEdit().dateTime = "2026-05-04"
    widget = qt.QWidget()
    assert type(widget.children()) is tuple
    with pytest.raises(AttributeError):  # stricter than the application, which would show 'None'
        qt.QLabel().text = None


def testDynamicProperties():
    widget = qt.QWidget()
    assert widget.setProperty("purpose", "test") is False
    assert widget.purpose == "test"
    assert widget.property("nothing") is None


def testSignalsNeedTheirExactSignature():
    button = qt.QPushButton()
    seen = []
    button.connect("clicked(bool)", seen.append)
    button.connect("clicked( bool )", lambda: seen.append("none"))
    button.click()
    assert seen == [False, "none"]
    for wrong in ("clicked(int)", "foo()", "clicked"):
        with pytest.raises((signals.UnknownSignal, ValueError)):
            button.connect(wrong, print)
    with pytest.raises(signals.UnknownSignal, match="Qt 6"):
        qt.QComboBox().connect("currentIndexChanged(QString)", print)


def testDefaultParametersAreFilledByTheSignal():
    button, seen = qt.QPushButton(), []
    button.connect("clicked(bool)", lambda row=7: seen.append(row))
    button.connect("clicked()", lambda row=7: seen.append(row))
    button.click()
    assert seen == [False, 7]


def testConnectedTwiceIsCalledTwiceAndDisconnectRemovesOne():
    button, seen = qt.QPushButton(), []
    button.connect("clicked()", seen.append and (lambda: seen.append(1)))

    def slot():
        seen.append(2)

    button.connect("clicked()", slot)
    button.connect("clicked()", slot)
    assert button.disconnect("clicked()", slot) is True
    button.click()
    assert sorted(seen) == [1, 2]
    assert button.disconnect("clicked()", print) is False


def testSlotExceptionsAreCollectedAndTheCallerGoesOn():
    button, seen = qt.QPushButton(), []

    def bad():
        raise RuntimeError("in the slot")

    button.connect("clicked()", bad)
    button.connect("clicked()", lambda: seen.append("later"))
    button.click()
    assert seen == ["later"]
    assert "in the slot" in slotFailures()[0]


def testStaticDialogsRaiseUnlessAReplyIsQueued():
    with pytest.raises(qtModule.UnexpectedDialog):
        qt.QFileDialog.getOpenFileName(None, "caption", "")
    with pytest.raises(qtModule.UnexpectedDialog):
        qt.QMessageBox.question(None, "a", "b")
    qtModule.queueReply("QFileDialog.getOpenFileName", "/a/b")
    assert qt.QFileDialog.getOpenFileName(None, "caption", "") == "/a/b"


def testCollapsibleButton():
    button = ctk.ctkCollapsibleButton()
    with pytest.raises(ValueError):
        ctk.ctkCollapsibleButton("Title")
    seen = []
    button.connect("contentsCollapsed(bool)", seen.append)
    button.collapsed = True
    assert (button.checked, button.collapsed, seen) == (False, True, [True])


def testNodeComboBox(scene):
    import slicer

    box = slicer.qMRMLNodeComboBox()
    box.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    assert box.nodeTypes == ("vtkMRMLScalarVolumeNode",)
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "v")
    scene.AddNewNodeByClass("vtkMRMLModelNode", "m")
    box.setMRMLScene(scene)
    assert box.currentNode() is volume, "without noneEnabled the first node is taken"
    box.setCurrentNode(None)
    assert box.currentNode() is None
    with pytest.raises(TypeError):
        box.setCurrentNode(5)
    quiet = slicer.qMRMLNodeComboBox()
    quiet.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    quiet.noneEnabled = True
    quiet.setCurrentNode(volume)  # before the scene: remembered
    quiet.setMRMLScene(scene)
    assert quiet.currentNode() is volume
    quiet.setCurrentNode(None)
    scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "later")
    assert quiet.currentNode() is None
    scene.RemoveNode(volume)
    assert [node.GetName() for node in quiet._nodes if node] == ["later"]


def testUnlistedThingsAreNotImitated():
    with pytest.raises(api.NotImitated):
        qt.QTreeWidget()
    with pytest.raises(api.NotImitated):
        ctk.ctkSliderWidget()


def testApplicationRefusesWhatIsNotThere(scene):
    import slicer

    with pytest.raises(AttributeError):
        getattr(slicer.app, "noSuchService")  # noqa: B009
    with pytest.raises(NotImplementedError):
        slicer.app.ioManager()
    assert slicer.app.testingEnabled()


@pytest.mark.parametrize("widget, words", [
    ('<widget class="qMRMLPlotView" name="a"/>', "cannot be made"),
    ('<widget class="QLabel" name="a"><property name="fooBar"><string/></property></widget>', "no property"),
    ('<widget class="ctkCollapsibleButton" name="a"/>', "customwidget"),
    ('<widget class="QLabel" name="a"/><widget class="QLabel" name="a"/>', "twice"),
])
def testUiFilesWithUnknownContentAreRefused(tmp_path, widget, words):
    path = os.path.join(tmp_path, "a.ui")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'<ui version="4.0"><class>r</class><widget class="QWidget" name="r">{widget}</widget></ui>')
    loader, source = qt.QUiLoader(), qt.QFile(path)
    source.open(qt.QFile.ReadOnly)
    with pytest.raises(UiError, match=words):
        loader.load(source)


def testDescriptionSaysWhereItWasMeasured():
    assert "5.12.3" in api.description()["application"]
    path = os.path.join(os.path.dirname(__file__), "..", "Data", "pythonQtApi.json")
    assert os.path.getsize(path) < 150_000
