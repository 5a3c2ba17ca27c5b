"""What a domain declares: names, labels, hotkeys, colours, labeling configs, cheap imports."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

from tslab.contracts import Finding
from tslab.domain import RESERVED_HOTKEYS, Domain, column_name
from tslab.lint.colors import ENOUGH, NEAR_BLACK, WHITE, contrast
from tslab.task import TIME_COLUMN
from tslab.testing.subject import ContractFailure, WithSubject, expect, not_applicable

HEAVY = frozenset(
    {
        *("torch", "tensorflow", "jax", "label_studio_sdk", "label_studio", "pandas"),
        *("matplotlib", "sklearn", "scipy", "pyarrow", "wfdb", "edfio", "mne"),
    }
)
"""Libraries that a plugin may import in its functions only; numpy is not among them."""

PROBE = """
import json, sys
from tslab.plugin_entries import PluginEntry
from tslab.plugin_manager import Plugins
entry = PluginEntry(*json.loads(sys.argv[1]))
plugins = Plugins()
plugins.register(entry, entry.load())
plugins.domain(entry)
heavy = set(json.loads(sys.argv[2]))
print("\\nPROBE " + json.dumps(sorted(heavy & set(sys.modules))))
"""


class DeclarationChecks(WithSubject):
    """Checks that need no recording, except to know which channels a task has."""

    def test_name_equals_entry_point(self) -> None:
        """``--domain`` and the declaration use one name."""
        subject = self.subject()
        name = subject.entry.name
        expect(subject.domain.name == name, f"entry point '{name}', domain '{subject.domain.name}'")

    def test_texts_fit_the_editor(self) -> None:
        """Titles are one line, labels have no comma and no spaces around them."""
        domain = self.subject().domain
        titles = [domain.title, *(view.title for view in domain.views)]
        titles += [tier.title for tier in domain.tiers]
        for title in titles:
            expect(title == " ".join(title.split()), f"title {title!r} is not one tidy line")
        for tier in domain.tiers:
            for label in tier.labels:
                tidy = label.name == " ".join(label.name.split()) and "," not in label.name
                expect(
                    tidy,
                    f"label {label.name!r} of tier '{tier.name}' has stray spaces or a comma",
                    "Label Studio separates labels by commas.",
                )

    def test_declaration_is_equal_on_every_call(self) -> None:
        """Two calls declare equal domains, and the domain survives being written down."""
        subject = self.subject()
        again = subject.plugins.domain(subject.entry)
        expect(again == subject.domain, "tslab_domain answers differently on a second call")
        written = Domain.model_validate(subject.domain.model_dump())
        expect(written == subject.domain, "the domain changes when it is dumped and read back")

    def test_hotkeys_are_unique_and_legal(self) -> None:
        """No key twice in a view, none that the editor keeps for itself."""
        domain = self.subject().domain
        for view in domain.views:
            seen: dict[str, str] = {}
            for key, what in _hotkeys(domain, view.name):
                expect(
                    len(key) == 1 and key.isascii() and key.isalnum() and key == key.lower(),
                    f"hotkey '{key}' of {what} is not one lower-case letter or digit",
                )
                expect(key not in RESERVED_HOTKEYS, f"hotkey '{key}' of {what} is the editor's own")
                expect(
                    key not in seen,
                    f"view '{view.name}': hotkey '{key}' is of {what} and of {seen.get(key)}",
                    "Give each label of a view its own key.",
                )
                seen[key] = what

    def test_colours_tell_labels_apart(self) -> None:
        """No two labels of a view have one colour."""
        domain = self.subject().domain
        for view in domain.views:
            seen: dict[str, str] = {}
            for tier in domain.view_tiers(view.name):
                for label in tier.labels:
                    color = label.color.lower()
                    expect(
                        color not in seen,
                        f"view '{view.name}': '{label.name}' and '{seen.get(color)}' are {color}",
                        "Give each label of a view its own color=.",
                    )
                    seen[color] = label.name

    def test_signals_show_in_both_themes(self) -> None:
        """Lines of channels are seen on white and on the dark theme."""
        for channel in self.subject().domain.channels:
            least = min(contrast(channel.color, ground) for ground in (WHITE, NEAR_BLACK))
            expect(
                least >= ENOUGH,
                f"channel '{channel.name}' in {channel.color} has a contrast of {least:.1f}",
                f"Give it a color= of {ENOUGH:g} or more on {WHITE} and on {NEAR_BLACK}.",
            )

    def test_labeling_config_passes_our_lint(self) -> None:
        """Every view's config is one that shows up and works in the editor."""
        from tslab.lint.config_check import check_config

        for view, channels, config in self._configs():
            columns = [TIME_COLUMN, *(column_name(name) for name in channels)]
            found: Sequence[Finding] = check_config(config, columns)
            errors = [str(finding) for finding in found if finding.severity == "error"]
            expect(not errors, f"config of view '{view}': {' | '.join(errors)}")

    def test_labeling_config_passes_the_sdk(self) -> None:
        """Label Studio's own parser takes every view's config."""
        if importlib.util.find_spec("label_studio_sdk") is None:
            not_applicable("label-studio-sdk is not installed")
        interface = importlib.import_module("label_studio_sdk.label_interface").LabelInterface
        for view, _, config in self._configs():
            try:
                interface(config).validate()
            except Exception as error:
                text = f"the SDK refuses the config of view '{view}': {error}"
                raise ContractFailure(text) from error

    def test_labeling_config_offers_every_label(self) -> None:
        """A control for each tier of the view, with all of its labels."""
        from lxml import etree

        domain = self.subject().domain
        for view, _, config in self._configs():
            root = etree.fromstring(config.encode())
            for tier in domain.view_tiers(view):
                control = root.find(f".//TimeSeriesLabels[@name='{tier.name}']")
                expect(
                    control is not None,
                    f"config of view '{view}' has no TimeSeriesLabels named '{tier.name}'",
                    "Annotations are matched to tiers by that name.",
                )
                shown = {item.get("value") for item in root.iter("Label")}
                missing = [label.name for label in tier.labels if label.name not in shown]
                expect(not missing, f"config of view '{view}' lacks {', '.join(missing)}")

    def test_hooks_import_nothing_heavy(self) -> None:
        """Loading the domain leaves the big libraries alone and prints nothing."""
        entry = self.subject().entry
        given = [entry.name, entry.group, entry.module, entry.distribution, entry.version]
        code = [sys.executable, "-W", "ignore", "-c", PROBE, json.dumps(given)]
        paths = os.pathsep.join(path or os.curdir for path in sys.path)
        done = subprocess.run(
            [*code, json.dumps(sorted(HEAVY))],
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        expect(done.returncode == 0, f"a fresh Python cannot load the domain: {last}")
        printed, _, heavy = done.stdout.partition("\nPROBE ")
        found = json.loads(heavy)
        expect(not found, f"loading imports {', '.join(found)}", "Import it in the functions.")
        expect(not printed.strip(), f"loading prints {printed.strip()[:60]!r}", "Print nothing.")

    def _configs(self) -> Iterator[tuple[str, tuple[str, ...], str]]:
        """View, channels and config of every distinct set of channels among the samples."""
        from lxml import etree

        subject = self.subject()
        wanted = {(task.view, task.channels) for sample in subject.samples for task in sample.tasks}
        for view, channels in sorted(wanted):
            text = subject.plugins.labeling_config(subject.domain, view, channels)
            try:
                root = etree.fromstring(text.encode())
            except etree.XMLSyntaxError as error:
                raise ContractFailure(f"config of view '{view}' is no XML: {error}") from error
            subject.plugins.edit_labeling_config(root, subject.domain, view)
            yield view, channels, str(etree.tostring(root, encoding="unicode"))


def _hotkeys(domain: Domain, view: str) -> list[tuple[str, str]]:
    found = [
        (label.hotkey, f"label '{label.name}'")
        for tier in domain.view_tiers(view)
        for label in tier.labels
    ]
    for item in (*domain.fields, *domain.task_fields):
        found += [(choice.hotkey, f"choice '{choice.value}'") for choice in item.choices]
    return [(key, what) for key, what in found if key]
