/** The server, as its public protocol gives it; one connection for the whole page. */
import { PageConfig } from '@jupyterlab/coreutils';
import { RtHttpError, RtStore } from '@rtstore/client';

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
  /** Why we may not answer; '' if we may. */
  refusal: string;
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

/** Whether we may run cells, as Jupyter says. */
export async function mayRun(from: Store): Promise<boolean> {
  const asked = encodeURIComponent(JSON.stringify({ kernels: ['execute'] }));
  const told = await from.fetchJson<{ permissions: { kernels?: string[] } }>(
    'GET',
    `api/me?permissions=${asked}`
  );
  return told.permissions.kernels?.includes('execute') ?? false;
}

/** What a run asks; null: nothing (any more). */
export async function questionOf(
  from: Store,
  kernel: string,
  run: string,
  cell: string
): Promise<Question | null> {
  const here = { kernel, run, cell };
  try {
    const told = await from.fetchJson<Asked>('GET', `rtstore/input/${kernel}/${run}`);
    const { prompt, prompt_id: promptId, password: isPassword } = told;
    return told.waits ? { ...here, prompt, promptId, isPassword, refusal: '' } : null;
  } catch (error) {
    if (!(error instanceof RtHttpError) || error.status !== 403) throw error;
    // Who may not run cells is told that one asks, but not what.
    return { ...here, prompt: '', promptId: run, isPassword: false, refusal: error.message };
  }
}

/** Answer this question and no later one. */
export async function answer(to: Store, question: Question, value: string): Promise<void> {
  const body = { value, prompt_id: question.promptId };
  await to.fetchJson('POST', `rtstore/input/${question.kernel}/${question.run}`, body);
}
