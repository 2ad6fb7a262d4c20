"""Runs the whole of Dangol on one machine: `python3 local/run.py --help`."""
