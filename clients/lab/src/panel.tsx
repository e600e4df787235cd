/** The side panel: what goes on in the notebook in front, then in the server. */
import { ReactWidget, UseSignal } from '@jupyterlab/apputils';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import React from 'react';
import { LastRuns, People, Questions, Queue } from './here';
import { icon } from './icon';
import type { NotebookView } from './notebook';
import { Note } from './parts';
import { queue } from './runs';
import { Files, Kernels, useRoom, useTable } from './server';
import type { Store } from './store';

const CAPTION = 'Together: who is where, what runs, and what changes';

export class TogetherPanel extends ReactWidget {
  constructor(
    private readonly store: Store,
    private readonly openPath: (path: string) => void
  ) {
    super();
    this.id = 'rtstore-together';
    this.addClass('rt-Panel');
    this.title.icon = icon;
    this.title.caption = CAPTION;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'Together');
  }

  /** The notebook in front; null: there is none. */
  set view(view: NotebookView | null) {
    if (view === this.shown) return;
    this.shown?.changed.disconnect(this.onChanged, this);
    this.shown = view;
    view?.changed.connect(this.onChanged, this);
    this.onChanged();
  }

  protected override render(): JSX.Element {
    return (
      <UseSignal signal={this.drawing}>
        {() => (this.isVisible ? <Together {...this.props} /> : null)}
      </UseSignal>
    );
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.drawing.emit();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.drawing.emit();
  }

  private get props(): TogetherProps {
    return { view: this.shown, store: this.store, open: this.openPath };
  }

  private onChanged(): void {
    const asks = (this.shown?.questions.length ?? 0) > 0;
    this.title.className = asks ? 'rt-mod-asks' : '';
    this.title.caption = asks ? 'Together: a cell asks for input' : CAPTION;
    this.drawing.emit();
  }

  private readonly drawing = new Signal<this, void>(this);
  private shown: NotebookView | null = null;
}

interface TogetherProps {
  view: NotebookView | null;
  store: Store;
  open: (path: string) => void;
}

function Together({ view, store, open }: TogetherProps): JSX.Element {
  const [room, error, isReady] = useRoom(() => store.server(), 'server');
  const kernels = useTable(room, 'kernels');
  const kernel = view ? kernels?.get(view.kernel) : undefined;
  const own = view ? queue(view.runs.values()).filter(run => run.kernel === kernel?.id) : [];
  const elsewhere = view?.isLoaded ? Math.max(0, (kernel?.waiting ?? 0) - own.length) : 0;
  const here = view && { view, store, key: view.panel.id };
  return (
    <div className="rt-Together">
      {here ? (
        <>
          <Questions {...here} />
          <People {...here} />
          <Queue {...here} elsewhere={elsewhere} />
          <LastRuns {...here} />
        </>
      ) : (
        <Note>Open a notebook to see who is in it, and what runs.</Note>
      )}
      <Kernels {...{ store, open, kernels, isReady, error }} isOld={room?.status === 'disconnected'} />
      <Files store={store} open={open} />
    </div>
  );
}
