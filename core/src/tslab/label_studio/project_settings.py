"""What a Label Studio project is set to: instructions, overlap, tabs, and labels that must stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from tslab.errors import ProjectError, counted
from tslab.project import Project

LEAST_CERTAIN = ("Least certain first", ["tasks:predictions_score"])
"""Title and order of the tab that annotators work through."""


HIDDEN = (
    *("inner_id", "data.csv", "data.info", "data.task"),
    *("cancelled_annotations", "annotations_results", "predictions_results"),
    *("reviews_rejected", "file_upload", "storage_filename", "avg_lead_time"),
    *("annotations_ids", "predictions_model_versions", "updated_by"),
    *("draft_exists", "ground_truth", "created_at", "updated_at"),
)
"""Columns of the Data Manager that say nothing to an annotator."""


def project_settings(project: Project, title: str, marker: str, config: str) -> dict[str, Any]:
    """Settings by Label Studio's names.

    Raises:
        ProjectError: The guidelines cannot be read.
    """
    instructions = guidelines_html(project) or project.domain.instructions
    review = project.settings.review
    # In a blind study others have projects of their own: nobody waits for a second annotator here.
    overlap = 1 if review.blind else review.overlap
    return {
        "title": title,
        "description": f"{project.domain.title}. Kept by tslab: do not edit this line. {marker}",
        "label_config": config,
        "expert_instruction": instructions,
        "show_instruction": bool(instructions),
        "maximum_annotations": overlap,
        "overlap_cohort_percentage": review.percentage if overlap > 1 else 100,
        "show_overlap_first": overlap > 1 and review.percentage < 100,
        "show_collab_predictions": True,
        "enable_empty_annotation": True,
    }


def guidelines_html(project: Project) -> str:
    """The guidelines file as the HTML that Label Studio shows, "" without one.

    Raises:
        ProjectError: The file cannot be read.
    """
    name = project.settings.guidelines
    if not name:
        return ""
    path = project.root / name
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(
            f"cannot read the guidelines '{name}': {error}", "Mend guidelines: in tslab.yaml."
        ) from error
    return markdown_to_html(text)


def markdown_to_html(text: str) -> str:
    """Headings, lists, emphasis and paragraphs of Markdown; everything else is escaped text."""
    import html
    import re

    def inline(line: str) -> str:
        escaped = html.escape(line, quote=False)
        escaped = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escaped)
        escaped = re.sub(r"\*(.+?)\*", r"<i>\1</i>", escaped)
        return re.sub(r"`(.+?)`", r"<code>\1</code>", escaped)

    blocks: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.splitlines()
        heading = re.match(r"(#{1,4}) (.+)", lines[0])
        if heading:
            level = len(heading[1]) + 1
            blocks.append(f"<h{level}>{inline(heading[2])}</h{level}>")
            lines = lines[1:]
        if lines and all(re.match(r"[-*] ", line) for line in lines):
            items = "".join(f"<li>{inline(line[2:])}</li>" for line in lines)
            blocks.append(f"<ul>{items}</ul>")
        elif lines:
            blocks.append(f"<p>{' '.join(inline(line) for line in lines)}</p>")
    return "\n".join(blocks)


def check_labels_stay(used: dict[str, dict[str, int]], config: str) -> None:
    """Refuses a config that lacks a label that regions carry; the server would let it through.

    Raises:
        ProjectError: A label or a control would vanish.
    """
    root = etree.fromstring(config.encode(), etree.XMLParser(resolve_entities=False))
    offered: dict[str, set[str]] = {}
    for control in root.iter("TimeSeriesLabels", "Choices"):
        values = {str(item.get("value")) for item in control}
        offered[str(control.get("name"))] = values
    lost = [
        f"'{label}' of '{control}' ({counted(count, 'regions')})"
        for control, labels in sorted(used.items())
        for label, count in sorted(labels.items())
        if count > 0 and label not in offered.get(control, set())
    ]
    if lost:
        raise ProjectError(
            f"annotations use labels that the new config lacks: {', '.join(lost)}",
            "Keep these labels in tslab.yaml, or change the annotations in Label Studio first.",
        )


def wanted_views(*, blind: bool = False) -> list[dict[str, Any]]:
    """Tabs of the Data Manager: everything, and what is left with the least certain first.

    In a blind study what is left keeps the rater's own order: all would get tired of the same tasks
    otherwise.
    """
    # Not the number of annotations: with an overlap, one annotator's leaves work for the next.
    unfinished = {
        "filter": "filter:tasks:completed_at",
        "operator": "empty",
        "type": "Datetime",
        "value": "true",
    }
    title, ordering = ("Left to read", []) if blind else LEAST_CERTAIN
    return [manager_view("All tasks", [], []), manager_view(title, ordering, [unfinished])]


def manager_view(
    title: str,
    ordering: Sequence[str],
    filters: Sequence[Mapping[str, Any]],
    more_hidden: Sequence[str] = (),
) -> dict[str, Any]:
    """A tab of the Data Manager, as the server takes it.

    Args:
        title: Its name.
        ordering: Columns by which tasks are sorted; "-" in front turns one around.
        filters: What a task must fulfil, all of it.
        more_hidden: Columns that are not shown, beside `HIDDEN`.
    """
    hidden = [f"tasks:{name}" for name in (*HIDDEN, *more_hidden)]
    return {
        "type": "list",
        "target": "tasks",
        "hiddenColumns": {"explore": hidden, "labeling": hidden},
        "columnsWidth": {},
        "columnsDisplayType": {},
        "gridWidth": 4,
        "title": title,
        "ordering": list(ordering),
        "filters": {"conjunction": "and", "items": list(filters)},
    }
