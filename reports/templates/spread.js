// Every case of every model for one metric: dots on a canvas, so that tens of thousands stay quick; axes and boxes as SVG.
const ECDF_POINTS = 240;

// The same jitter on every visit: a hash of model and case.
function jitter(text) {
  let hash = 2166136261;
  for (let k = 0; k < text.length; k += 1) hash = Math.imul(hash ^ text.charCodeAt(k), 16777619);
  hash = Math.imul(hash ^ (hash >>> 16), 2246822507);
  hash = Math.imul(hash ^ (hash >>> 13), 3266489909);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4294967295 - 0.5;
}

function quantile(sorted, share) {
  const place = (sorted.length - 1) * share;
  const low = Math.floor(place);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (place - low);
}

const sortedValues = (values) => values.filter((value) => !Number.isNaN(value)).sort();

// How crowded each value's neighbourhood is, 0 to 1: dots spread out where many cases are.
function crowding(sorted, domain, bins = 60) {
  const counts = new Float32Array(bins + 2);
  const bin = (value) => 1 + Math.min(bins - 1, Math.max(0, Math.floor(((value - domain[0]) / (domain[1] - domain[0])) * bins)));
  for (const value of sorted) counts[bin(value)] += 1;
  const smooth = counts.map((count, k) => (k ? (counts[k - 1] + 2 * count + (counts[k + 1] ?? 0)) / 4 : 0));
  const most = Math.max(...smooth);
  return (value) => Math.max(0.12, smooth[bin(value)] / most);
}

// A canvas under an SVG of the same size. `paint(pen)` is called again when the theme changes.
function layered(width, height, chart, paint) {
  const zoom = Math.max(1, devicePixelRatio || 1);
  const canvas = el('canvas', { width: Math.round(width * zoom), height: Math.round(height * zoom), 'aria-hidden': 'true' });
  const node = el('div', { class: 'layered' }, canvas, chart);
  node.repaint = () => {
    const pen = canvas.getContext('2d');
    pen.setTransform(zoom, 0, 0, zoom, 0, 0);
    pen.clearRect(0, 0, width, height);
    paint(pen, (model) => MODELS.get(model).colour ?? getComputedStyle(document.body).color);
  };
  node.repaint();
  return node;
}

// Rings on the dots of one case, its name in the tooltip; a click opens it.
function followPointer(chart, width, points, rings, words, open) {
  let nearest = null;
  chart.addEventListener('pointermove', (event) => {
    const box = chart.getBoundingClientRect();
    const zoom = width / box.width;
    const [px, py] = [(event.clientX - box.left) * zoom, (event.clientY - box.top) * zoom];
    let least = 14 ** 2;
    nearest = null;
    for (const point of points) {
      const distance = (point.x - px) ** 2 + (point.y - py) ** 2;
      if (distance < least) [nearest, least] = [point, distance];
    }
    chart.style.cursor = nearest ? 'pointer' : '';
    rings.replaceChildren();
    if (!nearest) return hideTip();
    for (const point of points) {
      if (point.index === nearest.index) rings.append(svg('circle', { cx: point.x, cy: point.y, r: 5, 'stroke-width': 2, style: { fill: colour(point.model), stroke: 'var(--ink)' } }));
    }
    return showTip(words(nearest), box.left + nearest.x / zoom, box.top + nearest.y / zoom);
  });
  chart.addEventListener('pointerleave', () => { rings.replaceChildren(); hideTip(); });
  chart.addEventListener('click', () => { if (nearest) open(nearest); });
}

function spreadChart(context, metric, scores, width, open) {
  const models = inOrder([...scores.keys()]);
  const left = width < 520 ? 92 : 150;
  const [step, top] = [40, 6];
  const bottom = top + models.length * step;
  const sorted = models.map((model) => sortedValues(scores.get(model)));
  const domain = extent(sorted.flatMap((values) => [values[0], values.at(-1)]), 0.04);
  const x = scale(domain, [left, width - 12]);
  const chart = svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${bottom + 20}`, role: 'img', 'aria-label': `${RESULTS.metrics[metric].title}: scores of all cases by model` }, axis(x, domain, top, bottom, width < 520 ? 3 : 6));
  const points = [];
  models.forEach((model, row) => {
    const y = top + (row + 0.5) * step;
    const crowd = crowding(sorted[row], domain);
    scores.get(model).forEach((value, index) => {
      if (Number.isNaN(value)) return;
      points.push({ model, index, value, x: x(value), y: y + jitter(model + caseName(context, index)) * step * 0.82 * crowd(value) });
    });
    const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => x(quantile(sorted[row], share)));
    chart.append(
      svg('text', { x: left - 12, y: y + 4, 'text-anchor': 'end' }, clip(title(model), width < 520 ? 12 : 24)),
      svg('rect', { x: low, y: y - 8, width: Math.max(1, high - low), height: 16, rx: 3, 'fill-opacity': 0.12, 'stroke-width': 1.2, style: { fill: colour(model), stroke: colour(model) } }),
      svg('line', { x1: middle, x2: middle, y1: y - 11, y2: y + 11, 'stroke-width': 2, style: { stroke: 'var(--ink)' } }),
    );
  });
  const rings = svg('g', {});
  chart.append(rings);
  const most = Math.max(...sorted.map((values) => values.length));
  const radius = most > 1500 ? 1.3 : most > 300 ? 1.8 : 2.6;
  followPointer(chart, width, points, rings, (point) => `${caseName(context, point.index)} · ${title(point.model)}: ${fixed(point.value, context.places[metric])}`, open);
  return layered(width, bottom + 20, chart, (pen, ink) => {
    pen.globalAlpha = most > 1500 ? 0.4 : 0.75;
    for (const point of points) {
      pen.fillStyle = ink(point.model);
      pen.fillRect(point.x - radius, point.y - radius, 2 * radius, 2 * radius);
    }
  });
}

// Share of cases at or below each value. A model whose line lies to the left has lower values.
function shareChart(metric, scores, width) {
  const models = inOrder([...scores.keys()]);
  const [left, top, bottom] = [48, 8, 300];
  const sorted = new Map(models.map((model) => [model, sortedValues(scores.get(model))]));
  const domain = extent([...sorted.values()].flatMap((values) => [values[0], values.at(-1)]), 0.04);
  const x = scale(domain, [left, width - 12]);
  const y = scale([0, 1], [bottom, top]);
  const chart = svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${bottom + 20}`, role: 'img', 'aria-label': `${RESULTS.metrics[metric].title}: share of cases at or below each value, by model` }, axis(x, domain, top, bottom, width < 520 ? 3 : 6));
  for (const value of [0, 0.25, 0.5, 0.75, 1]) {
    chart.append(svg('line', { class: 'grid', x1: left, x2: width - 12, y1: y(value), y2: y(value) }), svg('text', { class: 'tick', x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, `${100 * value} %`));
  }
  for (const [model, values] of sorted) {
    const count = Math.min(values.length, ECDF_POINTS);
    const places = Array.from({ length: count }, (_, k) => Math.round((k / Math.max(1, count - 1)) * (values.length - 1)));
    const path = places.map((place, k) => `${k ? `H${x(values[place]).toFixed(1)}` : `M${x(values[place]).toFixed(1)} ${bottom}`}V${y((place + 1) / values.length).toFixed(1)}`).join('');
    chart.append(svg('path', { d: path, fill: 'none', 'stroke-width': isReference(model) ? 2.4 : 1.8, 'stroke-dasharray': MODELS.get(model).dash || null, style: { stroke: colour(model) } }));
  }
  return el('div', {}, legend(models), chart);
}
