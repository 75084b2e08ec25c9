"""Images as arrays with geometry and unit: numpy, scipy and SimpleITK only, no Slicer."""
