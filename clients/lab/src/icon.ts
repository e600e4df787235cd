import { LabIcon } from '@jupyterlab/ui-components';

/** Two people. */
export const icon = new LabIcon({
  name: 'rtstore:together',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <circle cx="8.5" cy="8" r="3.5"/><path d="M2 19c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6z"/>
    <circle cx="16.5" cy="9" r="2.8"/><path d="M16.6 19H22c0-3.2-2.4-5.2-5.4-5.2-.8 0-1.5.1-2.1.4 1.3 1.2 2.1 2.8 2.1 4.8z"/>
  </g>
</svg>`
});
