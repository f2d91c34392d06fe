"""Networks that are not trained any more, drawn with less arithmetic on a CPU: the same numbers but for rounding."""
