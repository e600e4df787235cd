/** Small pieces that all sections of the panel use. */
import { Notification } from '@jupyterlab/apputils';
import React from 'react';
import type { Person } from './presence';
import { why } from './words';

export function Section(props: {
  title: string;
  count?: number | undefined;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <details className="rt-Section" open>
      <summary>
        <h3>{props.title}</h3>
        {props.count ? <span className="rt-Count">{props.count}</span> : null}
      </summary>
      <div className="rt-Section-body">{props.children}</div>
    </details>
  );
}

/** What a section says when it has nothing to show. */
export function Note(props: { children: React.ReactNode }): JSX.Element {
  return <p className="rt-Note">{props.children}</p>;
}

/** What went wrong; said to screen readers too. */
export function Trouble(props: { children: React.ReactNode }): JSX.Element {
  return (
    <p className="rt-Note rt-mod-trouble" role="alert">
      {props.children}
    </p>
  );
}

/** A button that does something on the server: off while it does, and says when it can't. */
export function Action(props: {
  label: string;
  /** What it does, and to what. */
  title: string;
  isOff?: boolean;
  run: () => Promise<unknown>;
}): JSX.Element {
  const [isAtIt, setAtIt] = React.useState(false);
  const [refusal, setRefusal] = React.useState('');
  const isThere = React.useRef(true);
  React.useEffect(() => {
    isThere.current = true;
    return () => void (isThere.current = false);
  }, []);
  const click = async (): Promise<void> => {
    setAtIt(true);
    setRefusal('');
    try {
      await props.run();
    } catch (error) {
      // JupyterLab lists it; it may be set not to show it.
      Notification.error(`${props.title}: ${why(error)}`);
      if (isThere.current) setRefusal(why(error));
    }
    if (isThere.current) setAtIt(false);
  };
  return (
    <>
      <button
        className="rt-Action"
        type="button"
        title={props.title}
        aria-label={props.title}
        disabled={isAtIt || props.isOff}
        onClick={() => void click()}
      >
        {props.label}
      </button>
      {refusal ? <Trouble>{refusal}</Trouble> : null}
    </>
  );
}

/** A line that leads to a cell. */
export function CellLink(props: {
  number: number;
  line: string;
  show: () => void;
}): JSX.Element {
  return (
    <button className="rt-CellLink" type="button" title="Show this cell" onClick={props.show}>
      <span className="rt-CellLink-number">Cell {props.number}</span>
      <code>{props.line || 'empty'}</code>
    </button>
  );
}

export function Avatar(props: { person: Person }): JSX.Element {
  const { person } = props;
  return (
    <span className="rt-Avatar" aria-hidden="true" style={{ backgroundColor: person.color }}>
      {person.initials}
      {person.avatar ? <img src={person.avatar} alt="" /> : null}
    </span>
  );
}

/** Draw again each second while `isOn`: something counts up. */
export function useTicking(isOn: boolean): void {
  const [, tick] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    if (!isOn) return;
    const timer = window.setInterval(tick, 1000);
    return () => window.clearInterval(timer);
  }, [isOn]);
}
