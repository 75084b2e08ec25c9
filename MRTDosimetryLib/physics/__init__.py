"""Physics in arrays, hours, MBq and Gy: decay, kinetics, density, absorbed dose, DVH, radiobiology."""
