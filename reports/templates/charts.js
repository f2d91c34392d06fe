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

// The same jitter on every visit: a hash of model and case.
function jitter(text) {
  let hash = 2166136261;
  for (let k = 0; k < text.length; k += 1) hash = Math.imul(hash ^ text.charCodeAt(k), 16777619);
  hash = Math.imul(hash ^ (hash >>> 16), 2246822507);
  hash = Math.imul(hash ^ (hash >>> 13), 3266489909);
  return (((hash ^ (hash >>> 16)) >>> 0) / 4294967295 - 0.5) * 0.5;
}

function quantile(sorted, share) {
  const place = (sorted.length - 1) * share;
  const low = Math.floor(place);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (place - low);
}

// Every case of every model, for one metric. Dots are one path a model: thousands cost nothing.
function spreadChart(context, metric, width) {
  const models = inOrder(Object.keys(context.scores[metric]));
  const left = width < 520 ? 92 : 150;
  const [step, top] = [38, 6];
  const bottom = top + models.length * step;
  const values = models.map((model) => context.scores[metric][model]);
  const domain = extent(values.flat(), 0.04);
  const x = scale(domain, [left, width - 12]);
  const name = RESULTS.metrics[metric].title;
  const chart = svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${bottom + 20}`, role: 'img', 'aria-label': `${name}: scores of all cases by model` }, axis(x, domain, top, bottom, width < 520 ? 3 : 6));
  const points = [];
  models.forEach((model, row) => {
    const y = top + (row + 0.5) * step;
    let path = '';
    values[row].forEach((value, index) => {
      if (value === null) return;
      const place = [x(value), y + jitter(model + context.cases[index]) * step];
      path += `M${place[0].toFixed(1)} ${place[1].toFixed(1)}h0`;
      points.push({ model, index, value, x: place[0], y: place[1] });
    });
    const sorted = values[row].filter((value) => value !== null).sort((a, b) => a - b);
    chart.append(svg('text', { x: left - 12, y: y + 4, 'text-anchor': 'end' }, clip(title(model), width < 520 ? 14 : 24)));
    if (!sorted.length) return;
    const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => x(quantile(sorted, share)));
    chart.append(
      svg('path', { d: path, fill: 'none', 'stroke-width': 5, 'stroke-linecap': 'round', 'stroke-opacity': sorted.length > 400 ? 0.25 : 0.5, style: { stroke: colour(model) } }),
      svg('rect', { x: low, y: y - 9, width: Math.max(1, high - low), height: 18, rx: 3, 'fill-opacity': 0.14, 'stroke-width': 1.2, style: { fill: colour(model), stroke: colour(model) } }),
      svg('line', { x1: middle, x2: middle, y1: y - 11, y2: y + 11, 'stroke-width': 2, style: { stroke: 'var(--ink)' } }),
    );
  });
  const rings = svg('g', {});
  chart.append(rings);
  chart.addEventListener('pointermove', (event) => {
    const box = chart.getBoundingClientRect();
    const zoom = width / box.width;
    const [px, py] = [(event.clientX - box.left) * zoom, (event.clientY - box.top) * zoom];
    let [nearest, least] = [null, 14 ** 2];
    for (const point of points) {
      const distance = (point.x - px) ** 2 + (point.y - py) ** 2;
      if (distance < least) [nearest, least] = [point, distance];
    }
    rings.replaceChildren();
    if (!nearest) return hideTip();
    for (const point of points.filter((each) => each.index === nearest.index)) {
      rings.append(svg('circle', { cx: point.x, cy: point.y, r: 5, 'stroke-width': 2, style: { fill: colour(point.model), stroke: 'var(--ink)' } }));
    }
    return showTip(`${context.cases[nearest.index]} · ${title(nearest.model)}: ${fixed(nearest.value, context.places[metric])}`, box.left + nearest.x / zoom, box.top + nearest.y / zoom);
  });
  chart.addEventListener('pointerleave', () => { rings.replaceChildren(); hideTip(); });
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
      return el('td', { class: share > 0.6 ? 'high' : null, 'data-tip': words, style: { '--share': String(share) } }, count ? String(Math.round(100 * share)) : '');
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
