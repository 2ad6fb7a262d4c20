#!/usr/bin/env python3
"""Entry of the local runner; see the package `dangol` beside this file."""

import sys

if sys.version_info < (3, 11):
    sys.exit("Dangol's local runner needs Python 3.11 or newer; this is " + sys.version.split()[0])

from dangol.cli import main  # after the check, which older versions must reach

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
