"""Static planar views with a source of known counts, in three energy windows."""

import numpy as np
from dicomExamples import atHours, writePlanarExample

ROWS, COLUMNS, SECONDS = 40, 32, 600
SQUARE = [[4.5, 9.5], [10.5, 9.5], [10.5, 17.5], [4.5, 17.5]]
BACKGROUND, SOURCE = 20, {4.0: 400, 24.0: 300}


def writeImage(path, hours, kind="STATIC", shift=(0, 0), scatter=0, velocity="2.2"):
    """Views with a source of 6 x 8 pixels, twice as bright from the front; the posterior view is the mirror image."""
    import pydicom

    frames = []
    for window in (1, 2, 3):
        for side in (1, 2):
            view = np.zeros((ROWS, COLUMNS))
            if window == 1:
                view += BACKGROUND
                view[10 + shift[1]:18 + shift[1], 5 + shift[0]:11 + shift[0]] += SOURCE[hours] * (2 if side == 1 else 1)
                view += 2 * scatter
            else:
                view += scatter  # as many per keV as in the main window, in half its width
            frames.append(view if side == 1 else view[:, ::-1])
    counts = np.array(frames).astype("<u2")

    def change(dataset):
        dataset.NumberOfFrames, dataset.Rows, dataset.Columns = counts.shape
        dataset.EnergyWindowVector, dataset.DetectorVector = [1, 1, 2, 2, 3, 3], [1, 2] * 3
        windows = []
        for name, low, high in (("main", 187.2, 228.8), ("lower", 166.4, 187.2), ("upper", 228.8, 249.6)):
            item, limits = pydicom.Dataset(), pydicom.Dataset()
            limits.EnergyWindowLowerLimit, limits.EnergyWindowUpperLimit = str(low), str(high)
            item.EnergyWindowName, item.EnergyWindowRangeSequence = name, [limits]
            windows.append(item)
        dataset.NumberOfEnergyWindows, dataset.EnergyWindowInformationSequence = 3, windows
        dataset.ActualFrameDuration = SECONDS * 1000
        if velocity is None:
            del dataset.ScanVelocity
        else:
            dataset.ScanVelocity = velocity
        dataset.CountsAccumulated = int(counts.sum())
        dataset.PixelData = counts.tobytes()
        atHours(dataset, hours)

    return writePlanarExample(path, change, kind)
