/** The part of the server's public protocol that this extension speaks. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

export interface Told {
  prompt: string;
  prompt_id: string;
  password: boolean;
  waits: boolean;
}

export interface Asked {
  kernel: string;
  run: string;
  promptId: string;
}

export interface KernelRecord {
  id: string;
  name: string;
  state: string;
  path: string;
  user: string;
  starts: number;
  waiting: number;
  run: null | { id: string; document: string; cell: string; user: string; name: string };
}

export interface FileRecord {
  name: string;
  path: string;
  type: string;
}

export interface LiveRoom {
  ready: Promise<void>;
  tables: Record<string, ReadonlyMap<string, unknown>>;
  subscribe(changed: () => void): () => void;
  release(): void;
}

export interface Store {
  runs(document: string): Promise<Record<string, Record<string, unknown>>>;
  question(kernel: string, run: string): Promise<Told>;
  answer(question: Asked, text: string): Promise<void>;
  cancel(kernel: string, run: string): Promise<void>;
  interrupt(kernel: string): Promise<void>;
  server(): LiveRoom;
  directory(path: string): LiveRoom;
  request(action: string, params: Record<string, unknown>): Promise<unknown>;
}

const nothing: LiveRoom = {
  ready: new Promise(() => undefined),
  tables: {},
  subscribe: () => () => undefined,
  release: () => undefined
};

const settings = ServerConnection.makeSettings();

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const url = URLExt.join(settings.baseUrl, path);
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
  const response = await ServerConnection.makeRequest(url, { ...init, headers }, settings);
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    throw new Error(told.message || `${response.status} ${response.statusText}`);
  }
  return response;
}

export const store: Store = {
  runs: async document => (await ask(`rtstore/runs?document=${document}`)).json(),
  question: async (kernel, run) => (await ask(`rtstore/input/${kernel}/${run}`)).json(),
  async answer({ kernel, run, promptId }, value) {
    const body = JSON.stringify({ value, prompt_id: promptId });
    await ask(`rtstore/input/${kernel}/${run}`, { method: 'POST', body });
  },
  async cancel(kernel, run) {
    await ask(`rtstore/runs/${kernel}/${run}`, { method: 'DELETE' });
  },
  async interrupt(kernel) {
    await ask(`api/kernels/${kernel}/interrupt`, { method: 'POST' });
  },
  server: () => nothing,
  directory: () => nothing,
  request: () => nothing.ready
};
