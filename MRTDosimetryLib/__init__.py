"""Molecular radiotherapy dosimetry: the library behind the MRTDosimetry module of 3D Slicer.

Research use; the treating physician decides.
"""

__version__ = "0.1.0"
