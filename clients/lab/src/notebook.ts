/** What is known of one open notebook: who is in it, its runs, and what its cells ask. */
import type { YCodeCell, YNotebook } from '@jupyter/ydoc';
import type { CellChange, ISharedCell, ISharedCodeCell, NotebookChange } from '@jupyter/ydoc';
import { NotebookActions, type Notebook, type NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type * as Y from 'yjs';
import { FIELD, people, type Person } from './presence';
import { marked } from './marks';
import { parse, type Run } from './runs';
import { mayRun, questionOf, runsOf, type Question, type Store } from './store';
import { why } from './words';

const SOON_MS = 150;
const RETRY_MS = 5000;
/** The document and the kernels say when a run is another; what was missed shows this late. */
const AGAIN_MS = 60_000;
const LINK = /rtstore\/input\/([^/]+)\/([\w-]+)/;

export class NotebookView implements IDisposable {
  /** Anything below changed. */
  readonly changed = new Signal<this, void>(this);
  /** '' while all is well. */
  error = '';
  /** Why a cell was not run that somebody ran here; ''. */
  refusal = '';
  isLoaded = false;
  people: Person[] = [];
  runs: ReadonlyMap<string, Run> = new Map();
  questions: Question[] = [];

  constructor(
    readonly panel: NotebookPanel,
    private readonly store: Store
  ) {
    panel.disposed.connect(() => this.dispose());
    void panel.context.ready.then(() => this.attach());
  }

  get isDisposed(): boolean {
    return this.gone;
  }

  /** The kernel of this page for the notebook; ''. */
  get kernel(): string {
    return this.panel.sessionContext.session?.kernel?.id ?? '';
  }

  /** The cells' ids, in order. */
  get cells(): readonly ISharedCell[] {
    return this.model?.cells ?? [];
  }

  /** 1 for the first cell; 0 if it is not there (any more). */
  numberOf(cell: string): number {
    return this.numbers.get(cell) ?? 0;
  }

  /** Bring a cell into view, and select it. */
  async show(cell: string): Promise<void> {
    const notebook = this.panel.content;
    const widget = notebook.widgets.find(one => one.model.id === cell);
    if (widget) await notebook.scrollToCell(widget, 'center');
  }

  /** Read the runs again within `ms`. */
  refresh(ms = SOON_MS): void {
    const at = Date.now() + ms;
    if (this.gone || (this.timer && this.due <= at)) return;
    window.clearTimeout(this.timer);
    this.due = at;
    this.timer = window.setTimeout(() => void this.read(), ms);
  }

  /** Say in which cell this page is: in none while another document is in front. */
  tellCell(): void {
    const isSeen = this.panel.isVisible && !document.hidden;
    const cell = (isSeen && this.panel.content.activeCell?.model.id) || null;
    const { awareness } = this.model ?? {};
    if (awareness?.getLocalState() && awareness.getLocalState()?.[FIELD] !== cell) {
      awareness.setLocalStateField(FIELD, cell);
    }
  }

  dispose(): void {
    if (this.gone) return;
    this.gone = true;
    window.clearTimeout(this.timer);
    window.clearTimeout(this.marking);
    this.leave();
    this.room?.release();
    this.model?.awareness.off('change', this.onAwareness);
    Signal.clearData(this);
  }

  private get model(): YNotebook | undefined {
    return this.panel.content.model?.sharedModel as YNotebook | undefined;
  }

  private get document(): string {
    return String(this.model?.getState('document_id') ?? '').split(':').pop() ?? '';
  }

  private attach(): void {
    const model = this.model;
    if (this.gone || !model) return;
    model.changed.connect(this.onNotebook, this);
    model.awareness.on('change', this.onAwareness);
    this.panel.content.activeCellChanged.connect(this.tellCell, this);
    this.panel.sessionContext.kernelChanged.connect(() => this.refresh());
    NotebookActions.executed.connect(this.onExecuted, this);
    this.room = this.store.server();
    this.leave = this.room.subscribe(() => this.onKernels(), 'kernels');
    this.listenToCells();
    this.onAwareness();
    this.tellCell();
    this.refresh();
  }

  private listenToCells(): void {
    for (const cell of this.cells) cell.changed.connect(this.onCell, this);
    this.numbers = new Map(this.cells.map((cell, index) => [cell.id, index + 1]));
  }

  private readonly onAwareness = (): void => {
    if (!this.model) return;
    const now = people(this.model);
    if (JSON.stringify(now) === JSON.stringify(this.people)) return; // a cursor moved in its cell
    this.people = now;
    this.changed.emit();
  };

  private onNotebook(_: unknown, change: NotebookChange): void {
    if (change.stateChange?.some(one => one.name === 'document_id')) this.refresh();
    if (!change.cellsChange) return;
    this.listenToCells();
    this.onAwareness();
    this.changed.emit();
    this.refresh();
  }

  /** Where running is refused JupyterLab says nothing. */
  private async onExecuted(_: unknown, ran: { notebook: Notebook; success: boolean }): Promise<void> {
    if (ran.notebook !== this.panel.content) return;
    const may = ran.success || (await mayRun(this.store).catch(() => true));
    this.refusal = may ? '' : 'The cell was not run: you may not run cells here.';
    if (!this.gone) this.changed.emit();
  }

  /** A kernel was started again, or runs something else. */
  private onKernels(): void {
    this.markSoon();
    const { run, waiting } = this.room?.get('kernels', this.kernel) ?? {};
    const doing = `${this.kernel} ${run?.id} ${waiting}`;
    if (doing !== this.doing) this.refresh();
    this.doing = doing;
  }

  private onCell(cell: ISharedCell, change: CellChange): void {
    if (change.executionStateChange || change.executionCountChange) this.refresh();
    else if (change.sourceChange && this.runs.has(cell.id)) this.markSoon();
    else if (change.outputsChange && this.asks(cell)) this.refresh();
  }

  /** Whether it asks something, or did when it was looked at last. */
  private asks(cell: ISharedCell): boolean {
    return linkOf(cell) !== null || this.questions.some(one => one.cell === cell.id);
  }

  private async read(): Promise<void> {
    this.timer = 0;
    if (!this.document || document.hidden) return;
    try {
      this.runs = this.marked(parse(await runsOf(this.store, this.document)));
      this.questions = await this.ask();
      this.error = '';
      this.isLoaded = true;
      this.refresh(AGAIN_MS);
    } catch (error) {
      this.error = why(error);
      this.refresh(RETRY_MS);
    }
    if (!this.gone) this.changed.emit();
  }

  private marked(runs: ReadonlyMap<string, Run>): ReadonlyMap<string, Run> {
    return marked(this.cells, runs, id => this.room?.get('kernels', id)?.starts);
  }

  /** Look within a moment whether the marks are others: many keys are one look. */
  private markSoon(): void {
    if (this.gone || this.marking) return;
    this.marking = window.setTimeout(() => {
      this.marking = 0;
      const now = this.marked(this.runs);
      const isNews = [...now].some(([id, { marks }]) => `${marks}` !== `${this.runs.get(id)?.marks}`);
      this.runs = now;
      if (isNews) this.changed.emit();
    }, SOON_MS);
  }

  /** The question stands in the cell's outputs, as a link; the run itself says what is asked. */
  private async ask(): Promise<Question[]> {
    const found: Question[] = [];
    for (const cell of this.cells) {
      const link = linkOf(cell);
      if (link === null) continue;
      const [kernel, run] = link;
      const asked = await questionOf(this.store, kernel, run, cell.id);
      if (asked) found.push(asked);
    }
    return found;
  }

  private gone = false;
  private timer = 0;
  private due = 0;
  private marking = 0;
  private doing = '';
  private room: ReturnType<Store['server']> | undefined;
  private leave = (): void => {};
  private numbers: ReadonlyMap<string, number> = new Map();
}

/** Kernel and run of the question that stands below a cell; it is the last of the outputs. */
function linkOf(cell: ISharedCell): [kernel: string, run: string] | null {
  if ((cell as ISharedCodeCell).executionState !== 'running') return null;
  const outputs = (cell as YCodeCell).ymodel.get('outputs') as Y.Array<Y.Map<any>>;
  const last = outputs.length ? outputs.get(outputs.length - 1).toJSON() : {};
  if (!last.metadata?.rtstore?.input) return null;
  const found = LINK.exec(String(last.data?.['text/plain'] ?? ''));
  return found ? [found[1]!, found[2]!] : null;
}
