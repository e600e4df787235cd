/** What is shown at the cells themselves: who is there, and how the last run went. */
import type { Cell } from '@jupyterlab/cells';
import { avatar } from './avatar';
import type { NotebookView } from './notebook';
import type { Person } from './presence';
import { doubts, how, isOver, when, who, type Run } from './runs';

const SHOWN_MAX = 3;

/** Draws at the cells of one notebook, over what is there: nothing moves. */
export class Badges {
  constructor(private readonly view: NotebookView) {
    view.changed.connect(this.draw, this);
    view.panel.content.modelContentChanged.connect(this.draw, this);
    view.panel.content.cellInViewportChanged.connect(this.draw, this);
    view.panel.disposed.connect(() => window.clearInterval(this.ticking));
    this.draw();
  }

  private draw(): void {
    if (this.view.panel.isDisposed) return;
    const { people, runs, panel } = this.view;
    const busy = [...runs.values()].some(run => !isOver(run));
    window.clearInterval(this.ticking);
    if (busy) this.ticking = window.setInterval(() => this.drawRuns(), 1000);
    const there = new Map<string, Person[]>();
    for (const person of people) {
      if (!person.isMe && person.cell) {
        there.set(person.cell, [...(there.get(person.cell) ?? []), person]);
      }
    }
    for (const cell of panel.content.widgets) drawPeople(cell, there.get(cell.model.id) ?? []);
    this.drawRuns();
  }

  private drawRuns(): void {
    for (const cell of this.view.panel.content.widgets) {
      drawRun(cell, this.view.runs.get(cell.model.id));
    }
  }

  private ticking = 0;
}

function drawPeople(cell: Cell, people: readonly Person[]): void {
  const host = part(cell.node, 'rt-CellPeople', people.length > 0);
  if (!host) return;
  const names = people.map(one => one.name).join(', ');
  const shown = people.slice(0, SHOWN_MAX).map(avatar);
  if (people.length > SHOWN_MAX) {
    const more = document.createElement('span');
    more.className = 'rt-Avatar rt-mod-more';
    more.textContent = `+${people.length - SHOWN_MAX}`;
    shown.push(more);
  }
  host.title = `${names} ${people.length > 1 ? 'are' : 'is'} in this cell`;
  host.setAttribute('role', 'img');
  host.setAttribute('aria-label', host.title);
  host.style.setProperty('--rt-color', people[0]!.color);
  host.replaceChildren(...shown);
}

function drawRun(cell: Cell, run: Run | undefined): void {
  const wrapper = cell.node.querySelector<HTMLElement>(':scope > .jp-Cell-inputWrapper');
  const host = wrapper && part(wrapper, 'rt-CellRun', run !== undefined);
  if (!host || !run) return;
  const marks = doubts(run);
  const text = [who(run), isOver(run) ? when(run) : '', how(run), ...marks];
  const said = text.filter(Boolean).join(' · ');
  if (host.textContent !== said) host.textContent = host.title = said;
  host.dataset.state = run.state;
  host.classList.toggle('rt-mod-doubt', marks.length > 0);
}

/** The element of this class directly in `host`; made, or taken away, as it is wanted. */
function part(host: HTMLElement, name: string, isWanted: boolean): HTMLElement | null {
  let found = host.querySelector<HTMLElement>(`:scope > .${name}`);
  if (!isWanted) {
    found?.remove();
    return null;
  }
  if (!found) {
    found = document.createElement('div');
    found.className = name;
    host.append(found);
  }
  return found;
}
