"""The wizard's pages, for the Slicer application only. One step is one file here and one .ui file.

A step shows what the workflow says and calls what the command line calls; it computes nothing.
"""
