"""Therapies of the EANM enabling guide: one file per therapy, its strategies, tissues and limits."""
