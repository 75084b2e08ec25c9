"""The report: tables, charts and one self-contained HTML file made from the results of a study."""
