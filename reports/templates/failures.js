// Everything that has no score, grouped by reason. Long lists are drawn a part at a time.
const FIRST = 100;

function failureRow(failure) {
  const metrics = failure.metrics.length > 4 ? `${failure.metrics.length} metrics` : failure.metrics.join(', ');
  return el('tr', {}, el('td', {}, dot(failure.model), ` ${title(failure.model)}`), el('td', {}, failure.case), el('td', {}, failure.detail), el('td', { 'data-tip': failure.metrics.length > 4 ? failure.metrics.join(', ') : null }, metrics));
}

function failureGroup(words, failures, open) {
  const body = el('tbody', {});
  const more = el('button', { type: 'button', class: 'quiet' });
  let drawn = 0;
  const draw = (count) => {
    body.append(...failures.slice(drawn, drawn + count).map(failureRow));
    drawn = Math.min(failures.length, drawn + count);
    more.textContent = `Show all ${failures.length}`;
    more.hidden = drawn >= failures.length;
  };
  more.addEventListener('click', () => draw(failures.length));
  draw(FIRST);
  const head = el('thead', {}, el('tr', {}, ...['Model', 'Case', 'What was found', 'Not scored'].map((name) => el('th', { scope: 'col' }, name))));
  const models = new Set(failures.map((failure) => failure.model)).size;
  const cases = new Set(failures.map((failure) => failure.case)).size;
  const counts = ` · ${cases} ${cases === 1 ? 'case' : 'cases'}, ${models} ${models === 1 ? 'model' : 'models'}`;
  const list = el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': words }, el('table', { class: 'listing' }, head, body));
  return el('details', { class: 'reasons', open }, el('summary', {}, el('b', {}, words), counts), list, more);
}

function failures(mount, context) {
  if (!context.failures.length) {
    mount.replaceChildren(el('p', { class: 'empty' }, 'Every case that a metric was asked about has a score.'));
    return;
  }
  const search = el('input', { type: 'search', class: 'grow', placeholder: 'Filter by case or finding', 'aria-label': 'Filter failures' });
  const models = inOrder([...new Set(context.failures.map((failure) => failure.model))]);
  const who = el('select', { 'aria-label': 'Model' }, el('option', { value: '' }, 'All models'), ...models.map((model) => el('option', { value: model }, title(model))));
  const count = el('output', { class: 'lead' });
  const place = el('div', {});
  const draw = () => {
    const wanted = search.value.trim().toLowerCase();
    const kept = context.failures.filter((failure) => (!who.value || failure.model === who.value) && (!wanted || `${failure.case} ${failure.detail} ${failure.words} ${failure.metrics.join(' ')}`.toLowerCase().includes(wanted)));
    const groups = Map.groupBy ? Map.groupBy(kept, (failure) => failure.words) : kept.reduce((map, failure) => map.set(failure.words, [...(map.get(failure.words) ?? []), failure]), new Map());
    count.textContent = `${kept.length} of ${context.failures.length}`;
    place.replaceChildren(...[...groups].sort((a, b) => b[1].length - a[1].length).map(([words, part], index) => failureGroup(words, part, index === 0)));
  };
  search.addEventListener('input', draw);
  who.addEventListener('change', draw);
  mount.replaceChildren(el('div', { class: 'controls' }, search, who, count), place);
  draw();
}
