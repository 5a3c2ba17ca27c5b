"""The contract test: what every domain promises, one named check for each promise.

```python
from tslab.testing import DomainContract


class TestPump(DomainContract):
    domain = "pump"
```
"""

from __future__ import annotations

from tslab.testing.declaration_checks import DeclarationChecks
from tslab.testing.label_checks import LabelChecks
from tslab.testing.recording_checks import RecordingChecks
from tslab.testing.segmenter_checks import SegmenterChecks


class DomainContract(DeclarationChecks, RecordingChecks, SegmenterChecks, LabelChecks):
    """Inherit and set `domain`; pytest runs the checks, and so does `tslab plugin check`."""

    @classmethod
    def check_names(cls) -> list[str]:
        """Names of all checks, in the order in which they run."""
        names: list[str] = []
        for group in (DeclarationChecks, RecordingChecks, SegmenterChecks, LabelChecks, cls):
            names += [name for name in vars(group) if name.startswith("test_")]
        return list(dict.fromkeys(names))
