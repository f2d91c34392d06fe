"""Incomplete block designs of paired comparisons: who sees which pair, in which order, on which side."""

from reports.study.design.balance import Balance
from reports.study.design.blocks import Design, Slot, design_blocks

__all__ = ["Balance", "Design", "Slot", "design_blocks"]
