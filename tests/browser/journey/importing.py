"""A list of customers: uploaded, reviewed, committed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, expect

from .traveller import LONG_MS, Traveller

VERDICTS = {
    "new": "verdict_new",
    "updates": "verdict_updates",
    "duplicate_in_file": "verdict_duplicate",
    "bad_phone": "verdict_bad_phone",
    "missing_name": "verdict_missing_name",
    "suppressed": "verdict_suppressed",
}


@dataclass(frozen=True)
class List:
    """A file, how many rows of each verdict are to be seen of it, and which good rows are left out."""

    file: Path
    counts: Mapping[str, int]
    left_out: tuple[int, int]

    @property
    def good(self) -> int:
        """How many rows can become customers."""
        return self.counts.get("new", 0) + self.counts.get("updates", 0)

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(self.counts.values())


def upload(traveller: Traveller, chosen: List, give: Callable[[Locator], None] | None = None) -> None:
    """Give the file to the page of imports, and wait until it is read. `give` brings it there in another way."""
    words = traveller.words("imports")
    traveller.navigate("Imports")
    traveller.picture("imports")
    if give:
        give(traveller.page.locator("[data-drop]"))
    else:
        traveller.hands.give(traveller.page.locator("#field-file"), chosen.file)
        traveller.press(words["upload"])
    traveller.page.wait_for_url("**/imports/imp_*", timeout=LONG_MS)
    traveller.until(traveller.link(words["go_on"]))


def review(traveller: Traveller, chosen: List) -> None:
    """See the verdicts, leave two rows out by their boxes, and see that they are out."""
    verdicts_are(traveller, chosen.counts, deleted=0)
    traveller.picture("preview-of-the-rows")
    words = traveller.words("imports")
    for row in chosen.left_out:
        box = traveller.page.get_by_role("checkbox", name=f"{row}행 선택", exact=True)
        traveller.hands.tick(box)
    if traveller.script:
        expect(traveller.page.get_by_role("status").filter(has_text="2행 선택")).to_be_visible()
    traveller.picture("two-rows-chosen")
    traveller.press(words["delete_chosen"])
    traveller.says("2행을 삭제했습니다.")
    verdicts_are(traveller, {**chosen.counts, "new": chosen.counts["new"] - 2}, deleted=2)
    for row in chosen.left_out:
        expect(traveller.page.locator(f"#row-{row}")).to_have_count(0)
    traveller.picture("two-rows-deleted")


def verdicts_are(traveller: Traveller, counts: Mapping[str, int], *, deleted: int) -> None:
    """The chips say exactly this."""
    words = traveller.words("imports")
    chips = traveller.page.get_by_role("navigation", name=words["verdicts_label"]).get_by_role("link")
    lines = [f"{words['all_rows']} {sum(counts.values()):,}"]
    lines += [f"{words[name]} {counts.get(verdict, 0):,}" for verdict, name in VERDICTS.items()]
    expect(chips).to_have_text([*lines, f"{words['deleted']} {deleted:,}"])


def commit(traveller: Traveller, chosen: List) -> None:
    """Make customers of them, in the groups that the file names, and see what became of every row."""
    words, added = traveller.words("imports"), chosen.good - 2
    traveller.follow(words["go_on"])
    expect(traveller.page.get_by_role("heading", name=words["commit_title"])).to_be_visible()
    expect(traveller.field(words["to_file"])).to_be_checked()
    traveller.picture("commit")
    traveller.press(f"{added:,}행 등록하기")
    traveller.until(traveller.page.get_by_text(f"새 고객 {added:,}명을 등록했습니다."))
    lines = {"outcome_added": added, "verdict_duplicate": chosen.counts.get("duplicate_in_file", 0)}
    lines |= {"verdict_bad_phone": chosen.counts.get("bad_phone", 0)}
    lines |= {"verdict_missing_name": chosen.counts.get("missing_name", 0), "deleted": 2, "result_total": chosen.rows}
    table = traveller.page.get_by_role("table", name=words["result_caption"])
    rows = [f"{words[name]} {count:,}" for name, count in lines.items() if count]
    expect(table.locator("tbody tr")).to_have_text(rows, use_inner_text=True)
    traveller.picture("result-of-the-import")
