// What the tests ask of a JupyterLab page. It looks; nothing of the front end is replaced.
window.rt = {
  dialogs: [],
  keys: [],
  changes: [],

  panel: () => window.jupyterapp?.shell?.currentWidget,
  model: () => window.rt.panel()?.context?.model?.sharedModel,
  now: () => performance.timeOrigin + performance.now(),

  // The room has synced: the front end writes document_id when it has.
  isOpen: (path) => {
    const context = window.rt.panel()?.context;
    return Boolean(
      context?.isReady &&
        context.path.split(":").pop() === path &&
        context.model.collaborative &&
        window.rt.model().getState("document_id"),
    );
  },
  texts: () => {
    const model = window.rt.model();
    return model.cells ? model.cells.map((cell) => cell.getSource()) : [model.getSource()];
  },
  session: () => window.rt.panel()?.sessionContext?.session,
  kernelState: () => window.rt.session()?.kernel?.status,
  awareness: () => window.rt.model()?.awareness,
  others: () => {
    const awareness = window.rt.awareness();
    return [...awareness.getStates()]
      .filter(([client]) => client !== awareness.clientID)
      .map(([, state]) => state);
  },

  // When keys go down here (as the browser says, not when this page came to hear of it); how long
  // cell `index` is, and since when.
  timeKeys: () =>
    document.addEventListener(
      "keydown",
      (event) => window.rt.keys.push(performance.timeOrigin + event.timeStamp),
      true,
    ),
  // Resolves when cell `index` is so long; looks when it changes, and costs the page nothing else.
  becomes: (index, length) =>
    new Promise((resolve) => {
      const cell = window.rt.model().cells[index];
      const look = () => {
        if (cell.getSource().length < length) return;
        cell.changed.disconnect(look);
        resolve();
      };
      cell.changed.connect(look);
      look();
    }),
  timeChanges: (index) => {
    const cell = window.rt.model().cells[index];
    cell.changed.connect(() =>
      window.rt.changes.push([cell.getSource().length, window.rt.now()]),
    );
  },
};

new MutationObserver((records) => {
  for (const record of records) {
    for (const node of record.addedNodes) {
      const dialog = node.classList?.contains("jp-Dialog") ? node : node.querySelector?.(".jp-Dialog");
      if (dialog) window.rt.dialogs.push(dialog.innerText);
    }
  }
}).observe(document, { childList: true, subtree: true });
