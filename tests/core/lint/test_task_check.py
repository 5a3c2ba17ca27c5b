"""Task tables and task JSON, read by the editor's rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tslab.lint.task_check import check_task_csv, check_tasks

GOOD = "time,ii,hr\n0,0.1,60\n4,-0.2,60.5\n8,1e-3,61\n"

TABLES = [
    ("empty cell", "4,-0.2,", "4,,", "TSL035", "row 2, column 'ii'|empty|draws 0"),
    ("empty cell at the end", "-0.2,60.5", "-0.2,", "TSL035", "row 2, column 'hr'|empty"),
    ("blank cell", "4,-0.2,", "4, ,", "TSL035", "row 2, column 'ii'|empty"),
    ("NaN", "-0.2", "NaN", "TSL035", "row 2, column 'ii'|not finite"),
    ("nan", "-0.2", "nan", "TSL035", "row 2, column 'ii'|not finite"),
    ("null", "-0.2", "null", "TSL035", "'null'|no number"),
    ("infinite", "-0.2", "-inf", "TSL035", "row 2|not finite"),
    ("text", "1e-3", "low", "TSL035", "row 3, column 'ii'|'low'"),
    ("quoted number", "1e-3", '"0.001"', "TSL035", "row 3, column 'ii'|'\"0.001\"'"),
    ("two bad rows", "4,-0.2,60.5\n8,1e-3", "4,x,60.5\n8,y", "TSL035", "row 2|1 more below"),
    ("unsorted", "8,1e-3", "3,1e-3", "TSL020", "row 3, column 'time'|before"),
    ("repeated time", "8,1e-3", "4,1e-3", "TSL021", "row 3, column 'time'|repeats"),
    ("fraction of a tick", "\n8,", "\n8.5,", "TSL026", "row 3, column 'time'|whole"),
    ("time with text", "\n8,", "\n08:00,", "TSL035", "row 3, column 'time'|'08:00'"),
    ("empty time", "\n8,", "\n,", "TSL035", "row 3, column 'time'|empty"),
    ("capital column", "time,ii", "time,II", "TSL013", "column 'II'|'ii'"),
    ("quoted header", "time,ii", 'time,"ii"', "TSL013", '"ii"'),
    ("nameless column", "time,ii,hr", "time,ii,", "TSL013", "empty"),
    ("numbers as header", "time,ii,hr", "1,2,3", "TSL013", "first row of data"),
    ("doubled column", "time,ii,hr", "time,ii,ii", "TSL009", "'ii' and 'ii'"),
    ("colliding column", "time,ii,hr", "time,ii,II", "TSL009", "'ii' and 'II'"),
    ("missing column", "time,ii,hr", "time,iii,hr", "TSL008", "'ii'|Did you mean 'iii'"),
    ("missing time", "time,ii", "t,ii", "TSL008", "'time' is missing"),
    ("separator", GOOD, GOOD.replace(",", ";"), "TSL014", "no ','"),
    ("short first row", "\n0,0.1,60", "\n0,0.1", "TSL039", "row 1|3 cells|2"),
    ("short row", "8,1e-3,61", "8,1e-3", "TSL039", "row 3|2 cells|3"),
    ("long row", "4,-0.2,60.5", "4,-0.2,60.5,1", "TSL039", "row 2|4 cells"),
    ("one row", GOOD, "time,ii,hr\n0,1,2\n", "TSL038", "1 row"),
    ("header only", GOOD, "time,ii,hr\n", "TSL038", "no rows"),
    ("empty file", GOOD, "", "TSL038", "empty"),
    ("words only", GOOD, "time,ii,hr\na,b,c\nd,e,f\n", "TSL013", "looks like"),
]  # fmt: skip


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "t1.csv"
    path.write_text(text, newline="")
    return path


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.rstrip(),
        "\ufeff" + GOOD,
        GOOD + "\n\n",
        GOOD.replace("0.1", " 0.1 "),
    ],
)
def test_good_table_has_no_finding(tmp_path: Path, text: str) -> None:
    assert check_task_csv(table(tmp_path, text), ["ii", "hr"]) == []


def test_columns_that_the_config_does_not_draw_do_not_matter(tmp_path: Path) -> None:
    text = "time,ii,note\n0,1,fine\n4,2,\n"
    assert check_task_csv(table(tmp_path, text), ["ii"]) == []
    assert check_task_csv(table(tmp_path, text), ["II"], "TIME") == []


def test_table_without_time_column_and_with_another_separator(tmp_path: Path) -> None:
    path = table(tmp_path, "ii;hr\n1;2\n3;4\n")
    assert check_task_csv(path, ["ii", "hr"], "", separator=";") == []


@pytest.mark.parametrize(
    ("old", "new", "code", "words"), [c[1:] for c in TABLES], ids=[c[0] for c in TABLES]
)
def test_broken_table(tmp_path: Path, old: str, new: str, code: str, words: str) -> None:
    assert old in GOOD
    findings = check_task_csv(table(tmp_path, GOOD.replace(old, new, 1)), ["ii", "hr"])
    found = [finding for finding in findings if finding.code == code]
    assert found, findings
    text = " ".join(map(str, found))
    for word in words.split("|"):
        assert word in text
    assert "t1.csv" in text


def test_all_problems_are_listed_at_once_with_true_row_numbers(tmp_path: Path) -> None:
    text = "time,ii,hr\n0,,1\n1,1\n2,1,x\n3,1\n2,1,1\n2.5,1,1\n"
    found = {(f.code, f.place) for f in check_task_csv(table(tmp_path, text), ["ii", "hr"])}
    assert ("TSL035", "t1.csv, row 1, column 'ii'") in found
    assert ("TSL039", "t1.csv, row 2") in found
    assert ("TSL035", "t1.csv, row 3, column 'hr'") in found
    assert ("TSL039", "t1.csv, row 4") in found
    assert ("TSL026", "t1.csv, row 6, column 'time'") in found


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    (finding,) = check_task_csv(tmp_path / "gone.csv", ["ii"])
    assert (finding.code, finding.place) == ("TSL011", "gone.csv")
    path = tmp_path / "binary.csv"
    path.write_bytes(b"\xff\xfe\x00,\n\x01\n")
    assert [f.code for f in check_task_csv(path, ["ii"])] == ["TSL035"]


def _many(tmp_path: Path, rows: int, channels: int) -> Path:
    names = [f"c{i}" for i in range(channels)]
    values = np.round(np.random.default_rng(1).normal(size=(rows, channels)), 4)
    block = np.column_stack([np.arange(rows) * 4, values])
    path = tmp_path / "many.csv"
    header = ",".join(["time", *names])
    np.savetxt(
        path, block, fmt=["%d", *["%.4f"] * channels], delimiter=",", header=header, comments=""
    )
    return path


def test_budget_of_rows(tmp_path: Path) -> None:
    path = _many(tmp_path, 100_001, 1)
    assert check_task_csv(path, ["c0"]) == []
    path.write_text(path.read_text() + "400004,1\n")
    assert [f.code for f in check_task_csv(path, ["c0"])] == ["TSL030"]


def test_budget_of_values(tmp_path: Path) -> None:
    path = _many(tmp_path, 40_002, 30)
    columns = [f"c{i}" for i in range(30)]
    (finding,) = check_task_csv(path, columns)
    assert finding.code == "TSL032"
    assert "30 channels" in finding.message
    assert check_task_csv(path, columns[:29]) == []


@settings(max_examples=150)
@given(st.text(alphabet="0123456789.,;-+eENan\"' \n\r\ttime", max_size=80))
def test_any_text_gives_findings_never_an_exception(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        path.write_text("time,ii\n" + text, newline="")
        check_task_csv(path, ["ii"])
        path.write_text(text, newline="")
        check_task_csv(path, ["ii"])


# --- tasks ---------------------------------------------------------------------------------

CONFIG = """<View><Markdown value="$device, $info"/>
  <TimeSeriesLabels name="l" toName="ts"><Label value="A" hotkey="a"/></TimeSeriesLabels>
  <TimeSeries name="ts" value="$csv" timeColumn="time"><Channel column="II"/></TimeSeries></View>"""
INLINE = CONFIG.replace('value="$csv"', 'value="$csv" valueType="json"')


def task(number: int = 1, **data: Any) -> dict[str, Any]:
    given = {"csv": f"tasks/all/t{number}.csv", "task": f"t{number}", "device": "A", "info": "-"}
    return {"data": given | data, "meta": {"start_us": 300000000, "channels": ["II"]}}


def test_good_tasks_have_no_finding() -> None:
    assert check_tasks([task(1), task(2)], CONFIG) == []
    served = [
        task(1, csv="/data/local-files/?d=tasks/a.csv"),
        task(2, csv="/data/upload/5/a1234567-x.csv"),
    ]
    assert check_tasks(served, CONFIG) == []
    window = "00:05:00 - 00:10:00"
    assert check_tasks([task(1, window=window, age=61, weight=80.5, part="1 of 7")], CONFIG) == []


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"info": "call jo.doe@clinic.example"}, "TSL070", "e-mail|task t1.data.info"),
        ({"info": "patient 00123456"}, "TSL070", "8 digits"),
        ({"pid": 1234567}, "TSL070", "7 digits|data.pid"),
        ({"info": "from doe_jane_holter"}, "TSL070", "doe_jane_holter"),
        ({"tags": ["x", "a@b.de"]}, "TSL070", "e-mail|data.tags"),
        ({"deep": {"born": "1961-04-30"}}, "TSL071", "1961-04-30|data.deep.born"),
        ({"info": "on 3.4.2021"}, "TSL071", "3.4.2021"),
        ({"info": "12 March 2020"}, "TSL071", "12 March 2020"),
        ({"csv": "/home/jane/a.csv"}, "TSL075", "/home/jane/a.csv"),
        ({"info": r"C:\holter\a.csv"}, "TSL075", "holter"),
        ({"info": "file:///tmp/a"}, "TSL075", "file:"),
        ({"csv": 7}, "TSL012", "int|address"),
        ({"csv": ""}, "TSL012", "no time series"),
        ({"csv": None}, "TSL012", "no time series"),
        ({"csv": {"time": [0], "ii": [1]}}, "TSL012", 'valueType|"url"'),
        ({"info": None}, "TSL012", "null|data.info"),
    ],
)
def test_broken_task(change: dict[str, Any], code: str, words: str) -> None:
    findings = check_tasks(
        [task(1, **change)], CONFIG, source_names=["in/doe_jane_holter.edf", "100.dat"]
    )
    found = [finding for finding in findings if finding.code == code]
    assert found, findings
    for word in words.split("|"):
        assert word in " ".join(map(str, found))


def test_missing_keys() -> None:
    broken = task(1)
    broken["data"]["cvs"] = broken["data"].pop("csv")
    del broken["data"]["device"]
    errors = {(f.code, f.severity): str(f) for f in check_tasks([broken, {"id": 5}], CONFIG)}
    assert "'csv'" in errors["TSL011", "error"] or "no data" in errors["TSL011", "error"]
    assert "'device'" in errors["TSL011", "warning"]
    assert "Did you mean 'cvs'?" in " ".join(map(str, check_tasks([broken], CONFIG)))


def test_doubled_ids() -> None:
    (finding,) = check_tasks([task(1), task(2), task(1)], CONFIG)
    assert finding.code == "TSL074"
    assert "number 1" in finding.message
    assert [f.code for f in check_tasks([{"id": 1, **task(1)}, {"id": 1, **task(2)}], CONFIG)] == [
        "TSL074"
    ]
    assert check_tasks([{"data": {"csv": "a", "device": "x", "info": "x"}}] * 2, CONFIG) == []


@pytest.mark.parametrize(
    ("series", "code", "words"),
    [
        ({"Time": [0], "ii": [1]}, "TSL010", "'time', not 'Time'"),
        ({"time": [0, 1]}, "TSL008", "'II'"),
        ({"time": [0, 1], "ii": [1]}, "TSL039", "1, 2"),
        ({"time": [0, 2, 1], "ii": [1, 1, 1]}, "TSL020", "row 3"),
        ({"time": [0, 1], "ii": [1, None]}, "TSL035", "row 2 is null"),
        ({"time": [0, 1], "ii": [1, "NaN"]}, "TSL035", "row 2 is 'NaN'"),
        ("tasks/a.csv", "TSL012", 'valueType="url"'),
    ],
)
def test_inline_series(series: object, code: str, words: str) -> None:
    found = [f for f in check_tasks([task(1, csv=series)], INLINE) if f.code == code]
    assert found
    assert words in str(found[0])


def test_good_inline_series() -> None:
    assert check_tasks([task(1, csv={"time": [0, 1], "ii": [1, 2.5]})], INLINE) == []
    assert check_tasks([task(1, csv='{"time": [0], "ii": [1]}')], INLINE) == []


def test_identity_is_not_looked_for_where_nobody_minds() -> None:
    dated = task(1, info="serviced 2024-02-29 by a@b.de")
    assert check_tasks([dated], CONFIG, identity=False) == []
    assert len(check_tasks([dated], CONFIG)) == 2


def test_broken_config_is_reported() -> None:
    assert [f.code for f in check_tasks([task()], "<View>")] == ["TSL015"]
