// Everything about one case: all videos, the curves, every metric of every model, and what failed.
const sheet = document.getElementById('case');
const caseParts = { name: sheet.querySelector('h2'), labels: sheet.querySelector('.labels'), place: sheet.querySelector('.place'), stage: sheet.querySelector('.stage'), numbers: sheet.querySelector('.numbers'), lost: sheet.querySelector('.lost') };
const current = { players: null, context: null, index: -1, before: null };

function openCase(context, index) {
  go({ context: context.key, case: caseName(context, index) }, !state.case);
}

// Back to where it was opened from; a page that was opened by its link has no such step.
function closeCase() {
  if (history.state?.inside) history.back();
  else go({ case: null });
}

async function turnCase(by) {
  const order = await listed(current.context, chosen(current.context));
  const at = order.indexOf(current.index);
  const next = at < 0 ? order[0] : order[at + by];
  if (next !== undefined) go({ case: caseName(current.context, next) });
}

function hideCase() {
  if (!sheet.open) return;
  current.players?.stop();
  current.index = -1;
  sheet.close();
  current.before?.focus?.();
}

async function showCase(context, index) {
  if (!sheet.open) {
    current.before = document.activeElement;
    sheet.showModal();
    sheet.focus();
  }
  if (current.context === context && current.index === index) return;
  current.players?.stop();
  [current.context, current.index] = [context, index];
  const name = caseName(context, index);
  caseParts.name.textContent = name;
  caseParts.labels.textContent = labelsOf(context, index).join(' · ');
  caseParts.place.textContent = '';
  caseParts.numbers.replaceChildren();
  caseParts.stage.scrollIntoView?.({ block: 'nearest' });
  const failed = failuresByCase(context).get(index) ?? [];
  const why = (model) => failed.find((failure) => failure.model === model && ['not_generated', 'unfit_video', 'decode_error', 'no_video'].includes(failure.status));
  current.players = new Players(caseParts.stage, name, modelsOf(context).map((model) => {
    const failure = why(model);
    return { model, source: videoOf(context, model, index), absent: failure ? [failure.words, failure.detail].filter(Boolean).join(': ') : 'The page knows no video of this case.' };
  }));
  caseParts.lost.replaceChildren(...(failed.length ? [el('h3', {}, 'Why something has no score'), lostTable(failed)] : []));
  const [curves] = await Promise.all([curvesOf(context, index), numbersOf(context, index), placeOf(context, index)]);
  if (current.context !== context || current.index !== index) return;
  current.players.show(curves);
  const told = context.curves && !Object.keys(curves.curves).length;
  caseParts.stage.append(...(told ? [el('p', { class: 'lead' }, `This page carries the curves of ${counted(context.curves.cases.length)} of ${counted(context.cases.count)} cases, not of this one.`)] : []));
}

async function placeOf(context, index) {
  const order = await listed(context, chosen(context));
  if (current.index !== index) return;
  const at = order.indexOf(index);
  caseParts.place.textContent = at < 0 ? `not among the ${plural(order.length, 'case')} of the filter` : `${counted(at + 1)} of ${counted(order.length)}`;
  const [back, on] = [sheet.querySelector('[data-turn="-1"]'), sheet.querySelector('[data-turn="1"]')];
  back.disabled = at === 0 || !order.length;
  on.disabled = at === order.length - 1 || !order.length;
}

function lostTable(failed) {
  const rows = failed.map((failure) => el('tr', {}, el('td', {}, dot(failure.model), ` ${title(failure.model)}`), el('td', {}, [failure.words, failure.detail].filter(Boolean).join(': ')), el('td', {}, metricTitles(failure).join(', '))));
  const head = el('thead', {}, el('tr', {}, ...['Model', 'Why', 'Not scored'].map((words) => el('th', { scope: 'col' }, words))));
  return el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Why something has no score' }, el('table', { class: 'listing' }, head, el('tbody', {}, ...rows)));
}

// A row a metric, a column a model: the value, and how many of the model's other cases it beats.
async function numbersOf(context, index) {
  const metrics = perCase(context);
  const all = await Promise.all(metrics.map((metric) => scoresOf(context, metric)));
  if (current.index !== index) return;
  const models = truthFirst(modelsOf(context)).filter((model) => all.some((scores) => scores.has(model)));
  const rows = [];
  let group = null;
  metrics.forEach((metric, k) => {
    const fact = RESULTS.metrics[metric];
    if (fact.group !== group) {
      group = fact.group;
      rows.push(el('tr', { class: 'divider' }, el('th', { scope: 'rowgroup', colspan: models.length + 1 }, el('span', {}, group))));
    }
    const values = models.map((model) => all[k].get(model)?.[index] ?? NaN);
    const competing = values.filter((value, j) => competes(models[j]) && !Number.isNaN(value));
    const best = fact.better === 'lower' ? Math.min(...competing) : fact.better === 'higher' ? Math.max(...competing) : NaN;
    rows.push(el('tr', {}, el('th', { scope: 'row', 'data-tip': fact.summary }, `${fact.title} ${fact.arrow}`.trim(), fact.unit ? el('small', {}, ` ${fact.unit}`) : null), ...values.map((value, j) => {
      if (Number.isNaN(value)) return el('td', { class: 'none' }, '–');
      const share = standing(metric, all[k].get(models[j]), index);
      const words = fixed(value, context.places[metric] ?? 3);
      const mine = competes(models[j]) && competing.length > 1 && value === best;
      return el('td', { class: share !== null && share < 0.05 ? 'low' : null }, mine ? el('b', {}, words) : words, share === null ? null : el('small', {}, ` ${Math.round(100 * share)} %`));
    })));
  });
  const head = el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Metric'), ...models.map((model) => el('th', { scope: 'col' }, dot(model), ` ${title(model)}`))));
  caseParts.numbers.replaceChildren(el('h3', {}, 'Every metric of this case'), el('p', { class: 'lead' }, 'Bold: best of the competing models. Small: share of the model’s other cases that this one beats; equal ones counted half, marked below 5 %.'), el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Every metric of this case' }, el('table', { class: 'case-numbers' }, head, el('tbody', {}, ...rows))));
}

sheet.addEventListener('cancel', (event) => { event.preventDefault(); closeCase(); });
sheet.addEventListener('click', (event) => { if (event.target === sheet) closeCase(); });
sheet.querySelector('[data-close]').addEventListener('click', closeCase);
for (const button of all('[data-turn]', sheet)) button.addEventListener('click', () => turnCase(Number(button.dataset.turn)));
