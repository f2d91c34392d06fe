"""What people and machines read of a comparison: Markdown for a pull request, JUnit for CI, a page with videos, a history."""

from __future__ import annotations

from reports.compare.data import Comparison
from reports.compare.junit import junit
from reports.compare.markdown import markdown

__all__ = ["Comparison", "junit", "markdown"]
