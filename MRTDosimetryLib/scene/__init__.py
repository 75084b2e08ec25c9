"""The study as a Slicer scene: nodes in, nodes out; needs slicer, vtk and numpy, but neither Qt nor the application."""
