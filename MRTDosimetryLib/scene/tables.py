"""Tables as table nodes: typed columns with their unit, filled again instead of added again."""

from dataclasses import dataclass

import vtk

from ..errors import InputError


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
        What it holds.
    unit : str
        Unit, empty for none; shown in the column title.
    values : sequence
        One value per row; None is an empty cell.
    type : str
        "double", "int" or "string". A number column with an empty cell is kept as text, because a typed column has
        no empty cells.
    """

    name: str
    unit: str
    values: tuple
    type: str = "double"

    @property
    def title(self):
        return f"{self.name} ({self.unit})" if self.unit else self.name


def setTable(node, scene, name, columns):
    """Fill a table node, or add one when ``node`` is None.

    Parameters
    ----------
    node : vtkMRMLTableNode or None
    scene : vtkMRMLScene
    name : str
    columns : list of Column
        Of equal length; titles (name and unit) have to differ.

    Returns
    -------
    vtkMRMLTableNode
        Locked for the user's edits: it shows results.
    """
    columns = list(columns)
    if len({len(column.values) for column in columns}) > 1:
        raise InputError("The columns of the table differ in length", name)
    if len({column.title for column in columns}) < len(columns):
        raise InputError("Two columns of the table have the same title", name)
    table = vtk.vtkTable()
    for column in columns:
        table.AddColumn(_array(column, name))
    if node is None:
        node = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
    wasModifying = node.StartModify()
    node.SetName(name)
    node.SetAndObserveSchema(None)  # titles of an earlier run
    node.SetAndObserveTable(table)
    for column in columns:
        if column.unit:
            node.SetColumnUnitLabel(column.title, column.unit)
    node.SetLocked(True)
    node.EndModify(wasModifying)
    return node


def _array(column, where):
    kind = column.type
    if kind not in ("double", "int", "string"):
        raise InputError(f"Unknown type '{kind}' of column '{column.title}'", where)
    if kind != "string" and any(value is None for value in column.values):
        kind = "string"
    array = {"double": vtk.vtkDoubleArray, "int": vtk.vtkIntArray, "string": vtk.vtkStringArray}[kind]()
    array.SetName(column.title)
    for value in column.values:
        array.InsertNextValue(_text(value) if kind == "string" else value)
    return array


def _text(value):
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def columnValues(node, title):
    """Values of a column as a list (numbers or text); InputError when there is no such column."""
    array = node.GetTable().GetColumnByName(title)
    if array is None:
        raise InputError(f"The table has no column '{title}'", node.GetName())
    return [array.GetValue(index) for index in range(array.GetNumberOfValues())]
