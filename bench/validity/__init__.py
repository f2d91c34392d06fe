"""Can the numbers be trusted: measured against known truth, and spoiled in known ways."""

from bench.validity.damages import FULL, QUICK, Scope
from bench.validity.page import write_validity

__all__ = ["FULL", "QUICK", "Scope", "write_validity"]
