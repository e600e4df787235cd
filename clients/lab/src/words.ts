/** Times and names as people read them. */

/** "4.2 s", "3 min 5 s", "2 h 10 min". */
export function lasting(ms: number): string {
  const s = Math.max(0, ms) / 1000;
  if (s < 0.05) return 'under 0.1\u00a0s';
  if (s < 10) return `${s.toFixed(1)}\u00a0s`;
  if (s < 60) return `${Math.floor(s)}\u00a0s`;
  if (s < 3600) return `${Math.floor(s / 60)}\u00a0min ${Math.floor(s % 60)}\u00a0s`;
  return `${Math.floor(s / 3600)}\u00a0h ${Math.floor((s % 3600) / 60)}\u00a0min`;
}

/** As `lasting`, in whole seconds: for what counts up while one looks. */
export function counting(ms: number): string {
  const s = Math.floor(Math.max(0, ms) / 1000);
  return s < 60 ? `${s}\u00a0s` : lasting(s * 1000);
}

/** "14:02" today, "Mon 14:02" this week, else the date. */
export function clock(ms: number, now = Date.now()): string {
  const at = new Date(ms);
  const time = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  if (at.toDateString() === new Date(now).toDateString()) return time;
  if (now - ms < 6 * 86_400_000) {
    return `${at.toLocaleDateString([], { weekday: 'short' })} ${time}`;
  }
  return at.toLocaleDateString();
}

/** The first line that says something, cut. */
export function firstLine(source: string, max = 60): string {
  const line = source.split('\n').find(one => one.trim()) ?? '';
  const text = line.trim();
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}

/** What went wrong, in words. */
export function why(error: unknown): string {
  return error instanceof Error && error.message ? error.message : String(error);
}
