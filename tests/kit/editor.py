"""Drive Label Studio's editor (1.23) in a browser through Playwright.

Every action waits for its effect: there is no sleep here.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from playwright.sync_api import Page, Response

from kit.editor_fields import Fields
from kit.editor_scripts import SELECTED
from kit.editor_view import TIMEOUT, Region


def login(page: Page, url: str, email: str, password: str) -> None:
    """Log in through the form."""
    page.goto(f"{url}/user/login/")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(
        lambda address: "/user/login" not in address, wait_until="commit", timeout=TIMEOUT
    )


def open_task(page: Page, url: str, project: int, task: int) -> Editor:
    """Open one task in the Data Manager and wait until it is drawn."""
    page.goto(f"{url}/projects/{project}/data?task={task}")
    editor = Editor(page)
    editor.wait_drawn(task)
    return editor


class Editor(Fields):
    """The open editor on a page."""

    def results(self) -> list[dict[str, Any]]:
        """What the editor would submit now."""
        return json.loads(
            self.page.evaluate("JSON.stringify(Htx.annotationStore.selected.serializeAnnotation())")
        )

    def press_label(self, hotkey: str) -> None:
        """Press a label's hotkey and wait until its selection changed."""
        before = self._selected_labels()
        self._leave_inputs()
        self.page.keyboard.press(hotkey)
        self._until(
            "([code, before]) => JSON.stringify(eval(code)()) !== before",
            f"({SELECTED})",
            json.dumps(before, separators=(",", ":")),
        )

    def drag(self, start: float, end: float, pane: int = 0) -> Region:
        """Drag from one time to another with the selected labels; return the new region."""
        x0, y = self.pixel(start, pane)
        x1, _ = self.pixel(end, pane)
        before = {region.id for region in self.regions()}
        self.page.mouse.move(x0, y)
        self.page.mouse.down()
        self.page.mouse.move((x0 + x1) / 2, y, steps=4)
        self.page.mouse.move(x1, y, steps=4)
        self.page.mouse.up()
        return self._new_region(before)

    def wait_unlabelled(self) -> None:
        """Waits until no label is selected, as the editor does after a region was drawn."""
        self._until("([code]) => eval(code)().every((labels) => !labels.length)", f"({SELECTED})")

    def double_click(self, time: float, pane: int = 0) -> Region:
        """Double click at a time with the selected labels: an instant; return it."""
        x, y = self.pixel(time, pane)
        before = {region.id for region in self.regions()}
        self.page.mouse.move(x, y)
        self.page.mouse.dblclick(x, y, delay=10)
        return self._new_region(before)

    def select_region(self, index: int) -> Region:
        """Select a region through the Regions panel (its order is the panel's), as somebody would who cannot see it."""
        region = self.regions()[index]
        return self.select(region.id)

    def select(self, region_id: str) -> Region:
        """Select a region by id: a click inside it where it is in view, else through the store."""
        self._leave_inputs()
        region = next(region for region in self.regions() if region.id == region_id)
        if not region.selected:
            start, end = self.view()
            mid = (region.start + region.end) / 2
            alone = [other for other in self.regions() if other.start <= mid <= other.end]
            if start <= mid <= end and len(alone) == 1 and not region.instant:
                x, y = self.pixel(mid)
                self.page.mouse.click(x, y)
            else:
                self.page.evaluate(
                    "(id) => { const a = Htx.annotationStore.selected; a.selectArea(a.regions.find((r) => r.cleanId === id)); }",
                    region_id,
                )
        self._until(
            "([id]) => Htx.annotationStore.selected.regions.some((r) => r.cleanId === id && r.selected)",
            region_id,
        )
        return next(region for region in self.regions() if region.id == region_id)

    def unselect(self) -> None:
        """Unselect every region."""
        self._leave_inputs()
        self.page.keyboard.press("Escape")
        self._until("() => !Htx.annotationStore.selected.regions.some((r) => r.selected)")

    def resize(
        self, region_id: str, edge: Literal["start", "end"], time: float, pane: int = 0
    ) -> Region:
        """Drag one edge of a region to a time."""
        region = next(region for region in self.regions() if region.id == region_id)
        was = region.start if edge == "start" else region.end
        x0, y = self.pixel(was, pane)
        x1, _ = self.pixel(time, pane)
        self.page.mouse.move(x0, y)
        self.page.mouse.down()
        self.page.mouse.move((x0 + x1) / 2, y, steps=4)
        self.page.mouse.move(x1, y, steps=4)
        self.page.mouse.up()
        self._until(
            "([id, edge, was]) => Htx.annotationStore.selected.regions.some((r) => r.cleanId === id && Number(r[edge]) !== was)",
            region_id,
            edge,
            was,
        )
        return next(region for region in self.regions() if region.id == region_id)

    def submit(self) -> dict[str, Any]:
        """Submit a new annotation; return the server's answer."""
        return self._save("Submit", "/annotations", "POST")

    def update(self) -> dict[str, Any]:
        """Update the annotation that is open; return the server's answer."""
        return self._save("Update", "/api/annotations/", "PATCH")

    def _save(self, button: str, path: str, method: str) -> dict[str, Any]:
        self._leave_inputs()

        def is_it(response: Response) -> bool:
            return path in response.url and response.request.method in (method, "PUT")

        with self.page.expect_response(is_it, timeout=TIMEOUT) as waiting:
            self.page.locator(".lsf-bottombar button").filter(has_text=button).click()
        response = waiting.value
        if not response.ok:
            raise AssertionError(
                f"{method} {response.url}: {response.status} {response.text()[:300]}"
            )
        saved: dict[str, Any] = response.json()
        # the editor loads the task again (or, in the label stream, the next one): until then the old plots are still there
        self._until(
            "([id]) => { const a = window.Htx && Htx.annotationStore && Htx.annotationStore.selected; return a && (String(a.pk) === String(id)"
            " || (Htx.task && !Htx.annotationStore.annotations.some((x) => x === a && x.userGenerate && x.sentUserGenerate === undefined))); }",
            saved["id"],
        )
        self.wait_drawn()
        return saved

    def _selected_labels(self) -> list[str]:
        return self.page.evaluate(SELECTED)

    def _new_region(self, before: set[str]) -> Region:
        self._until(
            "([before]) => Htx.annotationStore.selected.regions.some((r) => !before.includes(r.cleanId))",
            sorted(before),
        )
        return next(region for region in self.regions() if region.id not in before)
