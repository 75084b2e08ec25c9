"""The report as PDF: its HTML set page by page without a browser, the same in Slicer and on the command line."""
