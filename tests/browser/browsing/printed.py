"""What comes out of the printer."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import zxingcpp
from PIL import Image
from playwright.sync_api import Page

_DOTS_PER_POINT = 300 / 72


def to_paper(page: Page, file: Path) -> list[Image.Image]:
    """Print a page to a PDF of A4 sheets, and give each sheet as a printer would put it down."""
    file.parent.mkdir(parents=True, exist_ok=True)
    page.pdf(path=file, prefer_css_page_size=True, format="A4", print_background=False)
    with pypdfium2.PdfDocument(file) as document:
        return [sheet.render(scale=_DOTS_PER_POINT).to_pil() for sheet in document]


def codes(sheet: Image.Image) -> list[str]:
    """What the QR codes on a sheet say, as a phone's camera reads them."""
    return [code.text for code in zxingcpp.read_barcodes(sheet) if code.valid]
