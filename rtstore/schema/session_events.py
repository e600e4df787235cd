"""What is said of a document on Jupyter's event bus, where front ends and extensions listen."""

from __future__ import annotations

SCHEMA = "https://schema.jupyter.org/jupyter_collaboration/session/v1"
NEWS = "INFO"
ALARM = "ERROR"
"""Level of what a person has to act on: it is in JupyterLab's log console, in our words.

Not WARNING: the stock front end answers each of those with a dialog of its own words, which tell
the user that the file is open in two views, and to close this one.
"""
