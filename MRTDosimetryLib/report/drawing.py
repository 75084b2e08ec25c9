"""What the charts share: a figure without global state, quiet axes, and bytes ready to be embedded."""

import io

import numpy as np

from ..errors import InputError, missingPackage

# A4 less the margins of the report; a chart drawn this wide prints at its true font size.
PAGE_WIDTH_INCH = 7.1
INK = "#1f2933"
QUIET_INK = "#5f6b76"
GRID = "#dfe4e8"
_STYLE = {
    "font.family": "sans-serif", "font.size": 8.0, "axes.titlesize": 8.5, "axes.labelsize": 8.0,
    "xtick.labelsize": 7.5, "ytick.labelsize": 7.5, "legend.fontsize": 7.5,
    "axes.edgecolor": QUIET_INK, "axes.labelcolor": INK, "text.color": INK, "axes.titlecolor": INK,
    "xtick.color": QUIET_INK, "ytick.color": QUIET_INK, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "axes.linewidth": 0.7, "xtick.major.width": 0.7, "ytick.major.width": 0.7,
    # the same picture for the same numbers, byte by byte
    "svg.hashsalt": "MRTDosimetry", "svg.fonttype": "path",
}


def chartContext():
    """Context in which charts are drawn: the fonts and inks of the report.

    Raises
    ------
    PackageError
        When matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise missingPackage("matplotlib", "report") from error
    return matplotlib.rc_context(_STYLE)


def newFigure(widthInch, heightInch):
    """Empty figure that belongs to no window and no global list."""
    from matplotlib.figure import Figure

    return Figure(figsize=(widthInch, heightInch), layout="constrained", facecolor="white")


def requireFinite(where, *arrays):
    """Refuse to draw what is not a number; ``where`` names the chart."""
    if not all(np.all(np.isfinite(array)) for array in arrays):
        raise InputError("The chart holds a value that is not a finite number", where)


def quietAxes(axes, grid="y"):
    """Keep of the frame only what helps reading."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, color=GRID, linewidth=0.6)
    axes.tick_params(length=2.5, pad=2)


def figureBytes(figure, imageFormat="svg", resolutionDPI=150):
    """The figure as a file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    imageFormat : {"svg", "png"}
    resolutionDPI : float
        Pixels per inch of a PNG.

    Returns
    -------
    bytes
    """
    if imageFormat not in ("svg", "png"):
        raise InputError(f"Charts are drawn as svg or png, not as {imageFormat!r}", "report")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.BytesIO()
    # without savefig, which draws everything once more for the layout
    if imageFormat == "svg":
        figure.set_dpi(72.0)
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    else:
        figure.set_dpi(resolutionDPI)
        FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()
