"""An agent in a notebook: looks for missing values whenever somebody's cell sets `data`."""

from __future__ import annotations

import sys

from rtstore.client.blocking import connect

with connect(sys.argv[1]) as server, server.notebook(sys.argv[2]) as notebook:
    notebook.presence.set(status="looking for missing values")
    print("watching", notebook.path, flush=True)
    seen: set[tuple[str, int | None]] = set()
    for change in notebook.cell_changes():
        cell = change.cell
        if change.what != "state" or cell.is_running or not cell.source.startswith("data ="):
            continue
        if (ran := (cell.id, cell.execution_count)) in seen:
            continue
        seen.add(ran)
        check = notebook.append_cell("sum(value is None for value in data)").run().done()
        if check.error:
            notebook.append_cell(f"I can't look: {check.error.evalue}", "markdown")
        elif (missing := check.outputs[-1]["data"]["text/plain"]) != "0":
            notebook.append_cell(f"**Missing values in `data`: {missing}**", "markdown")
