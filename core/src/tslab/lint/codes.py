"""The catalogue of findings: a code keeps its meaning for ever, a message may be reworded."""

from __future__ import annotations

from typing import Literal, NamedTuple

from tslab.contracts import Finding


class Code(NamedTuple):
    """What a code stands for, and what helps unless the finding knows better."""

    meaning: str
    remedy: str


CODES: dict[str, Code] = {
    # Labeling config: tags, attributes, names
    "TSL001": Code("The editor knows no such tag", "Correct the tag's name."),
    "TSL002": Code("The tag knows no such attribute", "Correct or remove the attribute."),
    "TSL003": Code(
        "A control cannot work on that object", "Use the control made for this kind of data."
    ),
    "TSL004": Code("toName leads nowhere useful", "Name a data tag such as the TimeSeries."),
    "TSL005": Code("Two tags share a name", "Give every tag a name of its own."),
    "TSL006": Code("A label or choice is empty or doubled", "Give each one a value of its own."),
    "TSL007": Code("A TimeSeries draws no channel", "Add a Channel for each column to show."),
    "TSL008": Code("A column is not in the data", "Name a column of the task's table."),
    "TSL009": Code(
        "Two columns are one to the editor, which lowers names", "Rename one of the columns."
    ),
    "TSL010": Code("Inline data has keys with capitals", "Write the keys in lower case."),
    "TSL011": Code("A task lacks data that the config shows", "Add the key to the task's data."),
    "TSL012": Code("Task data has a type that the config cannot show", "Write what the tag takes."),
    "TSL013": Code("The first row would not be read as header", "Write plain lower-case names."),
    "TSL014": Code("The separator does not fit", "Name the separator that the file uses in sep."),
    "TSL015": Code("The config is no well-formed XML", "Mend the XML at that position."),
    "TSL016": Code("The config declares a DTD", "Remove the DOCTYPE; entities are not resolved."),
    "TSL017": Code("An attribute's value has the wrong type", "Write a value that it takes."),
    "TSL018": Code("A required attribute is missing", "Add the attribute."),
    "TSL019": Code("An attribute changes nothing", "Remove it."),
    # Time axis and tables
    "TSL020": Code("Time runs backwards", "Sort the rows by time."),
    "TSL021": Code("Rows share a time", "Use a finer unit of time, or drop the repeated rows."),
    "TSL022": Code("A time format and the times do not fit", "Use directives of d3's time format."),
    "TSL023": Code("%f loses microseconds", "Write milliseconds and use %L."),
    "TSL024": Code("The time format drops fractions of a second", "Add .%L, or use %Q."),
    "TSL025": Code("A zone letter after the fraction spoils the time", "Use %Q, or drop the zone."),
    "TSL026": Code("A time is not a whole number of ticks", "Write integer ms, 10 us or us."),
    "TSL027": Code(
        "Media in step need a time axis in seconds or dates",
        'Use integer milliseconds with timeFormat="%Q".',
    ),
    "TSL028": Code(
        "A display format does not fit the axis, the chart stays blank",
        'Add timeFormat (for milliseconds "%Q"), or use a number format.',
    ),
    "TSL029": Code("A column is named by its number", "Use the column's name."),
    "TSL030": Code("A task has too many rows", "Cut the recording into shorter windows."),
    "TSL032": Code("A task has too many values", "Show fewer channels or shorter windows."),
    "TSL035": Code("A cell is empty or no number", "Fill the cell, or split the task at the gap."),
    "TSL038": Code("A table has fewer than two rows", "Make the window longer."),
    "TSL039": Code("A row has the wrong number of cells", "Write one cell for each column."),
    # Hotkeys and colours
    "TSL040": Code("Two things share a hotkey", "Give each one a key of its own."),
    "TSL041": Code("The editor keeps that key for itself", "Choose another letter or digit."),
    "TSL042": Code(
        "A label without a key gets whichever is free", "Give every label of the config a key."
    ),
    "TSL044": Code("A hotkey is not one lower-case letter or digit", "Use a to z or 0 to 9."),
    "TSL045": Code(
        "Too many items for keys of the editor's choosing",
        'Give them hotkeys, or use layout="select" or a Taxonomy.',
    ),
    # Layout and references
    "TSL046": Code("A control offers nothing to choose", "Put labels or choices inside."),
    "TSL047": Code("A MultiChannel is empty", "Put channels inside, or remove it."),
    "TSL048": Code("A tag stands where the editor ignores it", "Move it into its own container."),
    "TSL049": Code("A data tag names no task data", "Write the key of the task's data after a $."),
    "TSL050": Code(
        "The config shows or asks nothing", "Build it from a View with data and labels."
    ),
    "TSL051": Code("A pane has more units than axes", "Group channels of one or two units."),
    "TSL052": Code("A sync group has one member", "Give the partner the same sync, or remove it."),
    "TSL053": Code(
        "A question about regions has no regions", "Add TimeSeriesLabels on the same object."
    ),
    "TSL054": Code(
        "A question about regions stands there while none is selected",
        'Put it into a View with visibleWhen="region-selected".',
    ),
    "TSL055": Code("A condition of visibility names nothing", "Name an existing tag and value."),
    "TSL056": Code("Two TimeSeries do not share zoom", "Put all channels into one TimeSeries."),
    "TSL057": Code(
        "Two sets of labels on one TimeSeries mix", "Show one set in each Label Studio project."
    ),
    "TSL058": Code("The overview cannot do that", "Name channels; give a width from 1% to 100%."),
    # Predictions
    "TSL060": Code("instant is missing or contradicts the times", "Set it to start == end."),
    "TSL061": Code("A region has no possible time", "Write start <= end inside the window."),
    "TSL062": Code("A label or choice is not in the config", "Use the values of the config."),
    "TSL063": Code("A region id is missing or used twice", "Give every region an id of its own."),
    "TSL064": Code("One model predicts a task twice", "Put all regions into one prediction."),
    "TSL066": Code("States overlap", "Make one end where the other begins."),
    "TSL067": Code("A score is not a number from 0 to 1", "Write a probability."),
    "TSL068": Code("A result names the wrong control", "Take names and types from the config."),
    "TSL069": Code("An answer belongs to no region", "Give it the id and times of its region."),
    # Privacy
    "TSL070": Code("Task data looks like an identity", "Drop it or replace it by a random id."),
    "TSL071": Code("Task data holds a calendar date", "Shift dates, or give ages and durations."),
    "TSL072": Code("The config fetches from another host", "Write it into the config instead."),
    "TSL073": Code("The config holds a script", "Remove it; the editor drops or runs it."),
    "TSL074": Code("Two tasks share an id", "Give every task an id of its own."),
    "TSL075": Code(
        "Task data shows a path of this machine", "Use a path below the project folder."
    ),
    # Annotations and predictions as they are read
    "TSL080": Code("The parts of a cut span disagree", "Make both equal in Label Studio."),
    "TSL081": Code("A result carries no value", "Delete and redraw the region."),
    "TSL082": Code("A result names an unknown control", "Pull with the config it was made with."),
    "TSL083": Code("An annotation has an unknown label", "Relabel the region."),
    "TSL084": Code("A region left its window", "Look at the region in Label Studio."),
    "TSL085": Code("A region lies outside its recording", "Redraw it inside the recording."),
    "TSL086": Code(
        "A range was drawn as an instant, or the other way round",
        "Drag for a range, double-click for an instant.",
    ),
    "TSL087": Code("A region is shorter or longer than its label allows", "Check its borders."),
    "TSL088": Code("A stretch that needs a label has none", "Label it, or skip the task."),
    "TSL089": Code("Somebody annotated a task twice", "Delete the others in Label Studio."),
    "TSL090": Code("Several ground truths say what holds", "Mark one annotation as ground truth."),
    "TSL091": Code(
        "Something is said about an unknown recording",
        "Add the recording, or delete its annotations.",
    ),
    "TSL092": Code(
        "A skipped annotation or a draft counts for nothing", "Submit it, if it should."
    ),
    "TSL093": Code("A time cannot be read", "Give the labeling config with --config."),
    "TSL094": Code("A verdict of the review cannot be used", "Give it anew in the review."),
    # More about predictions
    "TSL095": Code("An answer is outside what its control takes", "Write what the control offers."),
    "TSL096": Code("A prediction has no list of results", "Add result, a list that may be empty."),
    "TSL097": Code("A prediction does not say which model", "Set model_version."),
    "TSL098": Code("A prediction is for an unknown task", "Use the id of an existing task."),
    # How annotations came about
    "TSL110": Code("A lead time is no plausible number", "Look at the annotation."),
    "TSL111": Code("A time of an annotation is no date", "Pull again."),
    "TSL112": Code("The prediction behind an annotation is gone", "Keep predictions/."),
    "TSL113": Code("An annotation's task is gone", "Run 'tslab add' again to bring it back."),
    "TSL114": Code("An annotation's window ends before it starts", "Push and pull again."),
    "TSL115": Code("Label Studio cannot list drafts", "Update Label Studio."),
    "TSL116": Code("A region nearly repeats another of its annotator", "Delete one of them."),
    "TSL117": Code("Nothing of a reading can be read", "Delete and redraw its regions."),
    # Blind studies
    "TSL118": Code(
        "Somebody annotated in another rater's project, or in one for all from before",
        "Give each rater only his own address.",
    ),
    "TSL119": Code(
        "Several people annotated in one rater's project, or somebody who is no rater",
        "Say who reads ('tslab users add'); what others did is left out.",
    ),
    "TSL120": Code(
        "One person read a task in several raters' projects",
        "The reading in the own project counts; delete the stray in Label Studio.",
    ),
    "TSL121": Code(
        "A rater annotated a task that the plan gives to others",
        "It counts; look who brought it there.",
    ),
    # Reviews
    "TSL122": Code(
        "Reviewers decide a dispute differently",
        "It is open until one of them changes or deletes the answer.",
    ),
    "TSL123": Code(
        "A review's project is gone", "'tslab review' makes it again, for what is open."
    ),
    "TSL124": Code("A reviewer took verdicts back", "Their disputes are open again."),
    "TSL125": Code("An annotation's account is gone", "Disable accounts, do not delete them."),
    "TSL126": Code(
        "An event that was drawn up to a window's border from both sides counts as two",
        "If such are one event, set window: {join_events: true} in tslab.yaml.",
    ),
    "TSL127": Code(
        "The key of a review is missing", "Bring '.tslab/review-key.json' back from a copy."
    ),
    "TSL131": Code(
        "An export has predictions as numbers only",
        "Compare models in a study, or export predictions in full.",
    ),
    "TSL132": Code(
        "A reviewer decided disputes of own readings",
        "They count; let somebody review who did not read.",
    ),
    "TSL133": Code(
        "Verdicts hold no more, for readings have changed or are gone",
        "Their disputes are open again: tslab review.",
    ),
    # tslab.yaml
    "TSL100": Code(
        "tslab.yaml names an unknown segmenter", "'tslab predict --segmenter ?' lists them."
    ),
}


def finding(
    code: str,
    message: str,
    place: str = "",
    remedy: str = "",
    severity: Literal["error", "warning"] = "error",
) -> Finding:
    """A finding of the catalogue, with the catalogue's remedy unless a better one is given.

    Raises:
        KeyError: The catalogue has no such code.
    """
    return Finding(code, severity, message, place, remedy or CODES[code].remedy)
