// Small helpers. Text from results only ever enters the page as text nodes and attributes, never as markup.
const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'style') for (const [key, part] of Object.entries(value)) node.style.setProperty(key, part);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

const RESULTS = JSON.parse(document.getElementById('payload').textContent);
const MODELS = new Map(RESULTS.models.map((model) => [model.name, model]));
const colour = (model) => MODELS.get(model)?.colour ?? 'var(--ink)';
const title = (model) => MODELS.get(model)?.title ?? model;
const isReference = (model) => model === RESULTS.reference;
const competes = (model) => MODELS.get(model)?.kind !== 'sanity';
const dot = (model) => el('span', { class: 'dot', 'aria-hidden': 'true', style: { '--c': colour(model) } });

// Ground truth first, where models stand side by side; otherwise the order of the table.
const truthFirst = (names) => [...names].sort((a, b) => isReference(b) - isReference(a));
const inOrder = (names) => RESULTS.models.map((model) => model.name).filter((name) => names.includes(name));

function fixed(value, places) {
  return value.toFixed(places).replace(/^-(?=0*\.?0*$)/, '').replace('-', '−');
}

function ticks(low, high, count = 4) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= raw * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) found.push(Number((k * step).toPrecision(10)));
  return found;
}

function extent(values, margin = 0.06) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value === null || value === undefined) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return [0, 1];
  const room = (high - low || Math.abs(high) || 1) * margin;
  return [low - room, high + room];
}

const counted = (count) => count.toLocaleString('en');
const plural = (count, one, many = `${one}s`) => `${counted(count)} ${count === 1 ? one : many}`;

// A labelled choice. `groups` is a list of [heading or null, [[value, words], ...]].
function chooser(label, groups, onchange) {
  const options = ([value, words]) => el('option', { value }, words);
  const select = el('select', {}, ...groups.map(([heading, list]) => (heading === null ? list.map(options) : el('optgroup', { label: heading }, ...list.map(options)))));
  select.addEventListener('change', () => onchange(select.value));
  return { select, node: el('label', { class: 'field' }, el('span', {}, label), select) };
}

const modelOptions = (names) => [[null, names.map((name) => [name, title(name)])]];

function metricOptions(metrics) {
  const groups = [...new Set(metrics.map((metric) => RESULTS.metrics[metric].group))];
  return groups.map((group) => [group || 'other', metrics.filter((metric) => RESULTS.metrics[metric].group === group).map((metric) => [metric, `${RESULTS.metrics[metric].title} ${RESULTS.metrics[metric].arrow}`.trim()])]);
}

// Calls `draw` once, when the node comes near what is on the screen: what nobody scrolls to costs nothing.
function whenSeen(node, draw) {
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    draw();
  }, { rootMargin: '400px' });
  seen.observe(node);
}

const short = (value) => String(Number(value.toPrecision(6))).replace('-', '−');

// One tooltip for everything that carries data-tip: on hover and on keyboard focus.
const tip = document.getElementById('tip');
function showTip(text, x, y) {
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(x - box.width / 2, innerWidth - box.width - 8))}px`;
  tip.style.top = `${y - box.height - 10 < 4 ? y + 18 : y - box.height - 10}px`;
}
const hideTip = () => { tip.hidden = true; };
function tipFrom(event) {
  const owner = event.target.closest?.('[data-tip]');
  if (!owner || !owner.dataset.tip) return;
  const box = owner.getBoundingClientRect();
  showTip(owner.dataset.tip, box.left + box.width / 2, box.top);
}
document.addEventListener('pointerover', tipFrom);
document.addEventListener('focusin', tipFrom);
document.addEventListener('pointerout', (event) => { if (event.target.closest?.('[data-tip]')) hideTip(); });
document.addEventListener('focusout', hideTip);
document.addEventListener('scroll', hideTip, { capture: true, passive: true });
document.addEventListener('keydown', (event) => { if (event.key === 'Escape') hideTip(); });
