"""Browsers, what they must never meet on the way, and how to look at a page."""
