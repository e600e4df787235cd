"""Reading what one run put out from its kernel's log."""

from __future__ import annotations

from rtstore.redis_backend.output_log import OutputLog, content_of
from rtstore.schema.giants import Beside
from rtstore.schema.ids import EntryId
from rtstore.schema.run import Run
from rtstore.schema.run_outputs import RunOutputs
from rtstore.schema.said import Said


async def read_run(
    log: OutputLog,
    run: Run,
    beside: Beside,
    *,
    spills: int = 0,
    until: EntryId | None = None,
    beyond_end: bool = True,
) -> RunOutputs:
    """What a run put out that was sent, up to an entry. Raises StoreUnavailable.

    `beyond_end`: with what it said, and what others changed in it, after it was over.
    `beside` and `spills`: see RunOutputs.
    """
    found = RunOutputs(run, beside, spills=spills)
    position = EntryId.parse(run.sent_at)
    while not (found.is_full or (found.is_over and not beyond_end)):
        entries = await log.read(position)
        if not entries:
            break
        if entries[0].id > await log.dropped() > position:
            found.lack()
        for entry in entries:
            if until is not None and entry.id > until:
                return found
            position = entry.id
            if not found.wants(entry.kind, entry.type, entry.parent):
                continue
            text = await log.text(entry)
            told = content_of(text)
            said = Said(str(entry.id), entry.kind, entry.type, entry.parent, told, entry.ts)
            found.take(said, len(text))
    return found
