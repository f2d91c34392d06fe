"""How fast the suite is, beside what people run instead. Figures, not tests; weights are random, which changes no time."""
