/** A person as a disc, as JupyterLab shows them. */
import type { Person } from './presence';

/** Says nothing to screen readers: the name stands beside it. */
export function avatar(person: Person): HTMLElement {
  const disc = document.createElement('span');
  disc.className = 'rt-Avatar';
  disc.setAttribute('aria-hidden', 'true');
  disc.style.backgroundColor = person.color;
  disc.textContent = person.initials;
  if (person.avatar) {
    const image = document.createElement('img');
    image.src = person.avatar;
    image.alt = '';
    disc.append(image);
  }
  return disc;
}
