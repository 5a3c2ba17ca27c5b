"""How much of a recording a person sees at once, unless its domain says so."""

from __future__ import annotations

SAMPLES_PER_PAGE = 2_000
NICE_SECONDS = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30),
    *(60, 120, 300, 600, 1200, 1800, 3600, 7200, 21_600, 43_200),
    *(86_400, 2 * 86_400, 7 * 86_400, 30 * 86_400, 90 * 86_400, 365 * 86_400),
)


def usual_page(sampling_rate: float) -> float:
    """Round seconds of about 2000 samples.

    Args:
        sampling_rate: Hz, of the fastest signal.
    """
    enough = SAMPLES_PER_PAGE / sampling_rate
    return next((n for n in NICE_SECONDS if n >= 0.6 * enough), NICE_SECONDS[-1])
