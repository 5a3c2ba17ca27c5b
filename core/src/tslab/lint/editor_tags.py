"""What tags and attributes Label Studio 1.23 honours; neither its server nor its SDK knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

Kind = Literal["object", "region", "answer", "item", "part", "visual"]
"""Object shows data; region control draws on it; answer control asks; item is one of a choice;
part belongs to an object; visual only lays out."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a tag.

    Attributes:
        name: As the documentation spells it; the editor lowers names before it looks.
        type: ``text``, ``bool``, ``number``, ``int``, ``color``, ``pair`` or ``choice``.
        required: Whether the tag does not work without it.
        choices: The values that a ``choice`` takes.
    """

    name: str
    type: str = "text"
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag: what it is and its attributes by lower-case name."""

    name: str
    kind: Kind
    attributes: Mapping[str, Attribute]


_MACROS = {
    "@visible": "visibleWhen=region-selected|no-region-selected|choice-selected|choice-unselected "
    "whenTagName whenLabelValue whenChoiceValue whenRole",
    "@control": "name! toName!",
    "@asked": "required:bool requiredMessage perRegion:bool perItem:bool whenLabelValue "
    "displayMode=tag|region-list",
    "@labels": "name! toName! choice=single|multiple maxUsages:number showInline:bool "
    "opacity:number fillColor:color fillOpacity:number strokeColor:color strokeWidth:number "
    "allowEmpty:bool groupDepth value @visible",
    "@shape": "name! toName! opacity:number fillColor:color strokeColor:color strokeWidth:number "
    "canRotate:bool smart:bool smartOnly:bool snap=pixel|none",
    "@points": "pointSize=small|medium|large pointStyle=rectangle|circle snap=pixel|none",
    "@vector": "closable:bool curves:bool skeleton:bool minPoints maxPoints "
    "pointSizeEnabled:number pointSizeDisabled:number",
    "@prose": "valueType=url|text inline:bool saveTextResult=yes|no|none "
    "encoding=none|base64|base64unicode selectionEnabled:bool clickableLinks:bool "
    "highlightColor:color showLabels:bool granularity=symbol|word|sentence|paragraph",
    "@styled": "style className idAttr",
}

_OBJECTS = {
    "TimeSeries": "name! value! valueType=url|json timeColumn timeFormat timeDisplayFormat "
    "durationDisplayFormat sep overviewChannels overviewWidth fixedScale:bool sync "
    "cursorColor:color",
    "Audio": "name! value! defaultSpeed defaultScale defaultZoom defaultVolume hotkey sync "
    "height:number waveHeight:number spectrogram:bool splitChannels:bool decoder player",
    "Video": "name! value! frameRate:number sync muted:bool height:number timelineHeight:number "
    "defaultPlaybackSpeed:number minPlaybackSpeed:number",
    "Image": "name! value! valueList smoothing:bool width maxWidth zoom:bool negativeZoom:bool "
    "zoomBy:number grid:bool gridSize:number gridColor:color zoomControl:bool "
    "brightnessControl:bool contrastControl:bool rotateControl:bool crosshair:bool "
    "horizontalAlignment=left|center|right verticalAlignment=top|center|bottom "
    "defaultZoom=auto|original|fit crossOrigin=none|anonymous|use-credentials",
    "Text": "name! value! @prose",
    "HyperText": "name! value! @prose",
    "Paragraphs": "name! value! valueType=json|url audioUrl sync showPlayer:bool "
    "saveTextResult=yes|no layout=none|dialogue nameKey textKey contextScroll:bool",
    "Chat": "name! value! messageRoles editable:bool minMessages maxMessages llm",
    "List": "name! value! title",
    "Pdf": "name value!",
    "Table": "name value! valueType",
}

_PARTS = {
    "Channel": "column! legend units displayFormat height:number strokeColor:color "
    "strokeWidth:number markerColor:color markerSize:number "
    "markerSymbol=circle|cross|diamond|square|star|triangle|wye timeRange:pair dataRange:pair "
    "showAxis:bool showYAxis:bool fixedScale:bool",
    "MultiChannel": "height:number showAxis:bool showYAxis:bool fixedScale:bool",
}

_REGIONS = {
    "TimeSeriesLabels": "@labels",
    "Labels": "@labels",
    "HyperTextLabels": "@labels",
    "ParagraphLabels": "@labels",
    "TimelineLabels": "@labels",
    "RectangleLabels": "@labels canRotate:bool snap=pixel|none",
    "EllipseLabels": "@labels canRotate:bool",
    "KeyPointLabels": "@labels snap=pixel|none",
    "PolygonLabels": "@labels @points",
    "VectorLabels": "@labels @points @vector",
    "BrushLabels": "@labels",
    "BitmaskLabels": "@labels",
    "Rectangle": "@shape",
    "Ellipse": "@shape",
    "KeyPoint": "@shape",
    "Polygon": "@shape @points",
    "Vector": "@shape @points @vector",
    "Brush": "@shape choice=single|multiple maxUsages:number showInline:bool",
    "Bitmask": "@shape choice=single|multiple maxUsages:number showInline:bool",
    "Magicwand": "@control opacity:number blurRadius:number defaultThreshold:number",
    "VideoRectangle": "@control",
}

_ANSWERS = {
    "Choices": "@control choice=single|single-radio|multiple showInline:bool value "
    "allowNested:bool layout=select|inline|vertical @asked @visible",
    "Rating": "@control maxRating:int defaultValue:number size=small|medium|large icon hotkey "
    "@asked",
    "Number": "@control min:number max:number step defaultValue:number hotkey slider:bool @asked",
    "TextArea": "@control value label placeholder maxSubmissions:number editable:bool "
    "transcription:bool skipDuplicates:bool rows:number showSubmitButton:bool "
    "allowSubmit:bool @asked @visible",
    "Taxonomy": "@control apiUrl leafsOnly:bool showFullPath:bool pathSeparator "
    "maxUsages:number maxWidth:number minWidth:number dropdownWidth:number placeholder "
    "labeling:bool legacy:bool value @asked @visible",
    "DateTime": "@control only format min max @asked @visible",
    "Pairwise": "@control selectionStyle leftClass rightClass",
    "Ranker": "@control",
}

_ITEMS = {
    "Label": "value! selected:bool maxUsages:number hint hotkey alias showAlias:bool aliasStyle "
    "size background:color selectedColor:color granularity=symbol|word|sentence|paragraph html "
    "category:int",
    "Choice": "value! selected:bool alias style hotkey html hint color:color",
    "Relation": "value! background:color",
    "Shortcut": "value! alias hotkey background:color",
    "Bucket": "name! title! default:bool",
}

_VISUALS = {
    "View": "display=block|inline @styled @visible",
    "Header": "value size:int style underline:bool",
    "Markdown": "value @styled @visible",
    "Style": "value",
    "Collapse": "value size style accordion:bool bordered:bool open:bool",
    "Panel": "value open:bool",
    "Filter": "name toName placeholder minLength:number style hotkey caseSensitive:bool",
    "Relations": "choice=single|multiple",
    "Repeater": "on! indexFlag mode",
}

_TABLES: tuple[tuple[Kind, Mapping[str, str]], ...] = (
    ("object", _OBJECTS),
    ("part", _PARTS),
    ("region", _REGIONS),
    ("answer", _ANSWERS),
    ("item", _ITEMS),
    ("visual", _VISUALS),
)

EFFECTLESS = {
    ("TimeSeries", "multiaxis"): "the renderer ignores it; put the channels into a MultiChannel",
    ("TimeSeries", "hotkey"): "a time series listens to no key of its own",
    ("TimeSeries", "defaultwidth"): "it does not exist; the first view is set by overviewWidth",
    ("Channel", "interpolation"): "lines are drawn straight from sample to sample whatever it says",
    ("Channel", "defaultwidth"): "it does not exist; the first view is set by overviewWidth",
}
"""Attributes that people write, that raise no error and change nothing; why, by lower-case name."""

CURVES = (
    *("curvebasis", "curvebasisopen", "curvebundle", "curvecardinal", "curvecardinalopen"),
    *("curvecatmullrom", "curvecatmullromopen", "curvelinear", "curvemonotonex"),
    *("curvemonotoney", "curvenatural", "curveradial", "curvestep", "curvestepafter"),
    "curvestepbefore",
)
"""What Channel's interpolation may say, in lower case."""

EXACT_NAMES = {"name": "name", "toname": "toName", "value": "value"}
"""Attributes that the server reads too, and it looks at the case of their letters."""

PLACES = {
    "Channel": ("TimeSeries", "MultiChannel"),
    "MultiChannel": ("TimeSeries",),
    "Label": tuple(name for name in _REGIONS if name.endswith("Labels")),
    "Choice": ("Choices", "Taxonomy", "Choice"),
    "Relation": ("Relations",),
    "Bucket": ("Ranker", "List"),
    "Panel": ("Collapse",),
}
"""Tags that only work somewhere inside one of these."""

_IMAGE = ("Image", "Video", "Pdf")
OBJECTS_OF = {
    "TimeSeriesLabels": ("TimeSeries",),
    "Labels": ("Text", "HyperText", "Audio", "Paragraphs", *_IMAGE),
    "HyperTextLabels": ("HyperText", "Text"),
    "ParagraphLabels": ("Paragraphs",),
    "TimelineLabels": ("Video",),
    "VideoRectangle": ("Video",),
    "Ranker": ("List",),
}
"""Objects that a control can draw on; image tools draw on images, answers fit everything."""


def objects_of(control: Tag) -> tuple[str, ...]:
    """Names of the objects that a control works with; empty means all of them."""
    return OBJECTS_OF.get(control.name, _IMAGE if control.kind == "region" else ())


@cache
def tags() -> Mapping[str, Tag]:
    """All tags by name."""
    return {
        name: Tag(name, kind, _attributes(spec))
        for kind, table in _TABLES
        for name, spec in table.items()
    }


def _attributes(spec: str) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    for word in spec.split():
        if word.startswith("@"):
            found |= _attributes(_MACROS[word])
        else:
            attribute = _attribute(word)
            found[attribute.name.lower()] = attribute
    return found


def _attribute(word: str) -> Attribute:
    if "=" in word:
        name, _, choices = word.partition("=")
        return Attribute(name, "choice", choices=tuple(choices.split("|")))
    name, _, kind = word.partition(":")
    return Attribute(name.rstrip("!"), kind or "text", required=name.endswith("!"))
