"""What people look at: tables, figures and the page, made from result tables and nothing else."""

from __future__ import annotations

from reports.data import ReportData
from reports.writer import render

__all__ = ["ReportData", "render"]
