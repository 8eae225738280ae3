"""Reports how many probes the isolation matrix made."""

from __future__ import annotations

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the total of (URL, role, object) probes and of refusals, gathered from every worker."""
    counts = {"isolation_probes": 0, "isolation_refused": 0}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name in counts and getattr(report, "when", "") == "teardown":
                    counts[name] += int(value)
    if counts["isolation_probes"]:
        words = "isolation: {isolation_probes} probes (URL, role, object), {isolation_refused} of them refused"
        terminalreporter.write_sep("-", words.format(**counts))
