"""Markup of pages: everything that is not ours is escaped, and a page loads nothing."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Collection, Sequence

from tslab.wording import numbered, plain, told_apart

LONGEST_NAME = 24
"""Letters of a name that a plot shows; the whole name is in the tooltip."""

GENERATOR = '<meta name="generator" content="tslab'
"""Begins the tag near the beginning of a page that says which command wrote it, so that the same
command may replace it."""


def text(value: object) -> str:
    """A value that can stand in the page, in text or in a quoted attribute.

    Marks that turn the direction of writing would turn what stands beside them, too.
    """
    return html.escape(plain(str(value)), quote=True)


def element(name: str, content: str = "", /, **attributes: object) -> str:
    """An element with escaped attributes; `content` is markup. ``class_`` becomes ``class``."""
    given = (f' {key.strip("_").replace("_", "-")}="{text(v)}"' for key, v in attributes.items())
    return f"<{name}{''.join(given)}>{content}</{name}>"


def short(name: str) -> str:
    """A name that fits beside a plot: the middle gives way, for ends tell names apart."""
    if len(name) <= LONGEST_NAME:
        return name
    end = LONGEST_NAME // 2
    return f"{name[: LONGEST_NAME - end - 1]}\u2026{name[-end:]}"


def distinct(names: Sequence[str]) -> list[str]:
    """Names that fit beside a plot and differ as the whole ones do."""
    return numbered(names, told_apart(names, LONGEST_NAME, lambda name, _: short(name), "\u2026"))


def svg(width: float, height: float, label: str, parts: Sequence[str], **given: object) -> str:
    """A drawing that says what it shows to people who cannot see it."""
    title = element("title", text(label))
    return element(
        "svg",
        title + "".join(parts),
        viewBox=f"0 0 {width:g} {height:g}",
        width=f"{width:g}",
        height=f"{height:g}",
        role="img",
        aria_label=label,
        **given,
    )


def words(x: float, y: float, said: str, anchor: str = "middle", kind: str = "") -> str:
    """Text in a drawing."""
    return element(
        "text", text(said), x=f"{x:g}", y=f"{y:g}", text_anchor=anchor, class_=kind or "ink"
    )


def named(
    x: float, y: float, name: str, anchor: str, shown: str | None = None, **given: object
) -> str:
    """A name in a drawing, cut to what fits; the tooltip then has all of it.

    Args:
        x: Where.
        y: Where.
        name: The whole name.
        anchor: Which end of it stands there.
        shown: What is seen of it, as `distinct` has it; None is what `short` leaves.
        given: Attributes.
    """
    seen = short(name) if shown is None else shown
    whole = element("title", text(name)) if seen != name else ""
    place = {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor, "class_": "ink"}
    return element("text", text(seen) + whole, **place, **given)


def panel(title: str, content: str) -> str:
    """A card with an optional heading."""
    return element("div", (element("h3", text(title)) if title else "") + content, class_="panel")


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    kind: str = "",
    texts: Collection[int] = (),
) -> str:
    """A table of escaped cells.

    Args:
        header: Headings; all empty leaves them out.
        rows: Cells of each row.
        kind: Class of the table.
        texts: Columns of text beside the first one: they begin at the left, numbers end at the
            right.
    """
    look = [{"class_": "text"} if n in texts else {} for n in range(len(header))]

    def line(name: str, cells: Sequence[str], **given: str) -> str:
        drawn = (element(name, text(c), **given, **own) for c, own in zip(cells, look, strict=True))
        return element("tr", "".join(drawn))

    top = line("th", header, scope="col")
    lines = [line("td", row) for row in rows]
    given = {"class_": kind} if kind else {}
    above = element("thead", top) if any(header) else ""
    return element("table", above + element("tbody", "".join(lines)), **given)


def data_block(name: str, document: object) -> str:
    """JSON that a script of the page reads; nothing in it can end the element."""
    written = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    dumped = plain(written)
    for sign in "<>&\u2028\u2029":
        dumped = dumped.replace(sign, f"\\u{ord(sign):04x}")
    return f'<script type="application/json" id="{text(name)}">{dumped}</script>'


def document(title: str, body: str, style: str, script: str = "", *, kind: str) -> bytes:
    """The whole page, UTF-8. Its policy allows this style and this script, and nothing else.

    Args:
        title: Plain text.
        body: Markup of what is in ``main``, and data blocks.
        style: The style sheet.
        script: Runs at the end; "" lets nothing run.
        kind: The command that writes it.
    """
    allowed = [f"default-src 'none'; style-src '{_digest(style)}'"]
    allowed += [f"script-src '{_digest(script)}'"] if script else []
    policy = "; ".join([*allowed, "base-uri 'none'; form-action 'none'"])
    head = "".join(
        [
            '<meta charset="utf-8">',
            f'{GENERATOR} {text(kind)}">',
            f'<meta http-equiv="Content-Security-Policy" content="{text(policy)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            element("title", text(title)),
            f"<style>{style}</style>",
        ]
    )
    run = f"<script>{script}</script>" if script else ""
    # Lone surrogates of broken names have no UTF-8.
    page = (
        f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}{run}</body></html>\n'
    )
    return page.encode("utf-8", "replace")


def _digest(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"
