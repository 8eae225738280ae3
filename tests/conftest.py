"""Reports how many probes the isolation matrix made."""

from __future__ import annotations

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the total of (URL, role, object) probes, gathered from every worker."""
    total = sum(
        int(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "teardown" or hasattr(report, "user_properties")
        for name, value in getattr(report, "user_properties", ())
        if name == "isolation_probes" and getattr(report, "when", "") == "teardown"
    )
    if total:
        terminalreporter.write_sep("-", f"isolation: {total} probes (URL, role, object)")
