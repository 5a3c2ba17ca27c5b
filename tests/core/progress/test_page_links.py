"""From annotations in Label Studio to a page that leads back to them."""

from __future__ import annotations

import json
import re

from kit.progress_studies import Plant, minutes


def test_the_page_leads_to_the_tasks_that_were_pulled(plant: Plant) -> None:
    for n, who in enumerate(("ann", "bob")):
        plant.say(who, 3, [plant.region(3, 10 + 4 * n, 30)], minutes(n))
        plant.say(who, 5, [plant.region(5, 10, 30)], minutes(n + 5))
    plant.run("pull", "--quiet")
    target = plant.root / "page.html"
    plant.run("agreement", "--quiet", "--report", str(target))
    found = re.search(r'id="data">(.*?)</script>', target.read_text())
    assert found is not None
    data = json.loads(found[1])
    (dispute,) = data["review"]["rows"]
    assert dispute[3:5] == [310.0, 314.0]
    (number,) = [
        item["id"]
        for item in plant.server.data["tasks"].values()
        if item["data"]["task"] == plant.tasks[3].id
    ]
    assert dispute[-1].startswith(f"{plant.server.url}/projects/")
    assert dispute[-1].endswith(f"/data?task={number}")
    signals = data["tiers"][dispute[0]]["signals"]
    assert [channel[0] for channel in signals[str(dispute[1])]] == ["vibration", "temp"]
