/** Runs of a notebook's cells, as the server tells them, in words. */
import { clock, counting, lasting } from './words';

/** A cell's newest run. Times are milliseconds since 1970; 0: not known. */
export interface Run {
  id: string;
  cell: string;
  kernel: string;
  user: string;
  name: string;
  state: string;
  seq: number;
  requested: number;
  started: number;
  ended: number;
  why: string;
  /** The entry of the kernel's log that asked for it, and in which start of the kernel it ran. */
  at: string;
  generation: string;
  /** SHA-256 of the source that ran. */
  sha: string;
  /** What the server said of that start when the runs were read. */
  isEarlier: boolean;
  marks: readonly string[];
}

const OVER = new Set(['ok', 'error', 'aborted', 'lost']);

const MARKS: Record<string, string> = {
  edited: 'edited since it ran',
  earlier: 'ran before the kernel was restarted',
  'out of order': 'a cell above it ran later'
};

export const isOver = (run: Run): boolean => OVER.has(run.state);
export const isRunning = (run: Run): boolean => run.state === 'running' || run.state === 'sent';
export const who = (run: Run): string => run.name || run.user || 'somebody';

/** What the server tells of each cell, as runs; what is unknown is left empty. */
export function parse(told: Record<string, object>): Map<string, Run> {
  const runs = new Map<string, Run>();
  for (const [cell, found] of Object.entries(told)) {
    const one = found as Record<string, unknown>;
    const text = (key: string): string => String(one[key] ?? '');
    const number = (key: string): number => Number(one[key] ?? 0) || 0;
    runs.set(cell, {
      id: text('run'),
      cell,
      kernel: text('kernel'),
      user: text('user'),
      name: text('name'),
      state: text('state'),
      seq: number('seq'),
      requested: number('requested'),
      started: number('started'),
      ended: number('ended'),
      why: text('why'),
      at: text('at'),
      generation: text('generation'),
      sha: text('sha'),
      isEarlier: Array.isArray(one.marks) && one.marks.includes('earlier'),
      marks: []
    });
  }
  return runs;
}

/** Those that are not over, in the kernel's order. */
export function queue(runs: Iterable<Run>): Run[] {
  return [...runs]
    .filter(run => !isOver(run))
    .sort((a, b) => Number(isRunning(b)) - Number(isRunning(a)) || a.seq - b.seq || a.requested - b.requested);
}

/** How a run went, or goes: "took 1.2 s", "failed after 3 s", "did not run: …". */
export function how(run: Run, now = Date.now()): string {
  const took = run.started && run.ended ? lasting(run.ended - run.started) : '';
  switch (run.state) {
    case 'ok':
      return took;
    case 'error':
      return took ? `error after ${took}` : 'error';
    case 'aborted':
      return `did not run${run.why ? `: ${run.why}` : ''}`;
    case 'lost':
      return `lost${run.why ? `: ${run.why}` : ''}`;
    case 'requested':
      return `waits${run.requested ? ` for ${counting(now - run.requested)}` : ''}`;
    default:
      return `runs${run.started ? ` for ${counting(now - run.started)}` : ''}`;
  }
}

/** When it ended, or was asked for. */
export function when(run: Run): string {
  const at = run.ended || run.started || run.requested;
  return at ? clock(at) : '';
}

/** Why what the cell shows may not be what it says now, in plain words. */
export function doubts(run: Run): string[] {
  return run.marks.map(mark => MARKS[mark] ?? mark);
}
