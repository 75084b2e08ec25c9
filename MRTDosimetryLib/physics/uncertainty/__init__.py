"""Uncertainty of the absorbed dose of a region, from the outline to the result (Gear et al. 2018)."""
