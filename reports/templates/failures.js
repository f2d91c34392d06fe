// Everything that has no score, grouped by reason. Long lists are drawn a part at a time.
const FIRST = 100;

// Rows of the compact table of failures; `index` is null where a failure concerns all cases.
function failuresOf(context) {
  return once(context, 'failures', () => {
    const { count, words, columns } = context.failures;
    const read = (name) => (row) => columns[name].values[columns[name].codes[row]] ?? '';
    const [model, status, detail, metrics] = ['model', 'status', 'detail', 'metrics'].map(read);
    return Array.from({ length: count }, (_, row) => ({
      index: columns.case[row], case: columns.case[row] === null ? 'all cases' : caseName(context, columns.case[row]), model: model(row), status: status(row),
      words: words[status(row)] ?? status(row), detail: detail(row), metrics: metrics(row) || [],
    }));
  });
}

// Failures of each case: index -> rows.
const failuresByCase = (context) => once(context, 'failures by case', () => {
  const found = new Map();
  for (const failure of failuresOf(context)) {
    if (failure.index === null) continue;
    if (!found.has(failure.index)) found.set(failure.index, []);
    found.get(failure.index).push(failure);
  }
  return found;
});

const metricTitles = (failure) => failure.metrics.map((metric) => RESULTS.metrics[metric]?.title ?? metric);

function failureRow(context, failure) {
  const names = metricTitles(failure);
  const metrics = names.length > 4 ? plural(names.length, 'metric') : names.join(', ');
  const which = failure.index === null ? failure.case : el('button', { type: 'button', class: 'plain', onclick: () => openCase(context, failure.index) }, el('span', { class: 'what' }, failure.case));
  return el('tr', {}, el('td', {}, dot(failure.model), ` ${title(failure.model)}`), el('td', {}, which), el('td', {}, failure.detail), el('td', { 'data-tip': names.length > 4 ? names.join(', ') : null }, metrics));
}

function failureGroup(context, words, failures, open) {
  const body = el('tbody', {});
  const more = el('button', { type: 'button', class: 'quiet' });
  let drawn = 0;
  const draw = () => {
    body.append(...failures.slice(drawn, drawn + FIRST).map((failure) => failureRow(context, failure)));
    drawn = Math.min(failures.length, drawn + FIRST);
    more.textContent = `Show more: ${counted(failures.length - drawn)} are left`;
    more.hidden = drawn >= failures.length;
  };
  more.addEventListener('click', draw);
  const head = el('thead', {}, el('tr', {}, ...['Model', 'Case', 'What was found', 'Not scored'].map((name) => el('th', { scope: 'col' }, name))));
  const models = new Set(failures.map((failure) => failure.model)).size;
  const cases = new Set(failures.map((failure) => failure.case)).size;
  const list = el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': words }, el('table', { class: 'listing' }, head, body));
  const block = el('details', { class: 'reasons', open }, el('summary', {}, el('b', {}, words), ` · ${plural(cases, 'case')}, ${plural(models, 'model')}`), list, more);
  // A closed list is drawn when it is opened.
  if (open) draw();
  else block.addEventListener('toggle', draw, { once: true });
  return block;
}

function failures(mount, context) {
  const rows = failuresOf(context);
  if (!rows.length) {
    mount.replaceChildren(el('p', { class: 'empty' }, 'Every case that a metric was asked about has a score.'));
    return;
  }
  const models = inOrder([...new Set(rows.map((failure) => failure.model))]);
  const count = el('output', { class: 'lead' });
  const place = el('div', {});
  const draw = () => {
    const text = search.value.trim().toLowerCase();
    const kept = rows.filter((failure) => (!who.select.value || failure.model === who.select.value) && (!text || `${failure.case} ${failure.detail} ${failure.words} ${metricTitles(failure).join(' ')}`.toLowerCase().includes(text)));
    const groups = new Map();
    for (const failure of kept) {
      if (!groups.has(failure.words)) groups.set(failure.words, []);
      groups.get(failure.words).push(failure);
    }
    count.textContent = `${counted(kept.length)} of ${counted(rows.length)}`;
    place.replaceChildren(...[...groups].sort((a, b) => b[1].length - a[1].length).map(([words, part], index) => failureGroup(context, words, part, index === 0)));
  };
  const search = el('input', { type: 'search', class: 'grow', placeholder: 'Filter by case or finding', 'aria-label': 'Filter failures' });
  search.addEventListener('input', draw);
  const who = chooser('Model', [[null, [['', 'All models'], ...models.map((model) => [model, title(model)])]]], draw);
  mount.replaceChildren(el('div', { class: 'controls' }, search, who.node, count), place);
  draw();
}
