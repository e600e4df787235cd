/** The server, as its public protocol gives it; one connection for the whole page. */
import { PageConfig } from '@jupyterlab/coreutils';
import { RtStore } from '@rtstore/client';

export type Store = RtStore;

let made: RtStore | undefined;

export function store(): Store {
  made ??= new RtStore({ baseUrl: PageConfig.getBaseUrl() });
  return made;
}

/** What a running cell asks its user. */
export interface Question {
  kernel: string;
  run: string;
  cell: string;
  prompt: string;
  /** Of two questions of one run each has its own. */
  promptId: string;
  isPassword: boolean;
}

interface Asked {
  prompt: string;
  prompt_id: string;
  password: boolean;
  waits: boolean;
}

/** Each cell's newest run, of the document with this id. */
export function runsOf(from: Store, document: string): Promise<Record<string, object>> {
  return from.fetchJson('GET', `rtstore/runs?document=${encodeURIComponent(document)}`);
}

/** What a run asks; null: nothing (any more). */
export async function questionOf(
  from: Store,
  kernel: string,
  run: string,
  cell: string
): Promise<Question | null> {
  const told = await from.fetchJson<Asked>('GET', `rtstore/input/${kernel}/${run}`, undefined);
  const { prompt, prompt_id: promptId, password: isPassword } = told;
  return told.waits ? { kernel, run, cell, prompt, promptId, isPassword } : null;
}

/** Answer this question and no later one. */
export async function answer(to: Store, question: Question, value: string): Promise<void> {
  const body = { value, prompt_id: question.promptId };
  await to.fetchJson('POST', `rtstore/input/${question.kernel}/${question.run}`, body);
}
