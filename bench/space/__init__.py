"""The reference model in the suite: its configurations, weights and portraits; networks are in `space_ref`."""
