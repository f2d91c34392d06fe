// Charts as SVG in the colours of the page, so that they follow light and dark.
function scale(domain, range) {
  const [low, high] = domain;
  const [from, to] = range;
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}

function axis(x, domain, top, bottom, count) {
  return ticks(...domain, count).flatMap((value) => [
    svg('line', { class: 'grid', x1: x(value), x2: x(value), y1: top, y2: bottom }),
    svg('text', { class: 'tick', x: x(value), y: bottom + 14, 'text-anchor': 'middle' }, short(value)),
  ]);
}

const clip = (text, letters) => (text.length > letters ? `${text.slice(0, letters - 1)}…` : text);

function heading(metric) {
  const fact = RESULTS.metrics[metric];
  return el('h3', {}, `${fact.title} ${fact.arrow}`.trim(), fact.unit ? el('small', {}, ` ${fact.unit}`) : null);
}

// Value and interval of every model, for one metric.
function intervalChart(context, metric) {
  const rows = context.summary[metric];
  const [width, left, step, top] = [270, 96, 17, 4];
  const bottom = top + rows.length * step;
  const domain = extent(rows.flatMap((row) => [row[1], row[2], row[3]]));
  const x = scale(domain, [left, width - 10]);
  const truth = rows.find((row) => isReference(row[0]));
  const chart = svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${bottom + 18}`, 'aria-hidden': 'true' }, axis(x, domain, top, bottom, 3));
  if (truth) chart.append(svg('line', { class: 'truth', x1: x(truth[1]), x2: x(truth[1]), y1: top, y2: bottom }));
  rows.forEach(([model, value, low, high], index) => {
    const y = top + (index + 0.5) * step;
    chart.append(svg('text', { x: left - 8, y: y + 4, 'text-anchor': 'end' }, clip(title(model), 15)));
    if (low !== null && high !== null) {
      chart.append(svg('line', { x1: x(low), x2: x(high), y1: y, y2: y, 'stroke-width': 2.2, 'stroke-linecap': 'round', style: { stroke: colour(model) } }));
    }
    chart.append(svg('circle', { cx: x(value), cy: y, r: 3.6, style: { fill: colour(model) } }));
  });
  return chart;
}

// How often each asked emotion was recognised, by model.
function emotionChart(emotions, width) {
  const models = inOrder(Object.keys(emotions.counts));
  const bar = Math.max(4, Math.min(10, 60 / models.length));
  const [left, top] = [88, 4];
  const group = models.length * bar + 12;
  const bottom = top + emotions.asked.length * group;
  const x = scale([0, 1], [left, width - 14]);
  const chart = svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${bottom + 20}`, role: 'img', 'aria-label': 'Share of cases whose asked emotion was recognised' }, axis(x, [0, 1], top, bottom, 4));
  emotions.asked.forEach((asked, i) => {
    const start = top + i * group + 6;
    chart.append(svg('text', { x: left - 8, y: start + (models.length * bar) / 2 + 4, 'text-anchor': 'end' }, clip(asked, 13)));
    models.forEach((model, j) => {
      const counts = emotions.counts[model][i];
      const total = counts.reduce((sum, count) => sum + count, 0);
      if (!total) return;
      const share = counts[emotions.predicted.indexOf(asked)] / total;
      const words = `${title(model)}: ${asked} recognised in ${counts[emotions.predicted.indexOf(asked)]} of ${total}`;
      chart.append(svg('rect', { x: left, y: start + j * bar, width: Math.max(1.5, x(share) - left), height: bar - 1.2, rx: 1.5, 'data-tip': words, style: { fill: colour(model) } }));
    });
  });
  return chart;
}

function confusionTable(emotions, model) {
  const head = el('tr', {}, el('td', {}), ...emotions.predicted.map((name) => el('th', { scope: 'col', 'data-tip': name }, name.slice(0, 3))));
  const rows = emotions.asked.map((asked, i) => {
    const counts = emotions.counts[model][i];
    const total = counts.reduce((sum, count) => sum + count, 0);
    const cells = counts.map((count, j) => {
      const share = total ? count / total : 0;
      const words = `${asked} recognised as ${emotions.predicted[j]}: ${count} of ${total}`;
      return el('td', { 'data-tip': words, style: { '--share': String(share) } }, count ? String(Math.round(100 * share)) : '');
    });
    return el('tr', {}, el('th', { scope: 'row' }, asked), ...cells);
  });
  return el('table', { class: 'confusion' }, el('thead', {}, head), el('tbody', {}, ...rows));
}

function responseChart(response, width) {
  const models = inOrder(Object.keys(response));
  const [left, top, bottom] = [40, 8, 190];
  const x = scale(extent(models.flatMap((model) => response[model].map((point) => point[0])), 0.03), [left, width - 14]);
  const y = scale([0, 1], [bottom, top]);
  const inputs = [...new Set(models.flatMap((model) => response[model].map((point) => point[0])))];
  const chart = svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${bottom + 36}`, role: 'img', 'aria-label': 'Probability of the asked emotion by asked intensity' });
  for (const value of [0, 0.25, 0.5, 0.75, 1]) {
    chart.append(svg('line', { class: 'grid', x1: left, x2: width - 14, y1: y(value), y2: y(value) }), svg('text', { class: 'tick', x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, short(value)));
  }
  for (const value of inputs.slice(0, 12)) chart.append(svg('text', { class: 'tick', x: x(value), y: bottom + 16, 'text-anchor': 'middle' }, String(Number(value.toFixed(2)))));
  chart.append(svg('text', { class: 'soft', x: (left + width) / 2, y: bottom + 32, 'text-anchor': 'middle' }, 'asked intensity'));
  for (const model of models) {
    const points = response[model].map(([input, share]) => [x(input), y(share)]);
    chart.append(svg('polyline', { points: points.map((point) => point.join(',')).join(' '), fill: 'none', 'stroke-width': 2, 'stroke-dasharray': MODELS.get(model).dash || null, style: { stroke: colour(model) } }));
    for (const [cx, cy] of points) chart.append(svg('circle', { cx, cy, r: 3, style: { fill: colour(model) } }));
  }
  return chart;
}

const legend = (models) => el('div', { class: 'key' }, ...models.map((model) => el('span', {}, dot(model), title(model))));
