/** Who is in which cell: from the awareness of the notebook's shared document. */
import type { YNotebook } from '@jupyter/ydoc';
import * as Y from 'yjs';

export interface Person {
  client: number;
  username: string;
  name: string;
  initials: string;
  color: string;
  avatar: string;
  /** The id of the cell that they are in; '' when they look elsewhere. */
  cell: string;
  isMe: boolean;
}

/** What pages with this extension say of themselves, beside what JupyterLab says. */
export const FIELD = 'cell';

type State = Record<string, any>;

/** One entry for each person and cell, oneself first, then by name. */
export function people(model: YNotebook): Person[] {
  const found = new Map<string, Person>();
  const me = model.awareness.clientID;
  for (const [client, state] of model.awareness.getStates() as Map<number, State>) {
    const person = personOf(client, state, client === me, cellOf(state, model));
    if (person === null) continue;
    const key = `${person.username || client} ${person.cell} ${person.isMe}`;
    if (!found.has(key)) found.set(key, person);
  }
  return [...found.values()].sort(
    (a, b) => Number(b.isMe) - Number(a.isMe) || a.name.localeCompare(b.name)
  );
}

function personOf(client: number, state: State, isMe: boolean, cell: string): Person | null {
  const user = state.user;
  if (typeof user !== 'object' || user === null) return null;
  const name = String(user.display_name || user.name || user.username || 'Somebody');
  return {
    client,
    username: String(user.username ?? ''),
    name,
    initials: String(user.initials || initialsOf(name)).slice(0, 3),
    color: typeof user.color === 'string' && user.color ? user.color : 'var(--jp-brand-color1)',
    avatar: typeof user.avatar_url === 'string' ? user.avatar_url : '',
    cell,
    isMe
  };
}

/** Pages without this extension only say where their cursor is. */
function cellOf(state: State, model: YNotebook): string {
  if (FIELD in state) return typeof state[FIELD] === 'string' ? state[FIELD] : '';
  const head = Array.isArray(state.cursors) ? state.cursors[0]?.head : undefined;
  if (!head) return '';
  try {
    const at = Y.createRelativePositionFromJSON(head);
    const found = Y.createAbsolutePositionFromRelativePosition(at, model.ydoc);
    return (found && model.cells.find(cell => cell.ysource === found.type)?.id) ?? '';
  } catch {
    return ''; // another client's word: it may be anything
  }
}

function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  return words.length > 1
    ? `${words[0]![0]}${words[words.length - 1]![0]}`.toUpperCase()
    : name.slice(0, 1).toUpperCase();
}
