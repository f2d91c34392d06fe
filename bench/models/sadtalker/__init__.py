"""Networks of SadTalker (Zhang et al., CVPR 2023) from 3DMM coefficients to frames; what makes the coefficients is not here."""
