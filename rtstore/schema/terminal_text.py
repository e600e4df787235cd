"""Writing to a stream's text as a terminal does: ``\\r``, ``\\b`` and ``\\n`` move the cursor.

Source: what JupyterLab's output area shows (``OutputAreaModel``), quirks and all.
"""

from __future__ import annotations

import re

_CONTROL = re.compile("[\n\b\r]")


def write(text: str, at: int, new: str) -> tuple[str, int]:
    """`text` and the cursor after `new` was written at the cursor `at`.

    The cursor is always in the last line: a line feed jumps to the end, a carriage return to the
    beginning of the line, after which characters are overwritten. A backspace deletes the
    character before the cursor, and the one under it too. Costs O(last line + new).
    """
    if at == len(text) and "\r" not in new and "\b" not in new:
        return text + new, at + len(new)
    start = text.rfind("\n") + 1
    line = text[start:]
    column = min(at - start, len(line)) if at >= start else len(line)
    done = [text[:start]]
    begin = 0
    while True:
        found = _CONTROL.search(new, begin)
        end = found.start() if found else len(new)
        line = line[:column] + new[begin:end] + line[column + end - begin :]
        column += end - begin
        if found is None:
            break
        match found.group():
            case "\n":
                done.append(line + "\n")
                line, column = "", 0
            case "\r":
                column = 0
            case _ if column > 0:
                line = line[: column - 1] + line[column + 1 :]
                column -= 1
        begin = end + 1
    whole = "".join((*done, line))
    return whole, len(whole) - len(line) + column
