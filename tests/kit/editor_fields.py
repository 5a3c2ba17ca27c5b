"""Answers in the fields beside the plots."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from kit.editor_view import TIMEOUT, View

_CHECKED = re.compile("checkbox-checked")


class Fields(View):
    """Fields of a region or a task, as somebody fills them in."""

    def set_rating(self, stars: int, name: str | None = None) -> None:
        """Click a star of the (named) visible rating."""
        rating = self._field(".ant-rate", "rating", name)
        rating.locator("li").nth(stars - 1).click()
        expect(rating.locator("li.ant-rate-star-full")).to_have_count(stars, timeout=TIMEOUT)

    def set_choice(self, text: str) -> None:
        """Click a visible choice (radio or box) by its text."""
        label = (
            self.page.locator(".lsf-choice:visible label")
            .filter(has=self.page.get_by_text(text, exact=True))
            .first
        )
        if not label.count():
            label = self.page.locator(".lsf-choice:visible label").filter(has_text=text).first
        label.click()
        expect(label.locator("input")).to_be_checked(timeout=TIMEOUT)

    def set_select(self, text: str, index: int = 0) -> None:
        """Choose in a Choices with layout="select" (the index-th one that is visible)."""
        trigger = self.page.locator(
            ".lsf-choices_layout_select:visible [data-slot=popover-trigger]"
        ).nth(index)
        trigger.click()
        options = self.page.locator("[data-radix-popper-content-wrapper]")
        search = options.locator("input")
        if search.count():
            search.first.fill(text)
        options.get_by_text(text, exact=True).first.click()
        expect(trigger).to_contain_text(text, timeout=TIMEOUT)
        expect(options).to_have_count(0, timeout=TIMEOUT)

    def set_taxonomy(self, path: list[str], index: int = 0) -> None:
        """Open the index-th visible taxonomy, open the parents, tick the leaf."""
        box = self.page.locator(".htx-taxonomy:visible").nth(index)
        box.locator(".ant-select-selector").click()
        menu = self.page.locator(
            ".htx-taxonomy-dropdown:visible, .ant-tree-select-dropdown:visible"
        ).last
        menu.wait_for(timeout=TIMEOUT)
        for depth, text in enumerate(path):
            node = (
                menu.locator(".ant-select-tree-treenode")
                .filter(has=self.page.get_by_text(text, exact=True))
                .first
            )
            if depth < len(path) - 1:
                if "ant-select-tree-treenode-switcher-close" in (node.get_attribute("class") or ""):
                    node.locator(".ant-select-tree-switcher").click()
            else:
                node.locator(".ant-select-tree-checkbox").click()
                expect(node).to_have_class(_CHECKED, timeout=TIMEOUT)
        self.page.keyboard.press("Escape")
        expect(menu).to_be_hidden(timeout=TIMEOUT)

    def set_note(self, text: str, name: str = "note") -> None:
        """Write into a visible TextArea and press Enter."""
        field = self.page.locator(
            f"[data-testid=textarea-input][name={name}]:visible, textarea[name={name}]:visible"
        ).first
        field.fill(text)
        field.press("Enter")
        self._until(
            "([text]) => JSON.stringify(Htx.annotationStore.selected.serializeAnnotation()).includes(JSON.stringify(text))",
            text,
        )
        self._leave_inputs()

    def _field(self, selector: str, type_: str, name: str | None) -> Locator:
        fields = self.page.locator(f"{selector}:visible")
        if name is None:
            return fields.first
        order = self.page.evaluate(
            "(type) => [...Htx.annotationStore.selected.names.values()].filter((t) => t.type === type && t.isVisible !== false).map((t) => t.name)",
            type_,
        )
        return fields.nth(order.index(name))
