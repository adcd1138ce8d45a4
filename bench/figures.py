"""Percentiles, and how figures are printed."""

import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def latency_line(name: str, values_ms: Sequence[float]) -> str:
    """One line with the count, the median, the 99th percentile and the maximum."""
    return (
        f"{name:<24} n={len(values_ms):<5} p50 {percentile(values_ms, 0.5):7.1f} ms"
        f"   p99 {percentile(values_ms, 0.99):7.1f} ms   max {max(values_ms):7.1f} ms"
    )


def median(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)
