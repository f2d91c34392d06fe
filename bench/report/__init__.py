"""report: the results of a run as tables, figures and a page."""

from __future__ import annotations

from bench.report.results import CaseSetResults, ModelResults
from bench.report.write import write_pages, write_report

__all__ = ["CaseSetResults", "ModelResults", "write_pages", "write_report"]
