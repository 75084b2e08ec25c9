"""Numbers from scans of phantoms: regions placed or fitted, what they hold, recovery of spheres."""
