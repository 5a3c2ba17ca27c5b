"""A plugin without mistakes, and mistakes that may be put into it."""

from __future__ import annotations

SOURCE = """
import itertools, random
import numpy as np
from tslab import *

COUNTER = itertools.count()

DOMAIN = Domain(
    name="lake",
    title="Lake",
    channels=(Channel(name="level", unit="m"), Channel(name="speed", derived=True)),
    tiers=(
        Tier(name="tide", kind="states", labels=(
            Label(name="Ebb", hotkey="e", color="#111111"),
            Label(name="Flood", hotkey="f", color="#222222"))),
        Tier(name="horn", kind="instants", labels=(Label(name="Blow", hotkey="b"),)),
    ),
    views=(View(name="water", tiers=("tide",)), View(name="sound", tiers=("horn",))),
    page_seconds=10,
)

@hookimpl
def tslab_domain():
    return DOMAIN

def speed(recording):
    return np.gradient(recording.signal("level").values())

@hookimpl
def tslab_derived_channels(recording):
    level = recording.signal("level")
    values = speed(recording)
    return [Signal.from_array("speed", values, level.sampling_rate, derived=True)]

class Levels:
    version = "levels-1"
    def segment(self, recording):
        half = recording.duration / 2
        return [Span(0.0, half, "Ebb", "tide", 0.5),
                Span(half, recording.duration, "Flood", "tide", 0.5),
                Span(half, half, "Blow", "horn", 0.5)]

class Learner:
    end = None
    @property
    def version(self):
        return f"until-{self.end}" if self.end else "untrained"
    def fit(self, examples, progress):
        progress(0.5, "learning")
        self.end = max(s.end for e in examples for s in e.spans) / 4
        return {}
    def segment(self, recording):
        if not self.end:
            raise DataError("it has not learned yet", "Train it.")
        return [Span(0.0, self.end, "Ebb", "tide", 0.4)]
    def save(self, folder):
        (folder / "end.txt").write_text(str(self.end))
    def load(self, folder):
        self.end = float((folder / "end.txt").read_text())

@hookimpl
def tslab_segmenters():
    return [SegmenterSpec("levels", "Two halves", lambda _: Levels()),
            SegmenterSpec("learner", "Learns an end", lambda _: Learner(), trainable=True)]

class Overlap:
    name, tier_kinds = "overlap", ("states",)
    def components(self, reference, hypothesis, context):
        both = [s for s in reference if s in hypothesis]
        return {"both": len(both), "all": len(reference)}
    def value(self, components):
        return components["both"] / components["all"] if components["all"] else None

@hookimpl
def tslab_agreement_metrics():
    return [Overlap()]

@hookimpl
def tslab_check_annotation(annotation):
    return [] if annotation.spans else [Finding("LAK001", "warning", "nothing is marked")]

class Lines:
    name, title, scope = "lines", "A line for each span", "recording"
    def write(self, annotations, recordings, folder, domain):
        path = folder / "lines.txt"
        spans = [s for a in annotations for s in a.spans]
        path.write_text("".join(f"{s.start!r} {s.end!r} {s.label} {s.tier}\\n" for s in spans))
        return [path]
    def read(self, paths, recordings, domain):
        rows = [line.split() for line in paths[0].read_text().splitlines()]
        spans = [Span(float(a), float(b), label, tier) for a, b, label, tier in rows]
        return [Annotation(next(iter(recordings)), "annotator-1", spans)]

@hookimpl
def tslab_exporters():
    return [Lines()]

@hookimpl
def tslab_sample_recordings():
    values = np.round(np.sin(np.arange(600) / 20), 3)
    recording = Recording("", (Signal.from_array("level", values, 10.0, "m"),), 60.0)
    truth = (Span(0.0, 25.0, "Ebb", "tide"), Span(25.0, 60.0, "Flood", "tide"),
             Span(3.1, 3.1, "Blow", "horn"))
    return [SampleRecording("calm", recording, truth)]
"""
MISTAKES = {
    "comma in a label": (
        ('"Ebb", hotkey', '"Ebb, low", hotkey'),
        "texts_fit_the_editor",
        "stray spaces or a comma",
    ),
    "untidy title": (('title="Lake"', 'title="Lake  of\\nus"'), "texts_fit_the_editor", "tidy"),
    "another domain each time": (
        ("return DOMAIN", 'return DOMAIN.model_copy(update={"title": f"Lake {next(COUNTER)}"})'),
        "declaration_is_equal_on_every_call",
        "differently",
    ),
    "two labels of one colour": (
        ("#222222", "#111111"),
        "colours_tell_labels_apart",
        "'Flood' and 'Ebb' are #111111",
    ),
    "heavy import": (
        ("import numpy as np", "import numpy as np\nimport pandas"),
        "hooks_import_nothing_heavy",
        "loading imports pandas",
    ),
    "prints on import": (
        ("COUNTER =", 'print("hello")\nCOUNTER ='),
        "hooks_import_nothing_heavy",
        "loading prints 'hello'",
    ),
    "config without labels": (
        (
            "class Overlap",
            "@hookimpl\ndef tslab_edit_labeling_config(root):\n"
            '    control = root.find("TimeSeriesLabels")\n'
            "    control.remove(control[0])\n\nclass Overlap",
        ),
        "labeling_config_offers_every_label",
        "lacks",
    ),
    "random samples": (
        ("np.arange(600) / 20", "np.arange(600) / 20 + random.random()"),
        "sample_recordings_are_deterministic",
        "differs on a second call",
    ),
    "truth outside the recording": (
        ('Span(25.0, 60.0, "Flood"', 'Span(25.0, 61.0, "Flood"'),
        "sample_truth_fits_the_domain",
        "ends after the recording",
    ),
    "lossy file": (
        (
            '[SampleRecording("calm", recording, truth)]',
            '[SampleRecording("calm", recording, truth, write=write)]\n\n'
            'def write(folder):\n    path = folder / "a.csv"\n'
            '    path.write_text("time,level\\n" + "".join(f"{i / 10},7\\n" for i in range(600)))\n'
            "    return path\n",
        ),
        "sample_recordings_survive_their_files",
        "values of level change",
    ),
    "derived NaN": (
        ('np.gradient(recording.signal("level").values())', "np.full(600, np.nan)"),
        "derived_channels_are_finite",
        "has NaN where nothing is missing",
    ),
    "derived name taken": (
        ('"speed", values', '"level", values'),
        "derived_channels_are_finite",
        "takes a used name",
    ),
    "tasks leave out a part": (
        (
            "class Overlap",
            "@hookimpl\ndef tslab_make_tasks(recording):\n    r = recording.id\n"
            '    return [Task(f"{r}-{v}", r, v, 0.0, 50.0, ("level",), 1000)\n'
            '            for v in ("water", "sound")]\n\nclass Overlap',
        ),
        "tasks_cover_the_recording",
        "10 s are in no task",
    ),
    "task ids twice": (
        (
            "class Overlap",
            "@hookimpl\ndef tslab_make_tasks(recording):\n"
            '    return [Task(f"{recording.id}", recording.id, v, 0.0, 60.0, ("level",), 1000)\n'
            '            for v in ("water", "sound")]\n\nclass Overlap',
        ),
        "tasks_fit_the_editor",
        "two tasks share an id",
    ),
    "segmenter without version": (
        ('version = "levels-1"', 'version = ""'),
        "segmenters_can_be_made",
        "has no version",
    ),
    "segmenter with a bad name": (
        ('"levels", "Two halves"', '"Levels!", "Two halves"'),
        "segmenters_can_be_made",
        "segmenter name 'Levels!'",
    ),
    "segmenter overlaps states": (
        (
            'Span(half, recording.duration, "Flood"',
            'Span(half / 2, recording.duration, "Flood"',
        ),
        "segmenters_find_legal_spans",
        "overlaps",
    ),
    "segmenter gives no scores": (
        ('"Blow", "horn", 0.5', '"Blow", "horn"'),
        "segmenters_give_scores",
        "leaves out scores",
    ),
    "segmenter is random": (
        ('"Ebb", "tide", 0.5', '"Ebb", "tide", random.random()'),
        "segmenters_are_deterministic",
        "something else the second time",
    ),
    "segmenter chokes on missing values": (
        (
            "half = recording.duration / 2",
            'half = round(float(recording.signal("level").values().mean()) * 0 + 30) / 60\n'
            "        half *= recording.duration",
        ),
        "segmenters_survive_poor_signals",
        "raised ValueError: cannot convert float NaN to integer",
    ),
    "learner does not say so": (
        ("Learner(), trainable=True", "Learner()"),
        "trainable_segmenters_say_so",
        "'learner' can learn and its spec says trainable=False",
    ),
    "says that it learns and cannot": (
        ("lambda _: Levels())", "lambda _: Levels(), True)"),
        "trainable_segmenters_say_so",
        "'levels' cannot learn and its spec says trainable=True",
    ),
    "untrained under another name": (
        ('else "untrained"', 'else "0"'),
        "trainable_segmenters_say_so",
        "calls itself '0' before it learned",
    ),
    "segments before it learned": (
        ('raise DataError("it has not learned yet", "Train it.")', "return []"),
        "trainable_segmenters_say_so",
        "segments before it has learned",
    ),
    "learns something else each time": (
        (
            "for e in examples for s in e.spans) / 4",
            "for e in examples for s in e.spans) / 4 + random.random()",
        ),
        "trainable_segmenters_learn",
        "'learner', trained twice, is another model",
    ),
    "saves half of it": (
        ("write_text(str(self.end))", "write_text(str(self.end / 2))"),
        "trainable_segmenters_learn",
        "'learner', saved and loaded, is another model",
    ),
    "learns to leave the recording": (
        ("for e in examples for s in e.spans) / 4", "for e in examples for s in e.spans) * 4"),
        "trainable_segmenters_learn",
        "ends after the recording",
    ),
    "prediction of another view": (
        (
            "class Overlap",
            "@hookimpl\ndef tslab_predict(segmenter, recording):\n"
            "    return segmenter.segment(recording)\n\nclass Overlap",
        ),
        "predictions_keep_to_their_view",
        "spans of horn",
    ),
    "error about the truth": (
        (
            'return [] if annotation.spans else [Finding("LAK001", "warning"',
            'return [] if not annotation.spans else [Finding("LAK001", "error"',
        ),
        "check_annotation_accepts_the_truth",
        "nothing is marked",
    ),
    "no stable code": (
        ('"LAK001"', '"oops"'),
        "check_annotation_answers_about_silence",
        "finding code 'oops'",
    ),
    "metric that is never perfect": (
        ('components["both"] /', '0.5 * components["both"] /'),
        "metrics_are_perfect_with_themselves",
        "is 0.5, not 1 or 0",
    ),
    "metric that is always perfect": (
        ('components["both"] / components["all"] if', "1.0 if"),
        "metrics_are_perfect_with_themselves",
        "with itself and with silence",
    ),
    "exporter loses spans": (
        ("for s in a.spans]\n", "for s in a.spans[1:]]\n"),
        "exporters_write_and_read_back",
        "reads back",
    ),
    "exporter outside its folder": (
        ("return [path]", "return [folder.parent / 'x.txt']"),
        "exporters_write_and_read_back",
        "not in its folder",
    ),
    "exporter of no scope": (
        ('"A line for each span", "recording"', '"A line for each span", "day"'),
        "exporters_write_and_read_back",
        "scope is 'day'",
    ),
    "hook that raises": (
        ("return [Overlap()]", "raise RuntimeError('no licence')"),
        "metrics_are_perfect_with_themselves",
        "hook tslab_agreement_metrics raised RuntimeError: no licence",
    ),
}
