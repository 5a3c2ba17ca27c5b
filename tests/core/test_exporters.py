"""Exports read back equal: every kind of text that a table could mistake for something else."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tslab.annotation import Annotation
from tslab.contracts import Exporter
from tslab.domain import Domain
from tslab.errors import DataError, ProjectError
from tslab.exporters.json_files import JsonExporter
from tslab.exporters.tables import TableExporter
from tslab.spans import Span, sort_key

EXPORTERS = {e.name: e for e in (TableExporter("csv", ""), TableExporter("parquet", ""))}
EVERY = {**EXPORTERS, "json": JsonExporter()}
TEXTS = (
    *("=1+1", "+1", "-1", "@x", "'", "'=1", "''=1", "'x", "1", "1.0", "true", "null", "nan"),
    *(
        "a,b",
        'say "x"',
        "two\nlines",
        "tab\there",
        "größe 温度",
        " ",
        "#N/A",
        "\t=1",
        "\r\n",
        "N/A",
    ),
)


def annotation(*spans: Span, **more: Any) -> Annotation:
    given = {"recording": "rec-a", "annotator": "a@b.org", "view": "all"}
    return Annotation(**{**given, **more}, spans=sorted(spans, key=sort_key))


def there_and_back(
    exporter: Exporter, annotations: list[Annotation], folder: Path, domain: Domain
) -> list[Annotation]:
    paths = exporter.write(annotations, {}, folder, domain)
    again = exporter.read(paths, {}, domain)
    assert again is not None
    again = [dataclasses.replace(a, extents=tuple(a.extents), spans=list(a.spans)) for a in again]
    return sorted(again, key=lambda a: (a.recording, a.view, a.annotator, a.ground_truth))


@pytest.mark.parametrize("name", sorted(EVERY))
@pytest.mark.parametrize("text", TEXTS)
def test_texts_survive(name: str, text: str, tmp_path: Path, demo_domain: Domain) -> None:
    span = Span(1, 2, "N", "rhythm", fields={"note": text}, id="-Ab_1", origin="manual")
    given = annotation(span, annotator=text, recording="=rec")
    assert there_and_back(EVERY[name], [given], tmp_path, demo_domain) == [given]


@pytest.mark.parametrize("name", sorted(EVERY))
@settings(max_examples=100)
@given(data=st.data())
def test_generated_labels_survive(
    some_worlds: st.SearchStrategy[Any], data: st.DataObject, name: str, tmp_path_factory: Any
) -> None:
    world = data.draw(some_worlds)
    kept = [s for s in world.spans if s.fields.get("note") != ""]
    if not kept:
        return
    folder = tmp_path_factory.getbasetemp()
    given = annotation(*kept)
    assert there_and_back(EVERY[name], [given], folder, world.domain) == [given]


@pytest.mark.parametrize("name", sorted(EVERY))
def test_annotators_views_and_truth_stay_apart(
    name: str, tmp_path: Path, demo_domain: Domain
) -> None:
    span = Span(1, 2, "N", "rhythm", id="i")
    given = [
        annotation(span, annotator="a", ground_truth=False, lead_time=1.5),
        annotation(span, annotator="a", ground_truth=True),
        annotation(span, annotator="b", view="other"),
        annotation(span, recording="rec-b"),
    ]
    again = there_and_back(EVERY[name], given, tmp_path, demo_domain)
    key = dataclasses.astuple
    assert sorted(map(str, map(key, again))) == sorted(map(str, map(key, given)))


@pytest.mark.parametrize("name", sorted(EVERY))
def test_nothing_is_a_file_without_rows(name: str, tmp_path: Path, demo_domain: Domain) -> None:
    given = [] if name != "json" else [annotation()]
    assert there_and_back(EVERY[name], [annotation()], tmp_path, demo_domain) == given


@pytest.mark.parametrize("name", sorted(EVERY))
def test_the_same_labels_give_the_same_bytes(
    name: str, tmp_path: Path, demo_domain: Domain
) -> None:
    spans = [Span(1, 2, "N", "rhythm", fields={"note": "x"}), Span(0, 1, "Leak", "event")]
    contents = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        (path,) = EVERY[name].write([annotation(*spans)], {}, folder, demo_domain)
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]


def test_a_spreadsheet_sees_no_formula(tmp_path: Path, demo_domain: Domain) -> None:
    spans = [Span(i, i + 1, "N", "rhythm", fields={"note": text}) for i, text in enumerate(TEXTS)]
    (path,) = EXPORTERS["csv"].write(
        [annotation(*spans, annotator="=cmd()")], {}, tmp_path, demo_domain
    )
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(TEXTS)
    for row in rows:
        for cell in (row["note"], row["annotator"]):
            assert cell[:1] not in {"=", "+", "-", "@", "\t", "\r"}


def test_a_table_has_codes_and_a_column_for_each_field(tmp_path: Path, make_domain: Any) -> None:
    tier = {"name": "rhythm", "kind": "states", "labels": [{"name": "N", "code": "(N"}]}
    domain = make_domain(tiers=(tier,), views=())
    fields = {"causes": ("a", "d"), "severity": 3.0}
    (path,) = EXPORTERS["csv"].write(
        [annotation(Span(0.1, 2, "N", "rhythm", 0.5, fields))], {}, tmp_path, domain
    )
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["code"], row["start"], row["causes"], row["severity"]) == ("(N", "0.1", "a|d", "3")
    assert row["note"] == ""


@pytest.mark.parametrize("name", sorted(EVERY))
def test_a_tier_or_label_that_the_domain_lost_is_written_all_the_same(
    name: str, tmp_path: Path, demo_domain: Domain
) -> None:
    given = annotation(Span(1, 2, "Old", "gone"), Span(1, 2, "Old", "rhythm"))
    assert there_and_back(EVERY[name], [given], tmp_path, demo_domain) == [given]


@pytest.mark.parametrize("name", sorted(EVERY))
def test_a_full_disk_leaves_nothing(
    name: str, tmp_path: Path, demo_domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    for target in (
        "tslab.files._write_all",
        "pyarrow.csv.write_csv",
        "pyarrow.parquet.write_table",
    ):
        monkeypatch.setattr(target, full)
    with pytest.raises(ProjectError, match="Free some space"):
        EVERY[name].write([annotation(Span(1, 2, "N", "rhythm"))], {}, tmp_path, demo_domain)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_json_export_is_named(tmp_path: Path, demo_domain: Domain) -> None:
    (tmp_path / "annotations.json").write_text("{")
    with pytest.raises(DataError, match=r"annotations\.json' is not valid JSON"):
        JsonExporter().read([tmp_path / "annotations.json"], {}, demo_domain)
