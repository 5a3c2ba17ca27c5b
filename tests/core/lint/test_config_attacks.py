"""Configs that attack whoever reads them: entities, expansion, nesting."""

from __future__ import annotations

from pathlib import Path

from tslab.lint.config_check import check_config


def codes(xml: str | bytes) -> list[str]:
    return [finding.code for finding in check_config(xml)]


def test_external_entity_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("top secret")
    xml = f'<!DOCTYPE v [<!ENTITY x SYSTEM "file://{secret}">]><View><Header value="a"/>&x;</View>'
    for document in (xml, xml.encode(), xml.encode("utf-16"), "<!-- a -->\n<?b c?>" + xml):
        (finding,) = check_config(document)
        assert finding.code == "TSL016"
        assert "secret" not in str(finding)


def test_billion_laughs_is_refused() -> None:
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    xml = f'<?xml version="1.0"?><!DOCTYPE v [<!ENTITY a0 "ha">{entities}]><View>&a11;</View>'
    assert codes(xml) == ["TSL016"]
    assert codes(xml.replace("<!DOCTYPE", "<!doctype")) == ["TSL016"]


def test_deep_nesting_is_an_error_not_a_crash() -> None:
    for depth in (200, 300, 5000):
        found = codes("<View>" * depth + "</View>" * depth)
        assert found
        assert set(found) <= {"TSL015", "TSL050"}
