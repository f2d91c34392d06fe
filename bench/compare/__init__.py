"""Is HEAD better than BASE? Where results come from, what is compared, and the verdict."""
