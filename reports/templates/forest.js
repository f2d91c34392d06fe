// Paired differences: every metric of one pair of models, or every pair of one metric. Right is better.
const VERDICTS = { better: ['▶', 'better'], worse: ['◀', 'worse'], same: ['■', 'same'], unclear: ['○', 'unclear'] };
const MIRROR = { better: 'worse', worse: 'better' };

// The stored row of a pair, or its mirror image: only one of the two directions is kept.
function differenceOf(context, metric, model, versus) {
  const table = once(context, 'pairs', () => new Map(Object.entries(context.differences.rows).flatMap(([name, rows]) => rows.map((row) => [`${name}\n${row[0]}\n${row[1]}`, row]))));
  const straight = table.get(`${metric}\n${model}\n${versus}`);
  const mirrored = table.get(`${metric}\n${versus}\n${model}`);
  const row = straight ?? mirrored;
  if (!row) return null;
  const [difference, low, high, effect, p, q, verdict, n] = row.slice(2);
  const minus = (value) => (value === null ? null : -value);
  const found = { metric, model, versus, p, q, n };
  if (straight) return { ...found, difference, low, high, effect, verdict };
  return { ...found, difference: minus(difference), low: minus(high), high: minus(low), effect: minus(effect), verdict: MIRROR[verdict] ?? verdict };
}

// In units of the spread of the paired differences, turned so that right is better. Null where that is not defined.
function standardized({ metric, difference, low, high, effect }) {
  if (effect === null || difference === null) return null;
  const sign = RESULTS.metrics[metric].better === 'lower' ? -1 : 1;
  const size = difference === 0 ? 0 : effect / difference;
  const ends = low === null || high === null || !size ? null : [sign * low * size, sign * high * size].sort((a, b) => a - b);
  return { at: sign * effect, ends };
}

function forestMark(verdict) {
  const [mark, words] = VERDICTS[verdict] ?? VERDICTS.unclear;
  return el('span', { class: `verdict ${verdict}` }, el('span', { 'aria-hidden': 'true' }, mark), ` ${words}`);
}

// One row's line, all rows on one axis from -limit to limit; what lies outside ends in an arrow at the edge.
function forestLine(row, limit, width) {
  const place = standardized(row);
  const x = scale([-limit, limit], [6, width - 6]);
  const inside = (value) => x(Math.max(-limit, Math.min(limit, value)));
  const chart = svg('svg', { class: `forest ${row.verdict}`, width, height: 22, 'aria-hidden': 'true' });
  for (const value of ticks(-limit, limit, 4)) chart.append(svg('line', { class: value === 0 ? 'zero' : 'grid', x1: x(value), x2: x(value), y1: 0, y2: 22 }));
  if (!place) return chart;
  if (place.ends) {
    chart.append(svg('line', { class: 'reach', x1: inside(place.ends[0]), x2: inside(place.ends[1]), y1: 11, y2: 11 }));
    if (place.ends[0] < -limit) chart.append(svg('path', { class: 'beyond', d: 'M8 7l-5 4l5 4' }));
    if (place.ends[1] > limit) chart.append(svg('path', { class: 'beyond', d: `M${width - 8} 7l5 4l-5 4` }));
  }
  const [cx, size] = [inside(place.at), 4.6];
  const marks = { better: `M${cx - size} 6.5L${cx + size} 11L${cx - size} 15.5Z`, worse: `M${cx + size} 6.5L${cx - size} 11L${cx + size} 15.5Z`, same: `M${cx - 4} 7h8v8h-8Z` };
  chart.append(row.verdict in marks ? svg('path', { class: 'mark', d: marks[row.verdict] }) : svg('circle', { class: 'mark', cx, cy: 11, r: 4.2 }));
  return chart;
}

function forestAxis(limit, width) {
  const x = scale([-limit, limit], [6, width - 6]);
  return svg('svg', { class: 'forest', width, height: 18, 'aria-hidden': 'true' }, ...ticks(-limit, limit, 4).map((value) => svg('text', { class: 'tick', x: x(value), y: 13, 'text-anchor': 'middle' }, short(value))));
}

// The widest standardized end that is not an outlier, so that one huge effect does not flatten the rest.
function forestLimit(rows) {
  const reach = rows.map(standardized).filter(Boolean).map((place) => Math.max(Math.abs(place.at), ...(place.ends ?? []).map(Math.abs))).sort((a, b) => a - b);
  return reach.length ? Math.max(0.25, 1.1 * quantile(reach, 0.85)) : 1;
}

class DifferencesView {
  constructor(mount, context) {
    this.context = context;
    const { models, notes } = context.differences;
    const metrics = context.order.filter((metric) => metric in context.differences.rows);
    this.by = chooser('Show', [[null, [['metric', 'every metric of one pair'], ['pair', 'every pair of one metric']]]], (by) => go({ by }));
    // Taking the other one of the pair turns the pair around.
    this.model = chooser('Model', modelOptions(models.filter(competes)), (model) => go({ model, versus: model === this.versus.select.value ? this.pair[0] : this.pair[1] }));
    this.versus = chooser('Compared with', modelOptions(models), (versus) => go({ versus, model: versus === this.model.select.value ? this.pair[1] : this.pair[0] }));
    this.metric = chooser('Metric', metricOptions(metrics), (metric) => go({ metric }));
    this.metrics = metrics;
    this.said = el('p', { class: 'lead', role: 'status' });
    this.place = el('div', {});
    mount.append(...[
      el('h2', {}, 'Paired differences'),
      el('p', { class: 'lead' }, 'On the cases that both models have. Right of the line is better, in standard deviations of the paired difference (Cohen’s d); line: 95 % interval, resampled by speaker. Metrics of whole sets have no spread over cases, so no line. The verdict is that of space-bench compare; q is p after Benjamini and Hochberg over all metrics and pairs here.'),
      el('div', { class: 'controls' }, this.by.node, this.model.node, this.versus.node, this.metric.node), this.said, this.place,
      notes.length ? el('ul', { class: 'notes' }, ...notes.map((note) => el('li', {}, note))) : null,
    ].filter(Boolean));
  }

  update({ model, versus, metric, by }) {
    const { models } = this.context.differences;
    if (!models.length) {
      this.said.textContent = 'There are no two models to compare here.';
      return;
    }
    const competing = models.filter(competes);
    const one = competing.includes(model) ? model : competing[0];
    const against = models.includes(versus) && versus !== one ? versus : models.find((name) => name !== one);
    this.pair = [one, against];
    const shown = this.metrics.includes(metric) ? metric : this.metrics[0];
    [this.by.select.value, this.model.select.value, this.versus.select.value, this.metric.select.value] = [by, one, against, shown];
    for (const choice of [this.model, this.versus]) choice.node.hidden = by === 'pair';
    this.metric.node.hidden = by !== 'pair';
    const pairs = models.flatMap((a, k) => models.slice(k + 1).map((b) => differenceOf(this.context, shown, a, b)));
    const rows = (by === 'pair' ? pairs : this.metrics.map((name) => differenceOf(this.context, name, one, against))).filter(Boolean);
    const counts = Object.keys(VERDICTS).map((verdict) => [rows.filter((row) => row.verdict === verdict).length, verdict]).filter(([count]) => count);
    const subject = by === 'pair' ? `${RESULTS.metrics[shown]?.title ?? ''}: ${plural(rows.length, 'pair')}` : `${title(one)} against ${title(against)}`;
    this.said.textContent = rows.length ? `${subject} · ${counts.map(([count, verdict]) => `${count} ${verdict}`).join(', ')}` : `${subject}: nothing that both have was measured.`;
    this.place.replaceChildren(rows.length ? this.table(rows, by) : '');
  }

  table(rows, by) {
    const width = Math.round(Math.max(150, Math.min(560, this.place.clientWidth - 740)));
    const limit = forestLimit(rows);
    const head = [by === 'pair' ? 'Pair' : 'Metric', 'Verdict', [el('span', { class: 'unseen' }, 'Standardized difference, right is better'), forestAxis(limit, width)], 'Difference', 'q', 'Cases'];
    const body = [];
    let group = null;
    for (const row of rows) {
      const fact = RESULTS.metrics[row.metric];
      if (by !== 'pair' && fact.group !== group) {
        group = fact.group;
        body.push(el('tr', { class: 'divider' }, el('th', { scope: 'rowgroup', colspan: 6 }, el('span', {}, group))));
      }
      body.push(this.row(row, by, fact, limit, width));
    }
    const table = el('table', { class: 'forests' }, el('thead', {}, el('tr', {}, ...head.map((part) => el('th', { scope: 'col' }, part)))), el('tbody', {}, ...body));
    return el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Paired differences' }, table);
  }

  row(row, by, fact, limit, width) {
    const places = this.context.places[row.metric] ?? 3;
    const signed = (value) => `${value > 0 ? '+' : ''}${fixed(value, places)}`;
    const name = by === 'pair' ? [dot(row.model), ` ${title(row.model)} `, el('span', { class: 'against' }, 'against '), dot(row.versus), ` ${title(row.versus)}`] : [`${fact.title} ${fact.arrow}`.trim()];
    const inside = el('span', { class: 'what' }, ...name);
    const open = row.metric in this.context.scores ? el('button', { type: 'button', class: 'plain', 'data-tip': 'Show the cases where it is worst', onclick: () => go({ view: 'cases', metric: row.metric, model: row.model, versus: row.versus, sort: 'regressed', filter: null }, true) }, inside) : inside;
    const range = row.low === null || row.high === null ? 'no interval' : `[${signed(row.low)}, ${signed(row.high)}]`;
    const q = row.q === null ? '–' : row.q < 0.001 ? '< 0.001' : fixed(row.q, 3);
    return el('tr', {}, el('th', { scope: 'row' }, open), el('td', {}, forestMark(row.verdict)), el('td', { class: 'line' }, forestLine(row, limit, width)), el('td', { class: 'number' }, el('b', {}, signed(row.difference)), el('small', {}, ` ${fact.unit} ${range}`)), el('td', { class: 'number' }, q), el('td', { class: 'number' }, counted(row.n)));
  }
}
