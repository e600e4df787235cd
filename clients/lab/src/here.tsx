/** Sections about the notebook in front. */
import React from 'react';
import type { NotebookView } from './notebook';
import { Action, Avatar, CellLink, Note, Section, Trouble, useTicking } from './parts';
import { doubts, how, isOver, isRunning, queue, when, who, type Run } from './runs';
import { answer, type Question, type Store } from './store';
import { firstLine, why } from './words';

interface Props {
  view: NotebookView;
  store: Store;
}

function linkTo(view: NotebookView, cell: string): JSX.Element | null {
  const number = view.numberOf(cell);
  if (!number) return <span className="rt-Note">a cell that was deleted</span>;
  const line = firstLine(view.cells[number - 1]!.getSource());
  return <CellLink number={number} line={line} show={() => void view.show(cell)} />;
}

export function People({ view }: Props): JSX.Element {
  const others = view.people.some(one => !one.isMe);
  return (
    <Section title="In this notebook" count={view.people.length}>
      <ul className="rt-List">
        {view.people.map(person => (
          <li key={person.client} className="rt-Row">
            <Avatar person={person} />
            <div className="rt-Row-text">
              <span className="rt-Name">
                {person.name}
                {person.isMe ? ' (you)' : ''}
              </span>
              {person.cell ? linkTo(view, person.cell) : <Note>looks elsewhere</Note>}
            </div>
          </li>
        ))}
      </ul>
      {others ? null : <Note>Nobody else is here.</Note>}
    </Section>
  );
}

/** Always there, so that a screen reader hears of a question when it comes. */
export function Questions({ view, store }: Props): JSX.Element {
  return (
    <div className="rt-Questions" aria-live="polite">
      {view.questions.map(question => (
        <Answer key={question.promptId} view={view} store={store} question={question} />
      ))}
    </div>
  );
}

function Answer({ view, store, question }: Props & { question: Question }): JSX.Element {
  const [error, setError] = React.useState('');
  const [isSent, setSent] = React.useState(false);
  const input = React.useId();
  const run = view.runs.get(question.cell);
  // The field keeps it: of a value of ours React would make an attribute, passwords too.
  const send = async (event: React.FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const value = String(new FormData(event.currentTarget).get('answer'));
    setSent(true);
    try {
      await answer(store, question, value);
      view.refresh();
    } catch (problem) {
      setError(why(problem));
      setSent(false);
    }
  };
  const head = (
    <div className="rt-Question-head">
      {linkTo(view, question.cell)}
      <span>asks{run ? ` (run by ${who(run)})` : ''}:</span>
    </div>
  );
  if (question.refusal) {
    return (
      <div className="rt-Question">
        {head}
        <Note>You may not answer: {question.refusal}</Note>
      </div>
    );
  }
  return (
    <form className="rt-Question" onSubmit={event => void send(event)}>
      {head}
      <label htmlFor={input}>{question.prompt.trim() || 'Input'}</label>
      <div className="rt-Question-box">
        <input
          id={input}
          name="answer"
          className="jp-mod-styled"
          type={question.isPassword ? 'password' : 'text'}
          autoComplete="off"
          spellCheck={false}
          disabled={isSent}
        />
        <button className="rt-Action rt-mod-main" type="submit" disabled={isSent}>
          Answer
        </button>
      </div>
      {error ? <Trouble>{error}</Trouble> : null}
    </form>
  );
}

/** `elsewhere`: how many more runs wait in the kernel, of other notebooks. */
export function Queue({ view, store, elsewhere }: Props & { elsewhere: number }): JSX.Element {
  const runs = queue(view.runs.values());
  useTicking(runs.length > 0);
  return (
    <Section title="Running and waiting" count={runs.length + elsewhere}>
      {view.error ? <Trouble>The runs can’t be read: {view.error}</Trouble> : null}
      {view.refusal ? <Trouble>{view.refusal}</Trouble> : null}
      {runs.length || elsewhere ? null : (
        <Note>{view.isLoaded ? 'Nothing runs.' : 'Looking…'}</Note>
      )}
      <ol className="rt-List">
        {runs.map(run => (
          <QueueRow key={run.id} view={view} store={store} run={run} />
        ))}
      </ol>
      {elsewhere ? <Note>{elsewhere} more of other notebooks</Note> : null}
    </Section>
  );
}

function QueueRow({ view, store, run }: Props & { run: Run }): JSX.Element {
  const cell = `cell ${view.numberOf(run.cell)}, run by ${who(run)}`;
  const change = (doing: Promise<void>): Promise<void> => doing.finally(() => view.refresh());
  return (
    <li className="rt-Row" data-state={run.state}>
      <span className={`rt-State rt-mod-${isRunning(run) ? 'running' : 'waiting'}`} aria-hidden="true" />
      <div className="rt-Row-text">{linkTo(view, run.cell)}</div>
      <span className="rt-Detail rt-mod-below">
        {who(run)} · {how(run)}
      </span>
      {isRunning(run) ? (
        <Action
          label="Interrupt"
          title={`Interrupt ${cell}`}
          run={() => change(store.interrupt(run.kernel))}
        />
      ) : (
        <Action
          label="Cancel"
          title={`Cancel ${cell}`}
          run={() => change(store.cancelRun(run.kernel, run.id))}
        />
      )}
    </li>
  );
}

export function LastRuns({ view }: Props): JSX.Element {
  const runs = view.cells
    .map(cell => view.runs.get(cell.id))
    .filter((run): run is Run => run !== undefined && isOver(run));
  return (
    <Section title="Who ran what" count={runs.length}>
      {runs.length ? null : <Note>{view.isLoaded ? 'No cell was run yet.' : 'Looking…'}</Note>}
      <ul className="rt-List">
        {runs.map(run => (
          <li key={run.cell} className="rt-Row" data-state={run.state}>
            <div className="rt-Row-text">
              {linkTo(view, run.cell)}
              <span className="rt-Detail">
                {[who(run), when(run), how(run)].filter(Boolean).join(' · ')}
              </span>
              {doubts(run).map(doubt => (
                <span key={doubt} className="rt-Doubt">
                  {doubt}
                </span>
              ))}
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}
