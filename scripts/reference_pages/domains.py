"""One page for each domain of this repository, and the catalogue of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_pages.markdown import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tslab import AgreementMetric, Choice, Domain, RegionField, TaskField, Tier, View

DOMAINS = "reference/domains"
DOMAIN_NAMES = ("ecg", "iot")


def domain_pages() -> dict[str, str]:
    """One page for each domain of this repository."""
    return {f"{DOMAINS}/{name}.md": domain_page(name) for name in DOMAIN_NAMES}


def domain_page(name: str) -> str:
    """Views, labels, channels, fields, segmenters and formats of one domain."""
    from tslab.plugin_manager import load_domain

    plugins, domain = load_domain(name)
    parts = [f"# Domain {name}", f"{domain.title}. `tslab init STUDY --domain {name}`"]
    parts += ["## Views", table(VIEW_HEADER, [view_row(domain, view) for view in domain.views])]
    parts += [tier_part(domain, tier) for tier in domain.tiers]
    if domain.fields:
        rows = [field_row(item) for item in domain.fields]
        parts += ["## Asked about a region", table(("field", "kind", "answers"), rows)]
    if domain.task_fields:
        rows = [field_row(item) for item in domain.task_fields]
        parts += ["## Asked about a task", table(("field", "kind", "answers"), rows)]
    parts += ["## Channels", channel_part(domain)]
    segmenters = [(f"`{s.name}`", s.title) for s in plugins.segmenters(domain)]
    parts += ["## Segmenters", "The first is the default.", table(("name", "what"), segmenters)]
    parts += metric_part(plugins.agreement_metrics(domain))
    exporters = [(f"`{e.name}`", e.title) for e in plugins.exporters(domain)]
    parts += ["## Export formats", table(("name", "what"), exporters)]
    parts += ["## Metadata and privacy", privacy_part(domain)]
    return "\n\n".join(parts)


def metric_part(metrics: Sequence[AgreementMetric]) -> list[str]:
    """The domain's own measures of agreement."""
    from tslab import DetailedMetric

    if not metrics:
        return []
    rows = []
    for metric in metrics:
        details = metric.details({}) if isinstance(metric, DetailedMetric) else {}
        names = ", ".join(f"`{name}`" for name in details)
        what = getattr(metric, "title", "") or (type(metric).__doc__ or "").partition("\n")[0]
        value = (metric.value.__doc__ or "").partition("\n")[0]
        rows.append((f"`{metric.name}`", what, value, names))
    text = "Beside core's measures; a detail is reported as `domain/NAME/DETAIL`."
    return ["## Measures of agreement", text, table(("name", "what", "value", "details"), rows)]


VIEW_HEADER = ("view", "tiers", "task", "first screen", "hint")


def view_row(domain: Domain, view: View) -> tuple[str, ...]:
    """A view's tiers and times."""
    window = view.window_seconds or domain.window_seconds
    page = view.page_seconds or domain.page_seconds
    return (
        f"`{view.name}`",
        ", ".join(f"`{name}`" for name in view.tiers),
        f"{window:g} s" if window else "by sampling rate",
        f"{page:g} s" if page else "by sampling rate",
        view.hint,
    )


KINDS = {
    "states": "States: no overlap",
    "intervals": "Intervals: may overlap",
    "instants": "Instants: points in time, marked by double-click",
}


def tier_part(domain: Domain, tier: Tier) -> str:
    """The labels of a tier."""
    del domain
    kind = KINDS[tier.kind] + ("; every moment needs one." if tier.exhaustive else ".")
    rows = [
        (
            x.name,
            f"`{x.hotkey}`" if x.hotkey else "",
            f"`{x.code}`" if x.code else "",
            x.description,
        )
        for x in tier.labels
    ]
    header = ("label", "key", "code", "meaning")
    return f"## Labels: {tier.name}\n\n{kind}\n\n{table(header, rows)}"


def field_row(item: RegionField | TaskField) -> tuple[str, str, str]:
    """A field with its answers; a long list is folded to codes."""
    kind = f"{item.kind}, several" if item.multiple else item.kind
    if item.kind == "rating":
        return f"`{item.name}`", kind, f"1 to {item.maximum or 5:g}"
    answers = [choice_text(choice) for choice in item.choices]
    return f"`{item.name}`", kind, "; ".join(answers)


def choice_text(choice: Choice) -> str:
    """An answer with its meaning and its key."""
    said = f"{choice.value} {choice.description}".strip()
    return f"{said} (`{choice.hotkey}`)" if choice.hotkey else said


def channel_part(domain: Domain) -> str:
    """Roles and the names in files that are taken for them."""
    text = (
        "Channels that match no role are kept under their own name."
        if domain.open_channels
        else (
            "Channels that match no role are left out; `tslab add` says which. Map them under "
            "`channels:` in tslab.yaml. Names are compared without case, spaces and underscores."
        )
    )
    rows = [
        (f"`{c.name}`", c.unit, "computed" if c.derived else ", ".join(c.aliases))
        for c in domain.channels
    ]
    return f"{text}\n\n{table(('channel', 'unit', 'also known as'), rows)}" if rows else text


def privacy_part(domain: Domain) -> str:
    """Which columns of --metadata are shown."""
    if not domain.health:
        return "All columns of `--metadata` are shown beside the signal."
    shown = ", ".join(f"`{name}`" for name in domain.metadata)
    return (
        f"Health data. Of `--metadata` these columns are shown: {shown}. Others are left out, "
        "because they may identify a person. Ages above 89 read 90+."
    )


def lint_page() -> str:
    """The catalogue of findings."""
    from tslab.lint.codes import CODES

    rows = [(f"`{code}`", item.meaning, item.remedy) for code, item in CODES.items()]
    text = (
        "A code keeps its meaning for ever. `tslab lint`, `tslab config --check`, `tslab push` and "
        "`tslab pull` report them; an error makes the exit code 1, a warning does not."
    )
    return f"# Findings\n\n{text}\n\n{table(('code', 'what is wrong', 'what to do'), rows)}"
