"""Loss terms: pure functions and small modules, one file a family."""
