/** Together: a panel and marks at cells, beside what JupyterLab has; it replaces nothing. */
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { Badges } from './badges';
import { NotebookView } from './notebook';
import { TogetherPanel } from './panel';
import { store as theStore } from './store';

const SHOW = 'rtstore:show-together';

const plugin: JupyterFrontEndPlugin<void> = {
  id: '@rtstore/lab:together',
  description: 'Shows who is in which cell, what runs and who asked for it, and what changes.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ) => {
    if (!PageConfig.getOption('rtstore')) return; // its server extension is off
    const store = theStore();
    const views = new Map<NotebookPanel, NotebookView>();
    const panel = new TogetherPanel(store, path => {
      void app.commands.execute('docmanager:open', { path });
    });
    const look = (): void => {
      panel.view = (tracker.currentWidget && views.get(tracker.currentWidget)) ?? null;
      for (const view of views.values()) {
        view.tellCell();
        view.refresh();
      }
    };
    const add = (notebook: NotebookPanel): void => {
      const view = new NotebookView(notebook, store);
      views.set(notebook, view);
      notebook.disposed.connect(() => views.delete(notebook));
      new Badges(view);
      look();
    };
    tracker.forEach(add);
    tracker.widgetAdded.connect((_, notebook) => add(notebook));
    tracker.currentChanged.connect(look);
    app.shell.currentChanged?.connect(look);
    document.addEventListener('visibilitychange', look);

    app.shell.add(panel, 'right', { rank: 310 });
    restorer?.add(panel, panel.id);
    app.commands.addCommand(SHOW, {
      label: 'Show Together',
      caption: panel.title.caption,
      describedBy: { args: {} },
      execute: () => app.shell.activateById(panel.id)
    });
    palette?.addItem({ command: SHOW, category: 'Collaboration' });
  }
};

export default plugin;
