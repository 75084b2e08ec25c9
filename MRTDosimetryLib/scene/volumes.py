"""Images as volume nodes: values, geometry and unit both ways, content digest, registration transform."""

import hashlib

import numpy as np
import slicer
import vtk
from vtk.util import numpy_support

from ..errors import InputError
from ..imaging.volume import Volume

# Quantity of the voxel values as a coded entry (value, scheme, meaning): DICOM PS3.16 where it has the concept, else a
# private scheme, which by PS3.16 section 8 starts with 99.
QUANTITIES = {
    "attenuation": ("112031", "DCM", "Attenuation Coefficient"),
    "activityConcentration": ("110821", "DCM", "Nuclear Medicine Tomographic Activity"),
    "counts": ("counts", "99MRTDOSIMETRY", "Counts"),
    "absorbedDose": ("128513", "DCM", "Absorbed Dose"),
    "absorbedDoseDifference": ("absorbedDoseDifference", "99MRTDOSIMETRY", "Difference of absorbed dose"),
    "absorbedDoseRate": ("absorbedDoseRate", "99MRTDOSIMETRY", "Absorbed dose rate"),
    "timeIntegratedActivity": ("timeIntegratedActivity", "99MRTDOSIMETRY", "Time-integrated activity"),
    "effectiveHalfLife": ("effectiveHalfLife", "99MRTDOSIMETRY", "Effective half-life"),
    "fitQuality": ("fitQuality", "99MRTDOSIMETRY", "Relative residual of the time-activity fit"),
    "massDensity": ("massDensity", "99MRTDOSIMETRY", "Mass density"),
    "biologicallyEffectiveDose": ("biologicallyEffectiveDose", "99MRTDOSIMETRY", "Biologically effective dose"),
}

_UNIT_MEANINGS = {
    "[hnsf'U]": "Hounsfield unit",
    "Gy": "gray",
    "Gy/h": "gray per hour",
    "mGy/h": "milligray per hour",
    "Bq/mL": "becquerel per milliliter",
    "MBq.h": "megabecquerel hour",
    "h": "hour",
    "%": "percent",
    "g/mL": "gram per milliliter",
}

_UCUM_CODES = {"counts": "{counts}"}  # where UCUM writes a unit in another way than this program

_TRANSFORM_ROLE = ("MRTDosimetry.role", "registration")
_digests = {}
_DIGEST_CACHE_SIZE = 64


def addVolume(scene, volume, quantity):
    """Add an image to the scene.

    Parameters
    ----------
    scene : vtkMRMLScene
    volume : Volume
        Its values are copied once; the type is kept (boolean becomes 8 bit, 64-bit integers become 32 bit).
    quantity : str
        What the values are: a key of ``QUANTITIES``.

    Returns
    -------
    vtkMRMLScalarVolumeNode
        With display node, unit and quantity.

    Raises
    ------
    InputError
        When the quantity is unknown or the values do not fit a type that can be saved.
    """
    if quantity not in QUANTITIES:
        raise InputError(f"Unknown quantity '{quantity}'", volume.name, f"Known are: {', '.join(QUANTITIES)}")
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", volume.name or QUANTITIES[quantity][2])
    setVolume(node, volume, quantity)
    node.CreateDefaultDisplayNodes()
    return node


def setVolume(node, volume, quantity):
    """Replace values, geometry, unit and quantity of a volume node; its name, display and transform stay."""
    node.SetIJKToRASMatrix(matrixToVTK(volume.ijkToRAS))
    node.SetAndObserveImageData(imageFromArray(volume.array, volume.name))
    setUnit(node, volume.unit, quantity)


def imageFromArray(array, name=""):
    """A vtkImageData holding a copy of a (k, j, i) array, with unit spacing (the node has the geometry)."""
    dtype = _storableType(array, name)
    image = vtk.vtkImageData()
    image.SetDimensions(array.shape[::-1])
    image.AllocateScalars(numpy_support.get_vtk_array_type(dtype), 1)
    numpy_support.vtk_to_numpy(image.GetPointData().GetScalars()).reshape(array.shape)[...] = array
    image.Modified()
    return image


def _storableType(array, name):
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "b":
        return np.uint8
    if kind == "f":
        return np.float32 if size <= 4 else np.float64
    if kind not in "iu":
        raise InputError(f"Values of type {array.dtype} are no image", name)
    if size <= 4:
        return array.dtype.newbyteorder("=")
    limits = np.iinfo(np.int32)
    if array.min() < limits.min or array.max() > limits.max:
        raise InputError("The image has integer values beyond 32 bit", name)
    return np.int32


def setUnit(node, unit, quantity):
    """State unit (UCUM code) and quantity of the voxel values; an empty unit states none."""
    value, scheme, meaning = QUANTITIES[quantity]
    node.SetVoxelValueQuantity(_codedEntry(value, scheme, meaning))
    code = _UCUM_CODES.get(unit, unit)
    node.SetVoxelValueUnits(_codedEntry(code, "UCUM", _UNIT_MEANINGS.get(unit, unit)) if unit else None)


def _codedEntry(value, scheme, meaning):
    entry = slicer.vtkCodedEntry()
    entry.SetValueSchemeMeaning(value, scheme, meaning)
    return entry


def unitOf(node):
    """UCUM code of the voxel values, empty when the node states none."""
    entry = node.GetVoxelValueUnits()
    code = (entry.GetCodeValue() or "") if entry is not None else ""
    return next((unit for unit, ucum in _UCUM_CODES.items() if code == ucum), code)


def volumeFromNode(node):
    """The image of a volume node in its own coordinates (a parent transform is not applied).

    Returns
    -------
    Volume
        Its array is a read-only view of the node's memory, not a copy.

    Raises
    ------
    InputError
        When the node is None, holds no image or a color image.
    """
    if node is None:
        raise InputError("The image is not in the scene any more", mend="Load it again")
    image = node.GetImageData()
    scalars = image.GetPointData().GetScalars() if image is not None else None
    if scalars is None or scalars.GetNumberOfTuples() == 0:
        raise InputError("The volume holds no image", node.GetName(), "Load it again")
    if scalars.GetNumberOfComponents() != 1:
        raise InputError("The volume is a color or vector image", node.GetName(), "Choose one with a value per voxel")
    array = numpy_support.vtk_to_numpy(scalars).reshape(image.GetDimensions()[::-1])
    array = array.view()
    array.flags.writeable = False
    return Volume(array, ijkToRASOf(node), unitOf(node), node.GetName())


def ijkToRASOf(node):
    """4 x 4 from voxel indices to the node's own RAS mm."""
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return matrixFromVTK(matrix)


def largest(node, isSigned=False):
    """The largest value of an image, or with ``isSigned`` the value farthest from 0, and where it is.

    Returns
    -------
    (float, list of float)
        RAS mm of its voxel's center in the image's own coordinates.
    """
    volume = volumeFromNode(node)
    number = int(np.argmax(volume.array))
    if isSigned and -volume.array.min() > volume.array.max():
        number = int(np.argmin(volume.array))
    k, j, i = np.unravel_index(number, volume.array.shape)
    position = [float(value) for value in (volume.ijkToRAS @ [i, j, k, 1.0])[:3]]
    return float(volume.array[k, j, i]), position


def contentDigest(node):
    """Fingerprint of values, geometry and unit: equal for equal content, also after saving and reopening.

    Cached until the image is modified (VTK's modification time; whoever writes into the array has to call
    ``slicer.util.arrayFromVolumeModified``).

    Returns
    -------
    str
        32 hexadecimal digits (BLAKE2b).
    """
    volume = volumeFromNode(node)
    image = node.GetImageData()
    geometry = geometryBytes(volume.ijkToRAS)
    header = f"{volume.array.shape} {volume.array.dtype.str} {volume.unit}".encode() + geometry
    # A modification time belongs to one change of one object of this process, so it needs no address beside it.
    key = (image.GetMTime(), image.GetPointData().GetScalars().GetMTime(), header)
    if key not in _digests:
        while len(_digests) >= _DIGEST_CACHE_SIZE:
            _digests.pop(next(iter(_digests)))
        digest = hashlib.blake2b(header, digest_size=16)
        digest.update(np.ascontiguousarray(volume.array))
        _digests[key] = digest.hexdigest()
    return _digests[key]


def geometryBytes(matrix):
    """A 4 x 4 in steps of 1e-4 mm, so that the decimals of a text file do not change a digest.

    The steps are shifted by an odd fraction: common spacings such as 2.34375 mm would else lie on a step's edge.
    """
    return np.floor(np.asarray(matrix, dtype=float) * 1e4 + 0.317).astype("<i8").tobytes()


def setTransform(node, matrixRAS, name):
    """Put volumes under a linear transform, using again the one made before.

    Parameters
    ----------
    node : vtkMRMLTransformableNode or list of them
    matrixRAS : array_like or None
        4 x 4, from the node's own to parent coordinates in RAS mm; None removes the transform.
    name : str
        Name of the transform node.

    Returns
    -------
    vtkMRMLLinearTransformNode or None
    """
    nodes = list(node) if isinstance(node, (list, tuple)) else [node]
    scene = nodes[0].GetScene()
    own = [parent for parent in (item.GetParentTransformNode() for item in nodes) if _isOwnTransform(parent)]
    if matrixRAS is None:
        for item in nodes:
            item.SetAndObserveTransformNodeID(None)
        for transformNode in own:
            if transformNode.GetScene() is not None and not _isParent(scene, transformNode):
                scene.RemoveNode(transformNode)
        return None
    matrix = np.asarray(matrixRAS, dtype=float)
    if matrix.shape != (4, 4) or not np.all(np.isfinite(matrix)) or abs(np.linalg.det(matrix[:3, :3])) < 1e-9:
        raise InputError("The registration is no valid transform", nodes[0].GetName())
    transformNode = own[0] if own else scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", name)
    transformNode.SetAttribute(*_TRANSFORM_ROLE)
    transformNode.SetName(name)
    transformNode.SetMatrixTransformToParent(matrixToVTK(matrix))
    for item in nodes:
        item.SetAndObserveTransformNodeID(transformNode.GetID())
    return transformNode


def _isOwnTransform(node):
    return node is not None and node.GetAttribute(_TRANSFORM_ROLE[0]) == _TRANSFORM_ROLE[1]


def _isParent(scene, transformNode):
    """Whether anything still is under a transform."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLTransformableNode")
    nodes = (scene.GetNthNodeByClass(index, "vtkMRMLTransformableNode") for index in range(count))
    return any(node.GetParentTransformNode() is transformNode for node in nodes)


def matrixOf(transformNode):
    """4 x 4 RAS mm from below a transform node to the world; identity for None.

    Raises
    ------
    InputError
        When the transform is not linear.
    """
    if transformNode is None:
        return np.eye(4)
    if not transformNode.IsTransformToWorldLinear():
        raise InputError("The transform is not linear", transformNode.GetName(), "Choose a rigid or affine one")
    matrix = vtk.vtkMatrix4x4()
    transformNode.GetMatrixTransformToWorld(matrix)
    return matrixFromVTK(matrix)


def matrixToVTK(matrix):
    """vtkMatrix4x4 of a 4 x 4 array."""
    result = vtk.vtkMatrix4x4()
    result.DeepCopy(np.asarray(matrix, dtype=float).ravel().tolist())
    return result


def matrixFromVTK(matrix):
    """4 x 4 array of a vtkMatrix4x4."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
