"""Alignment of two prepared CTs by SimpleITK: the search behind :mod:`.registration`.

All shifts at once by masked normalized cross-correlation (Padfield, IEEE Trans Image Process 2012;21:2706), then
Mattes mutual information (Mattes et al., IEEE Trans Med Imaging 2003;22:120) on every voxel of two resolutions.
No random numbers, and one thread where the order of sums would show in the result.
"""

from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from ..errors import CalculationError, DosimetryError, InputError
from .checks import requireFinite
from .grid import Grid, cornerIndices, gridOf
from .masks import axialAxis, dilated, shrinkToSpacing, shrunkBodyMask
from .sitkBridge import matrixFromSITK, resampleOnto, toSITK
from .volume import RAS_FROM_LPS, Volume

MEND = "Check that both CTs show the same part of the same patient; else register by hand or exclude the time point"
# Down to air: a window that cuts the skin edge apart would turn every difference in sharpness into one in size.
_WINDOW_HU = (-1000.0, 400.0)
_SPACING_MM, _COARSE_MM = 4.0, 12.0
# skin belongs to the voxels that are compared; farther out lie couch and clothes
_SKIN_MM = 8.0
_CUT_END_MM = 8.0
_LEAST_EXTENT_MM = 40.0
# of the smaller body: the least that two images must share for a shift to be considered
_LEAST_SHARED = 0.2
_BINS = 32
# of the image at 4 mm; an image of few slices has no voxel to spare
_SHRINKING, _SHRINKING_THIN, _THIN = (3, 2), (2, 1), 24
_SMOOTHING = (1.5, 0.5)
# slower relaxation than usual (0.5): steps that shrink at once may end in a narrow valley, a millimeter off
_STEP_MM, _LEAST_STEP_MM, _RELAXATION, _ITERATIONS = 2.0, 0.003, 0.7, 150


class PreparedCT:
    """A CT at about 4 mm with its body, ready to be compared.

    Parameters
    ----------
    ct : Volume
        Hounsfield units.

    Attributes
    ----------
    image, body, region, windowed : SimpleITK.Image
        HU; the body; the body and its skin (masks, 0 and 1); HU cut off at 400, and air outside the region.
    core : SimpleITK.Image
        Box of ``windowed`` around the region.
    bodyCenter : tuple of float
        Center of mass of the body, LPS mm.

    Raises
    ------
    InputError
        Voxels without value, too small an image, or no patient.
    """

    def __init__(self, ct):
        import SimpleITK as sitk

        requireFinite(ct)
        extentMM = (ct.spacingMM * ct.sizeIJK).min()
        if extentMM < _LEAST_EXTENT_MM:
            raise InputError(f"The CT is only {extentMM:.0f} mm long in one direction, too little to be registered "
                             f"(at least {_LEAST_EXTENT_MM:.0f} mm)", ct.name, "Load the whole CT")
        image = shrinkToSpacing(ct, _SPACING_MM)
        body = shrunkBodyMask(image)
        kept = _withoutCutEnds(body)
        self.grid = gridOf(image).cropped(kept)
        body = Volume(body.array[kept], self.grid.ijkToRAS)
        self.image = toSITK(Volume(image.array[kept], self.grid.ijkToRAS))
        self.body = toSITK(body)
        self.region = toSITK(body.withArray(dilated(body, _SKIN_MM)))
        self.windowed = sitk.Mask(sitk.Clamp(self.image, sitk.sitkFloat32, *_WINDOW_HU), self.region, _WINDOW_HU[0])
        shape = sitk.LabelShapeStatisticsImageFilter()
        shape.Execute(self.body)
        self.bodyCenter = shape.GetCentroid(1)
        shape.Execute(self.region)
        box = shape.GetBoundingBox(1)
        self.core = sitk.RegionOfInterest(self.windowed, box[3:], box[:3])


def _withoutCutEnds(body):
    """Slices (k, j, i) without the ends of the body along the patient.

    Where a scan ends, or is filled up with air, the cut through the body belongs to the scan and not to the patient.
    """
    axis = axialAxis(body)
    used = np.flatnonzero(body.array.any(axis=tuple({0, 1, 2} - {axis})))
    margin = int(np.ceil(_CUT_END_MM / body.spacingMM[2 - axis]))
    first, last = used[0] + margin, used[-1] - margin
    if (last - first + 1) * body.spacingMM[2 - axis] < _LEAST_EXTENT_MM:
        first, last = used[0], used[-1]
    return tuple(slice(int(first), int(last) + 1) if a == axis else slice(0, body.array.shape[a]) for a in range(3))


def bestShift(fixed, moving):
    """The shift under which two CTs correlate best, to about a centimeter.

    Parameters
    ----------
    fixed, moving : PreparedCT

    Returns
    -------
    numpy.ndarray
        4 x 4, RAS mm, from fixed to moving coordinates.
    """
    import SimpleITK as sitk

    (fixedImage, fixedMask, fixedOrigin), (movingImage, movingMask, movingOrigin) = _coarse(fixed), _coarse(moving)
    least = _LEAST_SHARED * min(np.count_nonzero(sitk.GetArrayViewFromImage(m)) for m in (fixedMask, movingMask))
    correlation = sitk.MaskedFFTNormalizedCorrelation(fixedImage, movingImage, fixedMask, movingMask, int(least))
    values = sitk.GetArrayViewFromImage(correlation)
    peakIJK = np.array(np.unravel_index(int(values.argmax()), values.shape))[::-1]
    # the first voxel of the result: the last voxel of the moving image lies on the first of the fixed one
    shift = np.eye(4)
    shift[:3, 3] = movingOrigin - fixedOrigin - (peakIJK - np.array(movingImage.GetSize()) + 1) * _COARSE_MM
    return shift


def _coarse(ct):
    """Windowed HU and region on voxels along R, A, S (as the filter needs them: float, no origin), and their origin."""
    import SimpleITK as sitk

    corners = (ct.grid.ijkToRAS @ cornerIndices(ct.grid.sizeIJK))[:3]
    matrix = np.diag([_COARSE_MM, _COARSE_MM, _COARSE_MM, 1.0])
    matrix[:3, 3] = corners.min(axis=1) + _COARSE_MM / 2
    grid = Grid(np.maximum(np.rint(np.ptp(corners, axis=1) / _COARSE_MM), 1), matrix)
    smooth = sitk.SmoothingRecursiveGaussian(ct.windowed, _COARSE_MM / 2)
    image = resampleOnto(smooth, grid, np.eye(4), sitk.sitkLinear, _WINDOW_HU[0], np.float32)
    mask = resampleOnto(ct.region, grid, np.eye(4), sitk.sitkNearestNeighbor, 0, np.float32)
    return sitk.GetImageFromArray(image), sitk.GetImageFromArray(mask), matrix[:3, 3]


@dataclass
class _Listener:
    """Called by SimpleITK after every iteration, where no error may be raised: it is kept for later."""

    method: object
    progress: object
    iterations: int = 0
    raised: list = field(default_factory=list)

    def __call__(self):
        self.iterations += 1
        done = (self.method.GetCurrentLevel() + self.method.GetOptimizerIteration() / _ITERATIONS) / len(_SHRINKING)
        try:
            if not self.raised:
                self.progress(done, "Registering")
        except (DosimetryError, KeyboardInterrupt) as error:
            self.raised.append(error)
        if self.raised:
            self.method.StopRegistration()


@dataclass(frozen=True)
class Alignment:
    """What :func:`align` found: 4 x 4 (RAS mm, fixed to moving), and how the search ended."""

    fixedToMoving: np.ndarray
    iterations: int
    stopReason: str
    hasConverged: bool


def align(fixed, moving, start, kind, progress, name=""):
    """Refine a transform.

    Parameters
    ----------
    fixed, moving : PreparedCT
    start : numpy.ndarray
        4 x 4, RAS mm, from fixed to moving coordinates; without scaling when ``kind`` is "rigid".
    kind : {"rigid", "affine"}
    progress : callable
        Called after every iteration; what it raises ends the search and is raised from here.
    name : str
        Of the moving image, for messages.

    Returns
    -------
    Alignment

    Raises
    ------
    CalculationError
        When the images share too little.
    """
    import SimpleITK as sitk

    transform = _transform(start, kind, fixed.bodyCenter)
    shrinking = _SHRINKING if min(fixed.core.GetSize()) >= _THIN else _SHRINKING_THIN
    method = _mattes(fixed)
    method.SetShrinkFactorsPerLevel(shrinking)
    method.SetSmoothingSigmasPerLevel(_SMOOTHING)
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOff()
    method.SetOptimizerAsRegularStepGradientDescent(_STEP_MM, _LEAST_STEP_MM, _ITERATIONS, _RELAXATION, 1e-10)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(transform, inPlace=True)
    listener = _Listener(method, progress)
    method.AddCommand(sitk.sitkIterationEvent, listener)
    try:
        with _oneThread():
            method.Execute(fixed.core, moving.windowed)
    except RuntimeError as error:
        raise CalculationError("The two CTs share too little of the body to be registered", name, MEND) from error
    if listener.raised:
        raise listener.raised[0]
    return Alignment(matrixFromSITK(transform), listener.iterations, method.GetOptimizerStopConditionDescription(),
                     method.GetOptimizerIteration() < _ITERATIONS)


def mutualInformation(fixed, moving, transform):
    """Mattes mutual information (nat) of the windowed HU in the fixed region under a SimpleITK transform."""
    method = _mattes(fixed)
    method.SetInitialTransform(transform)
    with _oneThread():
        return -method.MetricEvaluate(fixed.core, moving.windowed)


def _mattes(fixed):
    import SimpleITK as sitk

    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricFixedMask(fixed.region)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetInterpolator(sitk.sitkLinear)
    # differences of neighbors where they are needed, in place of a smoothed gradient of the whole images
    method.SetMetricUseFixedImageGradientFilter(False)
    method.SetMetricUseMovingImageGradientFilter(False)
    return method


def _transform(matrixRAS, kind, centerLPS):
    import SimpleITK as sitk

    transform = sitk.VersorRigid3DTransform() if kind == "rigid" else sitk.AffineTransform(3)
    matrix = RAS_FROM_LPS @ matrixRAS @ RAS_FROM_LPS
    transform.SetCenter(centerLPS)
    transform.SetMatrix(matrix[:3, :3].ravel().tolist())
    center = np.array([*centerLPS, 1.0])
    transform.SetTranslation((matrix @ center - center)[:3].tolist())
    return transform


@contextmanager
def _oneThread():
    """SimpleITK's metrics on one thread, as the last digits of their sums depend on who adds first.

    ``ImageRegistrationMethod.SetNumberOfThreads`` does not reach the metric.
    """
    import SimpleITK as sitk

    threads = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
