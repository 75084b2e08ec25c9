"""Absorbed-dose engines behind one registry."""
