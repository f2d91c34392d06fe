// Small helpers. Words only ever enter the page as text nodes and attributes, never as markup.
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name in node && typeof value === 'boolean') node[name] = value;
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

// `{name}` in a text of the file, replaced.
export const words = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));

export const hex = (bytes) => [...new Uint8Array(bytes)].map((part) => part.toString(16).padStart(2, '0')).join('');

export const random = (bytes) => hex(crypto.getRandomValues(new Uint8Array(bytes)));

export const pause = (seconds) => new Promise((done) => { setTimeout(done, seconds * 1000); });

// A step replaces what is on the page; its heading gets the focus, so that a screen reader begins there.
export function show(...children) {
  const main = document.getElementById('main');
  main.replaceChildren(...children.flat().filter(Boolean));
  const heading = main.querySelector('h1');
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  scrollTo(0, 0);
}

export const button = (label, onclick, kind = 'primary') => el('button', { type: 'button', class: kind, onclick }, label);

export function banner(text) {
  const node = document.getElementById('banner');
  node.textContent = text;
  node.hidden = !text;
}
