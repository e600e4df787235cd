/** Whether a cell's newest run still means what one may think; as rtstore/schema/marks.py has it.
 *  The server says it too, seconds later. */
import type { ISharedCell } from '@jupyter/ydoc';
import { toHexString } from 'lib0/buffer';
import { digest } from 'lib0/hash/sha256';
import { isOver, type Run } from './runs';

const hashes = new WeakMap<ISharedCell, { source: string; sha: string }>();

/** The runs, each with its marks. `startsOf`: how often a kernel was started; undefined where that
 *  is not known, and then the server's word stands. */
export function marked(
  cells: readonly ISharedCell[],
  runs: ReadonlyMap<string, Run>,
  startsOf: (kernel: string) => number | undefined
): Map<string, Run> {
  const found = new Map(runs);
  const newest = new Map<string, Run>();
  for (const cell of cells) {
    const run = runs.get(cell.id);
    if (!run) continue;
    const marks: string[] = [];
    if (isOver(run) && run.state !== 'aborted') {
      if (run.sha && run.sha !== shaOf(cell)) marks.push('edited');
      const starts = startsOf(run.kernel);
      const isEarlier = starts && run.generation ? run.generation !== String(starts) : run.isEarlier;
      if (isEarlier) marks.push('earlier');
      const above = newest.get(run.kernel);
      if (above && isBefore(run.at, above.at)) marks.push('out of order');
      else newest.set(run.kernel, run);
    }
    found.set(cell.id, { ...run, marks });
  }
  return found;
}

function shaOf(cell: ISharedCell): string {
  const source = cell.getSource();
  let known = hashes.get(cell);
  if (known?.source !== source) {
    // Not the browser's own, which it has only for pages that came by https.
    known = { source, sha: toHexString(digest(new TextEncoder().encode(source))) };
    hashes.set(cell, known);
  }
  return known.sha;
}

/** Of two entries of a kernel's log, "<epoch>-<number>". */
function isBefore(one: string, other: string): boolean {
  const [a = 0, b = 0] = one.split('-').map(Number);
  const [c = 0, d = 0] = other.split('-').map(Number);
  return a < c || (a === c && b < d);
}
