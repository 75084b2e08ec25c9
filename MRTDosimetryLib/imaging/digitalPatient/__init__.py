"""A patient made by our own code, with a known truth: anatomy, kinetics, serial SPECT/CT scans."""
