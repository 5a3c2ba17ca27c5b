"""What counts as a dispute in a recording: seen on a page of the editor, not by the clock."""

from __future__ import annotations

from tslab.agreement.dispute_values import DisputeSettings
from tslab.project import Project
from tslab.recording_table import RecordingEntry
from tslab.screens import usual_page
from tslab.spans import to_microseconds

SHARE_AROUND, SHARE_GAP = 0.002, 0.01
"""Of a page: what is added to a lone border, and how near two disputes are one."""


def dispute_settings(project: Project, view: str, entry: RecordingEntry) -> DisputeSettings:
    """What counts in one recording.

    Args:
        project: Its settings and its domain.
        view: Name of the view; "" where it is none's.
        entry: The recording.
    """
    page, sample = page_seconds(project, view, entry), 1 / max(entry.sampling_rates)
    around = to_microseconds(max(SHARE_AROUND * page, sample))
    wanted = project.settings.review.tolerance_seconds
    return DisputeSettings(
        tolerance=to_microseconds(sample if wanted is None else wanted),
        gap=max(to_microseconds(SHARE_GAP * page), around),
        around=around,
    )


def page_seconds(project: Project, view: str, entry: RecordingEntry) -> float:
    """Length of the first screen of a recording in a view."""
    wanted = project.domain.view(view).page_seconds if view else None
    return wanted or project.domain.page_seconds or usual_page(max(entry.sampling_rates))
