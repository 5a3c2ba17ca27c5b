"""Pages of the documentation and their blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
WRITTEN = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES = [*WRITTEN, *sorted(DOCS.rglob("*.md"))]
SHELL = {"bash", "sh", "console"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    runs: bool

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    lines = page.read_text(encoding="utf-8").splitlines()
    began = None
    for number, line in enumerate(lines, start=1):
        if not line.startswith("```"):
            continue
        if began is None:
            began = number
            continue
        runs = began >= 2 and lines[began - 2] == "<!-- run -->"
        text = "\n".join(lines[began : number - 1])
        yield Block(page, began, lines[began - 1][3:].strip(), text, runs)
        began = None
    assert began is None, f"{page}: the block of line {began} has no end"


BLOCKS = [block for page in PAGES for block in blocks(page)]


def command_lines(block: Block) -> Iterator[str]:
    for line in block.text.splitlines():
        for part in line.removeprefix("$ ").split("; "):
            if part.startswith("tslab "):
                yield part
