"""Checks of a labeling config; server and SDK accept nearly anything, the browser then fails."""

from __future__ import annotations

from collections.abc import Sequence

from tslab.contracts import Finding
from tslab.lint.config_content import check_content
from tslab.lint.config_hotkeys import check_hotkeys
from tslab.lint.config_references import check_references
from tslab.lint.config_structure import check_structure
from tslab.lint.config_time_series import check_time_series
from tslab.lint.config_tree import parse_config


def check_config(xml: str | bytes, columns: Sequence[str] | None = None) -> list[Finding]:
    """All findings about a labeling config, in the order of its lines; a valid one gives none.

    Args:
        xml: The config. It is parsed without entities, without DTD and without network.
        columns: Header of the tables that it will show, None where unknown.
    """
    root, findings = parse_config(xml)
    if root is None:
        return findings
    findings += check_structure(root)
    findings += check_references(root)
    findings += check_time_series(root, columns)
    findings += check_hotkeys(root)
    findings += check_content(root)
    return sorted(findings, key=_line)


def _line(finding: Finding) -> int:
    digits = finding.place.removeprefix("line ").split(",")[0]
    return int(digits) if digits.isdecimal() else 0
