"""Agreement as one HTML page that loads nothing: for people who were not there when it ran."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from tslab.agreement.measure import Agreement, TierAgreement
from tslab.agreement.page.answers import answer_table
from tslab.agreement.page.colors import style
from tslab.agreement.page.grids import Grid, event_confusions, matrix, time_confusion
from tslab.agreement.page.headline import figures, meanings, settings_line
from tslab.agreement.page.histograms import border_plots, task_plot
from tslab.agreement.page.input import TITLE, Names, PageInput
from tslab.agreement.page.rows import Index
from tslab.agreement.page.tables import annotator_table, label_table
from tslab.agreement.page.tasks import TaskData, review_document, task_scores
from tslab.agreement.report.amounts import amounts
from tslab.agreement.report.answers import told_answers
from tslab.agreement.report.sentences import sentences
from tslab.agreement.values import REASONS
from tslab.pages.markup import data_block, document, element, panel, table, text
from tslab.pages.style import STYLE

NARROW = 9
"""Columns of a table that fit into half of the page."""
SCRIPTS = ("numbers.js", "squares.js", "marks.js", "viewer.js", "lists.js", "start.js")


def page(found: Agreement, given: PageInput | None = None) -> bytes:
    """The whole page, UTF-8.

    Args:
        found: The numbers.
        given: What is shown beside them, and what is left out.
    """
    given = given or PageInput()
    tiers = found.tiers
    tasks = [name for tier in tiers for name in tier.tier.table.tasks]
    names = Names([tier.tier.readers for tier in tiers], tasks, given.private)
    parts = [_Tier(tier, found, given, names, number) for number, tier in enumerate(tiers)]
    share = given.timeline_bytes // max(1, len(tiers))
    sections = [part.markup() for part in parts]
    data = {
        "tiers": [part.document(share) for part in parts],
        "reasons": list(REASONS),
        "review": review_document(given.review, tiers, given, names),
    }
    content = "\n".join(
        [
            *_head(found, given),
            *sections,
            REVIEW,
            *_notes(found, given),
            _words(found),
            WEAVES,
        ]
    )
    body = element("main", content) + data_block("data", data)
    look = STYLE + _asset("page.css") + style([tier.tier for tier in tiers])
    return document(_title(given), body, look, _script(), kind="agreement")


def _script() -> str:
    """All parts in one function, so that they share no name with anything else."""
    parts = "\n".join(_asset(name) for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}}})();\n'


def _asset(name: str) -> str:
    return files("tslab.agreement.page").joinpath("assets", name).read_text("utf-8")


def _title(given: PageInput) -> str:
    return TITLE if given.private else given.title


def _head(found: Agreement, given: PageInput) -> Iterator[str]:
    yield element("h1", text(_title(given)))
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    made = [given.created, versions, settings_line(found.settings)]
    yield element("p", text(" \u00b7 ".join(part for part in made if part)), class_="soft")
    if given.private:
        said = "Names of people, models and tasks, signals and links are left out."
        yield element("p", text(said), class_="soft")
    if len(found.tiers) > 1 or found.findings:
        items = "".join(
            element("a", text(tier.tier.name), href=f"#tier-{number}")
            for number, tier in enumerate(found.tiers)
        )
        items += element("a", "What to review", href="#review")
        if found.findings:
            items += element("a", f"What was left out ({len(found.findings)})", href="#left-out")
        yield element("nav", items)
    yield NOSCRIPT


def _notes(found: Agreement, given: PageInput) -> Iterator[str]:
    """What was left out or mended; places and notes may name things, so private pages lack them."""
    lines = []
    for finding in found.findings:
        place = "" if given.private else f" ({finding.place})"
        lines.append(f"{finding.code} {finding.message}{place}")
    lines += [] if given.private else list(found.notes)
    if lines:
        items = "".join(element("li", text(line)) for line in lines)
        yield element("h2", "What was left out or mended", id="left-out")
        yield element("ul", items, class_="notes")


def _words(found: Agreement) -> str:
    rows = meanings(found.tiers, found.settings)
    head = element("summary", "What the words mean")
    return element("details", head + table(("", ""), rows, "card"), class_="panel")


class _Tier:
    """One tier's part of the page."""

    def __init__(
        self, tier: TierAgreement, found: Agreement, given: PageInput, names: Names, number: int
    ) -> None:
        self.tier, self.settings, self.given, self.names = tier, found.settings, given, names
        self.number = number
        self.index = Index(tier)
        self.scores = task_scores(tier, self.index, found.settings)
        self.grids = list(self._grids())
        self.plots, self.bars = border_plots(tier.histograms, self.index)

    def _grids(self) -> Iterator[Grid]:
        grid = matrix(self.tier, self.index, self.settings, self.names)
        if grid.places and grid.choices:
            yield grid
        for confusion in (time_confusion, event_confusions):
            found = confusion(self.tier, self.names)
            if found is not None:
                yield found

    def markup(self) -> str:
        """Headline, figures, tables and drawings."""
        tier, settings = self.tier, self.settings
        said = sentences(tier, settings, self.names.reader)
        answers = answer_table(*told_answers(tier))
        parts = [
            element("h2", text(tier.tier.name), id=f"tier-{self.number}"),
            element("p", text(said[0]), class_="lead"),
            element("p", text(" ".join(said[1:]))) if said[1:] else "",
            element("p", text(" \u00b7 ".join(amounts(tier.tier))), class_="soft"),
            figures(tier, settings),
            self._tier_notes(),
            *(self._tables() if tier.tier.table.labels else ()),
            element("h3", "Answers", class_="head") + panel("", answers) if answers else "",
            self._drawings() if tier.tier.table.labels else "",
            self._viewer() if tier.tier.table.labels else "",
        ]
        inside = "\n".join(part for part in parts if part)
        return element("section", inside, class_="tier", data_tier=self.number)

    def _tables(self) -> Iterator[str]:
        """Who marked what, and how well that agrees."""
        yield element("h3", "Labels", class_="head")
        yield panel("", label_table(self.tier, self.index, self.settings))
        yield element("h3", "Annotators", class_="head")
        yield panel("", annotator_table(self.tier, self.index, self.settings, self.names))

    def _tier_notes(self) -> str:
        items = "".join(element("li", text(note)) for note in self.tier.notes)
        return element("ul", items, class_="notes") if items else ""

    def _drawings(self) -> str:
        unit = self.tier.tier.unit
        heading = f"{unit.capitalize()}s by agreement"
        under = TASKS.replace("UNIT", unit)
        drawn = task_plot(self.scores, heading) + element("p", under, class_="soft")
        small = "".join([panel(heading, drawn), *self.plots])
        grids = [_grid_panel(grid, number, unit) for number, grid in enumerate(self.grids)]
        plots = [*grids[:1], element("div", small, class_="side"), *grids[1:]]
        return element("div", "".join(plots), class_="plots")

    def _viewer(self) -> str:
        unit = self.tier.tier.unit
        found = VIEWER.replace("NUMBER", str(self.number))
        return found.replace("Unit", unit.capitalize()).replace("unit", unit)

    def document(self, room: int) -> dict[str, object]:
        """What the script needs of this tier."""
        data = TaskData(self.tier, self.scores, self.given, self.names)
        return {
            **data.document(room),
            "grids": [grid.document() for grid in self.grids],
            "bars": self.bars,
        }


def _grid_panel(grid: Grid, number: int, unit: str) -> str:
    first = number == 0 and not grid.by_row
    under = MATRIX.replace("UNIT", unit) if first else CONFUSION
    inside = element("h3", text(grid.what)) + grid.markup(number)
    inside += element("p", text(f"{under} {grid.note}".strip()), class_="soft")
    return element("div", inside, class_="panel wide" if len(grid.columns) > NARROW else "panel")


WEAVES = (
    '<svg width="0" height="0" aria-hidden="true" class="weaves"><defs>'
    '<pattern id="weave1" width="8" height="4" patternUnits="userSpaceOnUse">'
    '<rect width="8" height="1.3"/></pattern>'
    '<pattern id="weave2" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="1.8" height="6"/></pattern>'
    '<pattern id="weave3" width="9" height="9" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(-45)"><rect width="3.6" height="9"/></pattern></defs></svg>'
)
"""Patterns of labels whose colours are nearly the same; stripes lie across, so that an instant,
which is a thin line, shows them, too."""
MATRIX = (
    "Below the diagonal: how well two agree; stronger colour is more, of distances it is further "
    "apart. Above: UNITs that both reviewed."
)
CONFUSION = "Stronger colour is a larger share of the row."
TASKS = "How many UNITs have which agreement, by the first figure above."
NOSCRIPT = (
    "<noscript><p class='notes'>Timelines, lists and large tables need the script of this page, "
    "which the browser does not run here.</p></noscript>"
)
VIEWER = """<h3 class="head">Units, those first that have most to look at</h3>
<div class="panel viewer" data-tier="NUMBER">
<div class="tools"><button data-do="before" aria-label="unit before">&#8249;</button>
<select class="pick" aria-label="unit"></select>
<button data-do="after" aria-label="next unit">&#8250;</button>
<button data-do="in" aria-label="zoom in">+</button>
<button data-do="out" aria-label="zoom out">&#8722;</button>
<button data-do="all">All</button><button data-do="dispute">Next dispute</button>
<button data-do="signal" aria-pressed="false">Signal</button>
<span class="where" role="status"></span><span class="open" hidden></span></div>
<div class="legend"></div><div class="stage"></div><p class="readout soft"></p>
<p class="hint soft"></p></div>
<div class="panel"><div class="tasks"></div></div>"""
REVIEW = """<h2 id="review">What to review</h2><div class="panel review"></div>"""
