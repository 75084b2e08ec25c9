"""Make ``Testing/Data/pythonQtApi.json`` from the full description measured in the application (developers only).

    python extractApi.py FULL.json ../../Data/pythonQtApi.json

The full file lists 371 classes; kept are the ones the wizard uses with their bases, method names without their
argument types, and of the namespace ``Qt`` the enumerations in use.
"""

import json
import sys

CLASSES = """
qt.QAbstractButton qt.QAbstractItemView qt.QAction qt.QApplication qt.QBrush qt.QButtonGroup qt.QCheckBox
qt.QClipboard qt.QColor
qt.QComboBox qt.QDateTime qt.QDateTimeEdit qt.QDesktopServices qt.QDialog qt.QDoubleSpinBox qt.QDragEnterEvent
qt.QDropEvent qt.QFile qt.QFileDialog
qt.QFont qt.QFormLayout qt.QFrame qt.QGridLayout qt.QGroupBox qt.QHBoxLayout qt.QHeaderView qt.QIcon qt.QInputDialog
qt.QLabel qt.QLayout qt.QLineEdit qt.QListWidget qt.QListWidgetItem qt.QMenu qt.QMessageBox qt.QMimeData qt.QObject
qt.QPainter
qt.QPainterPath qt.QPalette qt.QPen qt.QPixmap qt.QPlainTextEdit qt.QPoint qt.QPointF qt.QPolygonF qt.QProgressBar
qt.QProgressDialog qt.QPushButton qt.QRadioButton qt.QRect qt.QRectF qt.QScrollArea qt.QSettings qt.QSize
qt.QSizePolicy qt.QSlider qt.QSpacerItem qt.QSpinBox qt.QTableWidget qt.QTableWidgetItem
qt.QTextBrowser qt.QTimer qt.QToolButton qt.QUiLoader qt.QUrl qt.QVBoxLayout qt.QWidget qt.Qt
ctk.ctkCollapsibleButton
slicer.qMRMLWidget slicer.qMRMLNodeComboBox slicer.qMRMLSegmentEditorWidget
slicer.qSlicerApplication slicer.qSlicerLayoutManager slicer.qMRMLPlotWidget slicer.qMRMLTableWidget
slicer.qMRMLSliceWidget slicer.qSlicerModuleManager slicer.qSlicerScriptedLoadableModule
""".split()
QT_ENUMS = """
AlignmentFlag Alignment BrushStyle CaseSensitivity CheckState ContextMenuPolicy CursorShape FocusPolicy GlobalColor
ItemDataRole ItemFlag ItemFlags LayoutDirection MouseButton Orientation PenCapStyle PenJoinStyle PenStyle
ScrollBarPolicy SortOrder TextElideMode TextFlag TextFormat TextInteractionFlag ToolButtonStyle TransformationMode
WidgetAttribute WindowModality
""".split()


def extract(full):
    wanted = set()
    for name in CLASSES:
        while name and name not in wanted:
            wanted.add(name)
            name = full["classes"][name]["base"]
    classes = {}
    for name in sorted(wanted):
        source = full["classes"][name]
        enums = {enum: list(members) for enum, members in source["enums"].items()}
        if name == "qt.Qt":
            enums = {enum: members for enum, members in enums.items() if enum in QT_ENUMS}
        classes[name] = {
            "base": source["base"], "isQObject": source["qobject"],
            "constructors": [text[text.index("("):] for text in source.get("constructors", [])],
            "properties": {p: [v["type"], int(bool(v.get("writable")))] for p, v in source["properties"].items()},
            "methods": sorted(source["methods"]), "signals": source["signals"], "enums": enums,
        }
    return {
        "application": full["application"],
        "about": "Extract of the classes the wizard uses. " + full["measured"] + " Members are each class's own; "
                 "follow base for the inherited ones. A property is [C++ type, writable]; methods are names only; "
                 "of the namespace Qt only some enumerations are kept. Made by StandIns/extractApi.py.",
        "uiLoaderClasses": full["uiLoaderClasses"], "classes": classes,
    }


def main(arguments):
    with open(arguments[0], encoding="utf-8") as file:
        result = extract(json.load(file))
    lines = [f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}"
             for name, value in result.pop("classes").items()]
    head = json.dumps(result, indent=0, separators=(",", ":"))[:-2]
    with open(arguments[1], "w", encoding="utf-8") as file:
        file.write(head + ',\n"classes":{\n' + ",\n".join(lines) + "\n}}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
