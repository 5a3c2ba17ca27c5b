"""Rhythms and beats with the codes of the WFDB format, as the MIT-BIH databases use them.

Rhythm codes are the aux strings of `+` annotations; the leading parenthesis belongs to them. Codes
marked as extensions are ours: no public database defines one.
"""

from __future__ import annotations

from tslab import Channel, Choice, Domain, Label, RegionField, TaskField, Tier, View

UNLABELLED = "(UNLABELLED"
"""Extension: written where a rhythm ends and nobody labelled what follows."""

_RHYTHMS = (
    # name, code, hotkey, colour, description
    ("Normal", "(N", "n", "#2E7D32", "Sinus rhythm: P before every QRS, 50 to 100/min"),
    ("Sinus brady", "(SBR", "d", "#66BB6A", "Sinus rhythm below 50/min"),
    ("Sinus tachy", "(ST", "h", "#9E9D24", "Sinus rhythm above 100/min; extension of WFDB"),
    ("AFIB", "(AFIB", "f", "#D32F2F", "Atrial fibrillation: no P waves, irregular RR"),
    ("AFL", "(AFL", "g", "#F57C00", "Atrial flutter: saw-tooth near 300/min"),
    ("SVTA", "(SVTA", "s", "#7B1FA2", "Supraventricular tachyarrhythmia, narrow QRS"),
    ("Atrial bigeminy", "(AB", "a", "#AB47BC", "Every second beat atrial premature"),
    ("Junctional", "(NOD", "j", "#5D4037", "AV junctional rhythm: no or retrograde P"),
    ("VT", "(VT", "v", "#B71C1C", "Ventricular tachycardia: 3 wide beats or more, 100/min"),
    ("Bigeminy", "(B", "b", "#EC407A", "Every second beat ventricular"),
    ("Trigeminy", "(T", "t", "#F06292", "Every third beat ventricular"),
    ("IVR", "(IVR", "i", "#8D6E63", "Idioventricular rhythm: wide QRS below 100/min"),
    ("VFL", "(VFL", "l", "#880E4F", "Ventricular flutter: regular sine-like waves"),
    ("VF", "(VF", "x", "#4A148C", "Ventricular fibrillation: no QRS, chaotic"),
    ("Asystole", "(ASYS", "y", "#212121", "No beats"),
    ("Pause", "(PAUSE", "e", "#37474F", "RR of 2.5 s or more; extension of WFDB"),
    ("AV block I", "(BI", "1", "#0288D1", "PR above 200 ms"),
    ("AV block II", "(BII", "2", "#0277BD", "Some P waves without QRS"),
    ("AV block III", "(BIII", "3", "#01579B", "P and QRS independent; extension of WFDB"),
    ("Pre-excitation", "(PREX", "w", "#00838F", "Delta wave, short PR"),
    ("Paced", "(P", "p", "#455A64", "Pacing spikes before the beats"),
    ("Noise", "(NOISE", "z", "#9E9E9E", "Unreadable: no rhythm can be claimed"),
)

RHYTHM = Tier(
    name="rhythm",
    title="Rhythm",
    kind="states",
    exhaustive=True,
    labels=tuple(
        Label(name=name, code=code, hotkey=key, color=color, description=text)
        for name, code, key, color, text in _RHYTHMS
    ),
)

_BEATS = (
    ("Normal beat", "N", "n", "#2E7D32", "Normal beat"),
    ("LBBB", "L", "l", "#00838F", "Left bundle branch block beat"),
    ("RBBB", "R", "r", "#0277BD", "Right bundle branch block beat"),
    ("APC", "A", "a", "#7B1FA2", "Atrial premature beat"),
    ("Aberrated APC", "a", "b", "#AB47BC", "Aberrated atrial premature beat"),
    ("Junctional premature", "J", "j", "#5D4037", "Nodal (junctional) premature beat"),
    ("SVPB", "S", "s", "#6A1B9A", "Supraventricular premature beat"),
    ("Atrial escape", "e", "t", "#9575CD", "Atrial escape beat"),
    ("PVC", "V", "v", "#D32F2F", "Premature ventricular contraction"),
    ("R-on-T", "r", "o", "#B71C1C", "R-on-T premature ventricular contraction"),
    ("Ventricular escape", "E", "e", "#F57C00", "Ventricular escape beat"),
    ("Fusion", "F", "w", "#EC407A", "Fusion of ventricular and normal beat"),
    ("Paced beat", "/", "p", "#455A64", "Paced beat"),
    ("Paced fusion", "f", "f", "#78909C", "Fusion of paced and normal beat"),
    ("Unclassifiable", "Q", "q", "#757575", "Beat that cannot be classified"),
    ("Blocked P", "x", "x", "#8D6E63", "Non-conducted P wave"),
    ("Artefact", "|", "z", "#9E9E9E", "Isolated QRS-like artefact"),
)

BEATS = Tier(
    name="beats",
    title="Beat at its R peak",
    kind="instants",
    tolerance_seconds=0.15,  # EC57: beats match within 150 ms
    labels=tuple(
        Label(name=name, code=code, hotkey=key, color=color, description=text)
        for name, code, key, color, text in _BEATS
    ),
)

_LEADS = (
    ("I", ("ECG I", "MDC_ECG_LEAD_I", "lead I", "DI")),
    ("II", ("ECG II", "MDC_ECG_LEAD_II", "MLII", "ML2", "lead II", "DII", "EKG", "ECG", "ECG1")),
    ("III", ("ECG III", "MDC_ECG_LEAD_III", "MLIII", "lead III", "DIII")),
    ("aVR", ("ECG aVR", "MDC_ECG_LEAD_AVR")),
    ("aVL", ("ECG aVL", "MDC_ECG_LEAD_AVL")),
    ("aVF", ("ECG aVF", "MDC_ECG_LEAD_AVF")),
    ("V1", ("ECG V1", "MDC_ECG_LEAD_V1", "MV1", "ML1", "mod.V1")),
    ("V2", ("ECG V2", "MDC_ECG_LEAD_V2", "MV2")),
    ("V3", ("ECG V3", "MDC_ECG_LEAD_V3")),
    ("V4", ("ECG V4", "MDC_ECG_LEAD_V4")),
    ("V5", ("ECG V5", "MDC_ECG_LEAD_V5", "CM5", "MV5", "CC5")),
    ("V6", ("ECG V6", "MDC_ECG_LEAD_V6")),
    ("ECG2", ("CM2", "ch2", "ECG 2")),
    ("ECG3", ("CM4", "ch3", "ECG 3")),
)

HEART_RATE = Channel(
    name="HR",
    title="Heart rate",
    unit="bpm",
    color="#d94646",
    display_format=".0f",
    derived=True,
)

CHANNELS = (
    *(
        Channel(name=name, unit="mV", aliases=aliases, color="#4c6fe0", display_format=".2f")
        for name, aliases in _LEADS
    ),
    HEART_RATE,
)

LEAD_NAMES = tuple(name for name, _ in _LEADS)

DOMAIN = Domain(
    name="ecg",
    title="ECG rhythm and beats",
    health=True,
    tiers=(RHYTHM, BEATS),
    channels=CHANNELS,
    views=(
        View(
            name="rhythm",
            title="Rhythm",
            tiers=("rhythm",),
            channels=(*LEAD_NAMES, "HR"),
            overview=("HR",),
            window_seconds=300,
            page_seconds=30,
            hint="Every moment has one rhythm; read the heart rate below first.",
        ),
        View(
            name="beats",
            title="Beats",
            tiers=("beats",),
            channels=LEAD_NAMES,
            window_seconds=60,
            page_seconds=10,
            hint="Double-click at the R peak.",
        ),
    ),
    fields=(
        RegionField(name="quality", kind="rating", title="Signal quality", maximum=5),
        RegionField(
            name="confidence",
            kind="choice",
            title="Confidence",
            choices=(
                Choice(value="certain", hotkey="7"),
                Choice(value="probable", hotkey="8"),
                Choice(value="possible", hotkey="9"),
            ),
        ),
        RegionField(name="note", kind="text", title="Note"),
    ),
    task_fields=(
        TaskField(
            name="strip",
            kind="choice",
            title="This strip",
            choices=(
                Choice(value="usable", hotkey="4"),
                Choice(value="partly usable", hotkey="5"),
                Choice(value="unusable", hotkey="6"),
            ),
        ),
    ),
    max_gap_seconds=2.0,
    metadata=("age", "age_band", "sex", "device", "indication", "medication", "history"),
    instructions=(
        "<p>Not for diagnosis. Label what the strip shows, at 25 mm/s and 10 mm/mV in your "
        "mind: the time axis is in seconds, amplitudes in mV.</p>"
        "<p><b>Rhythm:</b> every moment carries one rhythm. A rhythm starts at the first beat "
        "that shows it and ends where the next one starts. Atrial fibrillation is irregular "
        "and has no P waves. Call it Noise where no lead can be read.</p>"
        "<p><b>Beats:</b> double-click at the R peak, with the label's key pressed before.</p>"
    ),
)
"""Effective until tslab.yaml changes it."""
