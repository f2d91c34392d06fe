// Lip aperture and head pose over time, of all models of one case, with the loudness of its sound.
const LINES = [['aperture', 'lip aperture'], ['pitch', 'pitch °'], ['yaw', 'yaw °'], ['roll', 'roll °']];
const MISSING = -32768;

// The curves of a case from its chunk: model -> {time, aperture, pitch, yaw, roll}. Chunks hold whole numbers, each
// the step from the last known one.
async function curvesOf(context, index) {
  const shown = context.watch.find((each) => each.case === caseName(context, index));
  if (shown && Object.keys(shown.curves).length) return { curves: shown.curves, sound: shown.sound };
  const { curves } = context;
  const at = curves?.cases.indexOf(index) ?? -1;
  if (at < 0) return { curves: {}, sound: null };
  const block = Math.floor(at / curves.block);
  const words = new Int16Array(await chunk(curves.chunks[block]));
  const inside = Math.min(curves.block, curves.cases.length - block * curves.block);
  const first = (at % curves.block) * curves.models.length;
  let place = inside * curves.models.length;
  for (let k = 0; k < first; k += 1) place += words[k] * curves.columns.length;
  const found = {};
  curves.models.forEach((model, k) => {
    const count = words[first + k];
    const lines = { time: Array.from({ length: count }, (_, frame) => frame * curves.step) };
    curves.columns.forEach((column, c) => {
      let sum = 0;
      lines[column] = Array.from(words.subarray(place, place + count), (word) => (word === MISSING ? null : (sum += word) * curves.scale[c]));
      place += count;
    });
    if (count) found[model] = lines;
  });
  return { curves: found, sound: null };
}

// Curves of every model over time; `move(seconds)` puts the playhead, `seek` is called when somebody points.
function curveChart(shown, hidden, width, seek) {
  const models = inOrder(Object.keys(shown.curves)).sort((a, b) => isReference(a) - isReference(b));
  const [left, gap, tall] = [46, 24, 62];
  const end = Math.max(STEP, ...models.flatMap((model) => shown.curves[model].time));
  const x = scale([0, end], [left, width - 8]);
  const total = LINES.length * (tall + gap) + 18;
  const chart = svg('svg', { class: 'chart curves', viewBox: `0 0 ${width} ${total}`, role: 'img', 'aria-label': 'Lip aperture and head pose over time' });
  LINES.forEach(([column, label], row) => {
    const top = row * (tall + gap) + 16;
    const domain = extent(models.flatMap((model) => shown.curves[model][column]));
    const y = scale(domain, [top + tall, top]);
    chart.append(svg('text', { class: 'soft', x: left + 5, y: top - 5 }, column === 'aperture' && shown.sound ? `${label} over the loudness of the sound` : label));
    if (column === 'aperture' && shown.sound) {
      const peak = Math.max(1e-9, ...shown.sound.loudness);
      const outline = shown.sound.time.map((time, k) => `${x(Math.min(time, end)).toFixed(1)},${(top + tall - (shown.sound.loudness[k] / peak) * tall).toFixed(1)}`);
      chart.append(svg('polygon', { class: 'sound-area', points: [`${left},${top + tall}`, ...outline, `${x(Math.min(end, shown.sound.time.at(-1) ?? 0)).toFixed(1)},${top + tall}`].join(' ') }));
    }
    for (const value of ticks(...domain, 2)) {
      chart.append(svg('line', { class: 'grid', x1: left, x2: width - 8, y1: y(value), y2: y(value) }), svg('text', { class: 'tick', x: left - 6, y: y(value) + 3.5, 'text-anchor': 'end' }, short(value)));
    }
    for (const model of models.filter((name) => !hidden.has(name))) {
      let [path, pen] = ['', 'M'];
      shown.curves[model][column].forEach((value, k) => {
        if (value === null) { pen = 'M'; return; }
        path += `${pen}${x(shown.curves[model].time[k]).toFixed(1)} ${y(value).toFixed(1)}`;
        pen = 'L';
      });
      chart.append(svg('path', { d: path, fill: 'none', 'stroke-linejoin': 'round', 'stroke-width': isReference(model) ? 2.2 : 1.5, 'stroke-dasharray': MODELS.get(model).dash || null, style: { stroke: colour(model) } }));
    }
  });
  for (const value of ticks(0, end, 6)) chart.append(svg('text', { class: 'tick', x: x(value), y: total - 4, 'text-anchor': 'middle' }, `${short(value)} s`));
  const head = svg('line', { class: 'head', x1: left, x2: left, y1: 12, y2: total - 18 });
  chart.append(head);
  const point = (event) => {
    const box = chart.getBoundingClientRect();
    seek(Math.max(0, Math.min(end, (((event.clientX - box.left) / box.width) * width - left) / (width - 8 - left) * end)));
  };
  chart.addEventListener('pointerdown', (event) => { chart.setPointerCapture(event.pointerId); point(event); });
  chart.addEventListener('pointermove', (event) => { if (event.buttons) point(event); });
  const move = (seconds) => {
    const place = x(Math.min(seconds, end));
    head.setAttribute('x1', place);
    head.setAttribute('x2', place);
  };
  return { chart, move };
}

