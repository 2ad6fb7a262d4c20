"""The main job of the pages, step by step, for any hands: a mouse, a keyboard, with scripts and without."""
