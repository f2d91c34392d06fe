// One case at a time: all its videos side by side on one clock, with the curves underneath.
const LINES = [['aperture', 'lip aperture'], ['pitch', 'pitch °'], ['yaw', 'yaw °'], ['roll', 'roll °']];
const STEP = 1 / 25;
const DRIFT = 0.07;
const ICONS = { waves: 'M13 7.5a4 4 0 0 1 0 5M15.5 5a8 8 0 0 1 0 10', cross: 'M13 8l4 4M17 8l-4 4' };

function soundIcon() {
  const body = svg('path', { d: 'M3 8v4h2.6L9.5 15V5L5.6 8z' });
  return svg('svg', { viewBox: '0 0 20 20', 'aria-hidden': 'true' }, body, ...Object.entries(ICONS).map(([name, d]) => svg('path', { class: name, d })));
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

function watch(mount, context) {
  const stage = el('div', {});
  let stop = () => {};
  const describe = (shown) => [shown.case, ...Object.entries(shown.labels).map(([name, value]) => (name === 'seconds' ? `${Number(Number(value).toFixed(1))} s` : name === 'level' ? `level ${value}` : value))].join(' · ');
  const choose = el('select', { 'aria-label': 'Case' }, ...context.watch.map((shown, index) => el('option', { value: index }, describe(shown))));
  const show = () => { stop(); stop = showCase(stage, context.watch[Number(choose.value)]); };
  const turn = (by) => { choose.value = String((Number(choose.value) + by + context.watch.length) % context.watch.length); show(); };
  choose.addEventListener('change', show);
  const buttons = context.watch.length > 1 ? [el('button', { type: 'button', class: 'quiet', 'aria-label': 'Previous case', onclick: () => turn(-1) }, '‹'), el('button', { type: 'button', class: 'quiet', 'aria-label': 'Next case', onclick: () => turn(1) }, '›')] : [];
  mount.replaceChildren(el('div', { class: 'controls' }, choose, ...buttons), stage);
  show();
  return () => stop();
}

function showCase(stage, shown) {
  const names = truthFirst(inOrder([...new Set([...Object.keys(shown.videos), ...Object.keys(shown.absent)])]));
  const clips = new Map();
  const speakers = new Map();
  const loud = (model) => {
    for (const [name, video] of clips) video.muted = name !== model;
    for (const [name, button] of speakers) button.setAttribute('aria-pressed', String(name === model));
  };
  const tiles = names.map((model) => {
    const caption = el('figcaption', {}, dot(model), el('span', { class: 'name', title: title(model) }, title(model)));
    if (!(model in shown.videos)) return el('figure', {}, el('div', { class: 'hole' }, shown.absent[model]), caption);
    const video = el('video', { src: `${VIDEOS[shown.videos[model]]}#t=0.001`, preload: 'metadata', playsinline: true, 'aria-label': `${title(model)}, ${shown.case}`, tabindex: -1 });
    video.muted = true;
    clips.set(model, video);
    const button = el('button', { type: 'button', class: 'quiet sound', 'aria-pressed': 'false', 'aria-label': `Sound of ${title(model)}`, onclick: () => loud(button.getAttribute('aria-pressed') === 'true' ? null : model) }, soundIcon());
    speakers.set(model, button);
    caption.append(button);
    return el('figure', {}, video, caption);
  });
  const parts = [];
  const hidden = new Set();
  let [curves, frame] = [null, 0];
  const master = () => clips.values().next().value;
  const length = () => Math.max(0, ...[...clips.values()].map((video) => video.duration || 0));
  const scrub = el('input', { type: 'range', min: 0, max: 1, step: 0.01, value: 0, 'aria-label': 'Time of all videos' });
  const clock = el('output', {}, '0.00 / 0.00 s');
  const play = el('button', { type: 'button', class: 'quiet play' }, 'Play all');
  const speed = el('select', { 'aria-label': 'Speed' }, ...[0.25, 0.5, 1].map((rate) => el('option', { value: rate, selected: rate === 1 }, `${rate}×`)));
  const again = el('button', { type: 'button', class: 'quiet', 'aria-pressed': 'false' }, 'Loop');

  const display = () => {
    const now = master()?.currentTime ?? 0;
    scrub.max = String(length() || 1);
    scrub.value = String(now);
    clock.textContent = `${now.toFixed(2)} / ${length().toFixed(2)} s`;
    curves?.move(now);
  };
  const seek = (seconds) => {
    for (const video of clips.values()) video.currentTime = Math.min(seconds, video.duration || seconds);
    curves?.move(seconds);
  };
  const pause = () => {
    cancelAnimationFrame(frame);
    for (const video of clips.values()) video.pause();
    play.textContent = 'Play all';
    display();
  };
  const tick = () => {
    const now = master().currentTime;
    for (const video of clips.values()) {
      if (Math.abs(video.currentTime - now) > DRIFT && !video.seeking && !video.ended && now < video.duration) video.currentTime = now;
    }
    display();
    if (master().ended) {
      if (again.getAttribute('aria-pressed') !== 'true') return pause();
      seek(0);
      start();
      return undefined;
    }
    frame = requestAnimationFrame(tick);
    return undefined;
  };
  const start = () => {
    cancelAnimationFrame(frame);
    if (master().ended || master().currentTime >= master().duration - STEP / 2) seek(0);
    for (const video of clips.values()) {
      video.playbackRate = Number(speed.value);
      video.play().catch((error) => { if (error.name !== 'AbortError') pause(); });
    }
    play.textContent = 'Pause';
    frame = requestAnimationFrame(tick);
  };
  const toggle = () => (master().paused ? start() : pause());
  const nudge = (by) => { pause(); seek(Math.max(0, Math.min(length(), master().currentTime + by * STEP))); };

  if (clips.size) {
    play.addEventListener('click', toggle);
    scrub.addEventListener('input', () => { const to = Number(scrub.value); pause(); seek(to); });
    speed.addEventListener('change', () => { for (const video of clips.values()) video.playbackRate = Number(speed.value); });
    again.addEventListener('click', () => again.setAttribute('aria-pressed', String(again.getAttribute('aria-pressed') !== 'true')));
    for (const video of clips.values()) {
      video.addEventListener('loadedmetadata', display);
      video.addEventListener('seeked', display);
      video.addEventListener('click', toggle);
    }
    const back = el('button', { type: 'button', class: 'quiet', 'aria-label': 'One frame back', onclick: () => nudge(-1) }, '−1');
    const on = el('button', { type: 'button', class: 'quiet', 'aria-label': 'One frame on', onclick: () => nudge(1) }, '+1');
    parts.push(el('div', { class: 'transport' }, play, back, on, scrub, clock, speed, again));
    loud(clips.keys().next().value);
  }
  if (Object.keys(shown.curves).length) {
    const place = el('div', {});
    const draw = () => {
      curves = curveChart(shown, hidden, Math.max(320, stage.clientWidth || 900), (seconds) => { pause(); seek(seconds); });
      place.replaceChildren(curves.chart);
    };
    const key = el('div', { class: 'key', role: 'group', 'aria-label': 'Curves shown' }, ...truthFirst(inOrder(Object.keys(shown.curves))).map((model) => {
      const button = el('button', { type: 'button', 'aria-pressed': 'true' }, dot(model), title(model));
      button.addEventListener('click', () => {
        if (!hidden.delete(model)) hidden.add(model);
        button.setAttribute('aria-pressed', String(!hidden.has(model)));
        draw();
        display();
      });
      return button;
    }));
    parts.push(key, place);
    draw();
  }
  stage.replaceChildren(el('div', { class: 'players' }, ...tiles), ...parts);
  return () => { pause(); stage.replaceChildren(); };
}
