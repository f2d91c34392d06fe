// Where a model is strong or weak: every metric by groups of cases, a dot with its interval a model.
const LINE = 9;

// One group's row of one metric: the models above each other, on the axis that the whole chart shares.
function strataLine(context, metric, models, values, x, width) {
  const tall = models.length * LINE + 6;
  const chart = svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${tall}`, 'aria-hidden': 'true' });
  for (const value of x.ticks) chart.append(svg('line', { class: 'grid', x1: x(value), x2: x(value), y1: 0, y2: tall }));
  models.forEach((model, k) => {
    const found = values(model);
    if (!found) return;
    const [value, low, high, n] = found;
    const y = 3 + (k + 0.5) * LINE;
    const places = context.places[metric];
    const range = low === null ? '' : ` [${fixed(low, places)}, ${fixed(high, places)}]`;
    const words = `${title(model)}: ${fixed(value, places)}${range}, ${plural(n, 'case')}`;
    const inside = (end) => Math.max(1, Math.min(width - 1, x(end)));
    if (low !== null) chart.append(svg('line', { x1: inside(low), x2: inside(high), y1: y, y2: y, 'stroke-width': 2, 'stroke-opacity': 0.75, style: { stroke: colour(model) } }));
    chart.append(svg('circle', { cx: x(value), cy: y, r: 3.4, style: { fill: colour(model) } }), svg('rect', { class: 'target', x: 0, y: y - LINE / 2, width, height: LINE, 'data-tip': words }));
  });
  return chart;
}

class StrataView {
  constructor(mount, context) {
    this.context = context;
    this.hidden = new Set(modelsOf(context).filter((model) => !competes(model) && !isReference(model)));
    const { kinds } = context.strata;
    this.kind = chooser('By', [[null, kinds.map((each) => [each.kind, each.title])]], (kind) => go({ kind }));
    this.which = chooser('Metrics', [[null, [['paper', 'Key metrics'], ['full', 'All metrics']]]], () => this.draw());
    this.shown = el('div', { class: 'key', role: 'group', 'aria-label': 'Models shown' });
    this.said = el('p', { class: 'lead' });
    this.place = el('div', { class: 'strata' });
    mount.append(
      el('h2', {}, 'Strata'),
      el('p', { class: 'lead' }, 'Dot: mean of the group. Line: its 95 % interval, where there is one. ◂ marks the group where the chosen model is worst. Choose a group to see its cases.'),
      el('div', { class: 'controls' }, this.kind.node, this.which.node), this.shown, this.said, this.place,
    );
  }

  update({ kind, model }) {
    this.chosen = { kind, model };
    if (kind) this.kind.select.value = kind;
    this.draw();
  }

  draw() {
    const { kind, model } = this.chosen;
    const found = this.context.strata.kinds.find((each) => each.kind === kind);
    const rows = this.context.strata.rows[kind] ?? {};
    if (!found || !Object.keys(rows).length) {
      this.place.replaceChildren(el('p', { class: 'empty' }, 'These cases differ in no label: there are no groups to compare.'));
      return;
    }
    const names = modelsOf(this.context).filter((name) => Object.values(rows).some((each) => name in each));
    this.shown.replaceChildren(...names.map((name) => el('button', {
      type: 'button', 'aria-pressed': String(!this.hidden.has(name)),
      onclick: (event) => {
        if (!this.hidden.delete(name)) this.hidden.add(name);
        event.currentTarget.setAttribute('aria-pressed', String(!this.hidden.has(name)));
        this.charts(found, rows, names, model);
      },
    }, dot(name), title(name))));
    this.charts(found, rows, names, model);
  }

  charts(kind, rows, names, model) {
    const order = this.which.select.value === 'paper' ? this.context.paper.filter((metric) => metric in rows) : [];
    const metrics = order.length ? order : this.context.order.filter((metric) => metric in rows);
    const models = names.filter((name) => !this.hidden.has(name));
    this.place.replaceChildren(...metrics.map((metric) => this.chart(kind, metric, rows[metric], models, model)));
  }

  chart(kind, metric, rows, models, model) {
    const width = 250;
    const domain = this.domain(models.flatMap((name) => (rows[name] ?? []).filter(Boolean)));
    const x = scale(domain, [6, width - 8]);
    x.ticks = ticks(...domain, 3);
    const worst = this.worst(metric, rows[model]);
    const lines = kind.labels.map((label, index) => {
      const filter = writeFilter(new Map([[kind.kind, label]]));
      const target = metric in this.context.scores ? metric : null;
      const name = el('button', { type: 'button', class: 'plain', 'data-tip': this.counts(kind, rows, models, index), onclick: () => go({ view: 'cases', filter, sort: 'worst', metric: target ?? this.context.paper[0] }, true) }, el('span', { class: 'what' }, label), index === worst ? el('b', { class: 'worst', 'aria-label': `worst of ${title(model)}` }, ' ◂') : null);
      return el('div', { class: 'stratum' }, name, strataLine(this.context, metric, models, (each) => rows[each]?.[index], x, width));
    });
    const scaleLine = svg('svg', { class: 'chart', viewBox: `0 0 ${width} 18`, 'aria-hidden': 'true' }, ...x.ticks.map((value) => svg('text', { class: 'tick', x: x(value), y: 13, 'text-anchor': 'middle' }, short(value))));
    return el('section', { 'aria-label': RESULTS.metrics[metric].title }, heading(metric), ...lines, el('div', { class: 'stratum' }, el('span', {}), scaleLine));
  }

  // The range of the dots, with room for intervals; what a few cases leave wide open does not flatten the rest.
  domain(found) {
    const [low, high] = extent(found.map(([value]) => value), 0.05);
    const room = 0.6 * (high - low);
    const ends = found.flatMap(([value, from, to]) => [value, from ?? value, to ?? value]);
    return extent(ends.map((end) => Math.max(low - room, Math.min(high + room, end))), 0.03);
  }

  worst(metric, values) {
    const { better } = RESULTS.metrics[metric];
    if (!values || better === 'none') return -1;
    const known = values.map((found, index) => [found?.[0], index]).filter(([value]) => value !== undefined);
    if (known.length < 2) return -1;
    return known.reduce((a, b) => ((better === 'lower' ? b[0] > a[0] : b[0] < a[0]) ? b : a))[1];
  }

  // What the dots of a group say, in words: for the keyboard and for screen readers.
  counts(kind, rows, models, index) {
    const metric = Object.keys(this.context.strata.rows[kind.kind]).find((name) => this.context.strata.rows[kind.kind][name] === rows);
    const parts = models.filter((name) => rows[name]?.[index]).map((name) => `${title(name)} ${fixed(rows[name][index][0], this.context.places[metric])}`);
    return `${kind.labels[index]}: ${parts.join(' · ') || 'nothing scored'}`;
  }
}
