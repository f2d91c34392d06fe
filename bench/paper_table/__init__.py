"""A table for a paper from the scores that are here: rows, columns, tests against a reference, published numbers."""
