"""The reference model SPACE: pure PyTorch on arrays, no files, no suite."""
