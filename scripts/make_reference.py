"""Writes the generated pages of docs/reference and the generated parts of other pages.

python scripts/make_reference.py           writes what differs
python scripts/make_reference.py --check   exits with 1 if a file on disk differs
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from reference_pages.commands import COMMANDS, command_pages, leaf_commands
from reference_pages.domains import DOMAINS, domain_pages, lint_page
from reference_pages.hooks import HOOKS, hook_functions, hook_pages
from reference_pages.python_api import api_part
from reference_pages.settings import settings_page

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
HINT = "<!-- Written by scripts/make_reference.py: change the source, not this file. -->"


def main(arguments: Sequence[str]) -> int:
    """Writes the pages, or compares them; the exit code."""
    wanted = all_files()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    known = set(wanted)
    left = [
        path
        for folder in (COMMANDS, HOOKS, DOMAINS)
        for path in sorted((DOCS / folder).glob("*.md"))
        if path not in known
    ]
    if "--check" in arguments:
        for path in (*stale, *left):
            click.echo(f"{path.relative_to(ROOT)} differs; run: python scripts/make_reference.py")
        return int(bool(stale or left))
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path])
    for path in left:
        path.unlink()
    click.echo(f"{len(stale)} written, {len(left)} removed, {len(wanted)} in all")
    return 0


def all_files() -> dict[Path, str]:
    """Every generated file with its text."""
    pages = {
        **command_pages(),
        **hook_pages(),
        **domain_pages(),
        "reference/settings.md": settings_page(),
        "reference/lint.md": lint_page(),
    }
    found = {DOCS / name: f"{HINT}\n\n{text.strip()}\n" for name, text in sorted(pages.items())}
    for path in (DOCS / "how-to/write-a-plugin.md", DOCS / "reference/python.md"):
        found[path] = filled(path.read_text())
    config = ROOT / "mkdocs.yml"
    found[config] = with_navigation(config.read_text(), sorted(pages))
    return found


MARKER = re.compile(r"(<!-- begin (\S+) (\S*) ?-->\n).*?(<!-- end -->)", re.DOTALL)


def filled(text: str) -> str:
    """A page with its generated parts renewed."""

    def renew(match: re.Match[str]) -> str:
        what, argument = match[2], match[3]
        if what == "file":
            language = "toml" if argument.endswith(".toml") else "python"
            body = f"\n```{language}\n{(ROOT / argument).read_text().strip()}\n```\n"
        else:
            body = f"\n{api_part()}\n"
        return f"{match[1]}{body}\n{match[4]}"

    return MARKER.sub(renew, text)


NAVIGATION = re.compile(r"(?P<indent> +)# begin (?P<folder>\S+)\n.*?(?P=indent)# end\n", re.DOTALL)


def with_navigation(text: str, pages: Sequence[str]) -> str:
    """mkdocs.yml with the lists of generated pages renewed."""

    def renew(match: re.Match[str]) -> str:
        folder, indent = match["folder"], match["indent"]
        names = [page for page in pages if page.startswith(f"{folder}/")]
        if folder == COMMANDS:
            order = [f"{folder}/{words.replace(' ', '-')}.md" for words, _ in leaf_commands()]
        elif folder == HOOKS:
            order = [f"{folder}/{name}.md" for name in hook_functions()]
        else:
            order = [name for name in names if not name.endswith("index.md")]
        lines = [f"{indent}# begin {folder}"]
        lines += [f"{indent}- {title(page)}: {page}" for page in order]
        return "\n".join([*lines, f"{indent}# end"]) + "\n"

    return NAVIGATION.sub(renew, text)


def title(page: str) -> str:
    """What the navigation calls a page: ``plugin new``, ``tslab_predict``, ``ecg``."""
    stem = Path(page).stem
    return stem.replace("-", " ") if page.startswith(COMMANDS) else stem


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
