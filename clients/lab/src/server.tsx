/** Sections about the server: its kernels and files, as they change. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import React from 'react';
import type { Content, Kernel, LiveRoom } from '@rtstore/client';
import { Action, Note, Section, Trouble } from './parts';
import type { Store } from './store';
import { why } from './words';

interface Props {
  store: Store;
  /** Open the document of this path. */
  open: (path: string) => void;
}

/** A table as it is now, drawn again when it changes; null: not here yet, or not for us. */
export function useTable<T extends object, K extends keyof T & string>(
  room: LiveRoom<T> | null,
  table: K
): ReadonlyMap<string, T[K]> | null {
  const [, draw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => room?.subscribe(draw), [room]); // its status too
  return room?.tables[table] ?? null;
}

/** A room, held while the component is there; what stood in the way, in words. */
export function useRoom<T extends object>(
  make: () => LiveRoom<T>,
  name: string
): [room: LiveRoom<T> | null, error: string, isReady: boolean] {
  const [room, setRoom] = React.useState<LiveRoom<T> | null>(null);
  const [error, setError] = React.useState('');
  const [isReady, setReady] = React.useState(false);
  React.useEffect(() => {
    const made = make();
    let isThere = true;
    setRoom(made);
    setError('');
    setReady(false);
    made.ready.then(
      () => isThere && setReady(true),
      problem => isThere && setError(why(problem))
    );
    return () => {
      isThere = false;
      setRoom(null);
      made.release();
    };
  }, [name]);
  return [room, error, isReady];
}

export type KernelTable = ReadonlyMap<string, Kernel> | null;

export function Kernels(
  props: Props & { kernels: KernelTable; isReady: boolean; isOld: boolean; error: string }
): JSX.Element {
  const { kernels, isReady, isOld, error, store, open } = props;
  const sorted = [...(kernels?.values() ?? [])].sort((a, b) => a.path.localeCompare(b.path));
  return (
    <Section title="Kernels" count={sorted.length}>
      {error ? <Trouble>The kernels can’t be shown: {error}</Trouble> : null}
      {sorted.length || error ? null : (
        <Note>{kernels ? 'No kernel runs.' : isReady ? 'You may not see them.' : 'Looking…'}</Note>
      )}
      {isOld ? <Old /> : null}
      <ul className="rt-List">
        {sorted.map(kernel => (
          <KernelRow key={kernel.id} kernel={kernel} store={store} open={open} />
        ))}
      </ul>
    </Section>
  );
}

function Old(): JSX.Element {
  return <Note>The connection is lost; this was there last.</Note>;
}

function KernelRow({ kernel, store, open }: Props & { kernel: Kernel }): JSX.Element {
  const name = kernel.path.split('/').pop() || kernel.name;
  const act = (action: string) => () =>
    store.request(`kernel.${action}`, { kernel_id: kernel.id });
  const confirmed = (verb: string, action: string, what: string) => async () => {
    const { button } = await showDialog({
      title: `${verb} the kernel of ${name}?`,
      body: what,
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: verb })]
    });
    if (button.accept) await act(action)();
  };
  return (
    <li className="rt-Row" data-kernel={kernel.id} data-state={kernel.state}>
      <span
        className={`rt-State rt-mod-${kernel.state === 'busy' ? 'running' : 'waiting'}`}
        aria-hidden="true"
      />
      <div className="rt-Row-text">
        {kernel.path ? (
          <button className="rt-File" type="button" title={`Open ${kernel.path}`} onClick={() => open(kernel.path)}>
            {name}
          </button>
        ) : (
          <span className="rt-Name">{name}</span>
        )}
      </div>
      <span className="rt-Detail rt-mod-below">{stateOf(kernel)}</span>
      <span className="rt-Actions">
        <Action
          label="Interrupt"
          title={`Interrupt the kernel of ${name}`}
          isOff={kernel.state !== 'busy'}
          run={act('interrupt')}
        />
        <Action
          label="Restart"
          title={`Restart the kernel of ${name}`}
          run={confirmed('Restart', 'restart', 'Its variables are lost, for everybody who uses it.')}
        />
        <Action
          label="Shut down"
          title={`Shut down the kernel of ${name}`}
          run={confirmed('Shut down', 'shutdown', 'What runs ends, for everybody who uses it.')}
        />
      </span>
    </li>
  );
}

function stateOf(kernel: Kernel): string {
  const waiting = kernel.waiting - (kernel.run ? 1 : 0);
  return [
    kernel.name,
    kernel.state === 'busy' && kernel.run
      ? `busy with a cell of ${kernel.run.name || kernel.run.user}`
      : kernel.state,
    waiting > 0 ? `${waiting} waiting` : '',
    kernel.starts > 1 ? `restarted ${kernel.starts - 1}×` : '',
    kernel.user ? `of ${kernel.user}` : ''
  ]
    .filter(Boolean)
    .join(' · ');
}

export function Files({ store, open }: Props): JSX.Element {
  return (
    <Section title="Files">
      <Folder path="" store={store} open={open} />
    </Section>
  );
}

function Folder({ path, store, open }: Props & { path: string }): JSX.Element {
  const [room, error, isReady] = useRoom(() => store.directory(path), path);
  const contents = useTable(room, 'contents');
  const before = React.useRef<ReadonlySet<string> | null>(null);
  const entries = [...(contents?.values() ?? [])].sort(inOrder);
  const known = before.current;
  React.useEffect(() => {
    if (contents) before.current = new Set(contents.keys());
  });
  if (error) return <Trouble>This folder can’t be shown: {error}</Trouble>;
  if (!entries.length) return <Note>{isReady ? 'Nothing is in here.' : 'Looking…'}</Note>;
  return (
    <ul className="rt-Tree">
      {room?.status === 'disconnected' ? (
        <li>
          <Old />
        </li>
      ) : null}
      {entries.map(entry => (
        <li key={entry.name} className={known && !known.has(entry.name) ? 'rt-mod-new' : ''}>
          {entry.type === 'directory' ? (
            <Directory entry={entry} store={store} open={open} />
          ) : (
            <button className="rt-File" type="button" title={`Open ${entry.path}`} onClick={() => open(entry.path)}>
              {entry.name}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function Directory({ entry, store, open }: Props & { entry: Content }): JSX.Element {
  const [isOpen, setOpen] = React.useState(false);
  return (
    <details onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{entry.name}</summary>
      {isOpen ? <Folder path={entry.path} store={store} open={open} /> : null}
    </details>
  );
}

function inOrder(a: Content, b: Content): number {
  const folders = Number(b.type === 'directory') - Number(a.type === 'directory');
  return folders || a.name.localeCompare(b.name, undefined, { numeric: true });
}
