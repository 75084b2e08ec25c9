"""DICOM in and out: readers that return volumes in known units with the origin of every fact, and writers."""
