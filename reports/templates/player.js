// All videos of one case side by side on one clock, with the curves underneath.
const STEP = 1 / 25;
const NEAR = 0.02;
const FAR = 0.2;
const SPEEDS = [0.1, 0.25, 0.5, 1, 1.5];
const ICONS = { waves: 'M13 7.5a4 4 0 0 1 0 5M15.5 5a8 8 0 0 1 0 10', cross: 'M13 8l4 4M17 8l-4 4' };

function soundIcon() {
  const body = svg('path', { d: 'M3 8v4h2.6L9.5 15V5L5.6 8z' });
  return svg('svg', { viewBox: '0 0 20 20', 'aria-hidden': 'true' }, body, ...Object.entries(ICONS).map(([name, d]) => svg('path', { class: name, d })));
}

// A browser that does not know the picture's format may still play the sound, over black.
const seen = (video) => video.videoWidth > 0;

class Players {
  // `tiles` are [{model, source: {url, uri} or null, absent: why there is no video}].
  constructor(stage, name, tiles) {
    this.stage = stage;
    this.name = name;
    this.models = truthFirst(tiles.map((tile) => tile.model));
    this.clips = new Map();
    this.speakers = new Map();
    this.hidden = new Set();
    this.frame = 0;
    this.looping = false;
    this.curves = null;
    this.below = el('div', {});
    this.remark = el('p', { class: 'lead', role: 'status' });
    const figures = this.models.map((model) => this.tile(tiles.find((tile) => tile.model === model)));
    this.bar = this.transport();
    this.bar.hidden = !this.clips.size;
    stage.replaceChildren(el('div', { class: 'players' }, ...figures), this.bar, this.remark, this.below);
    if (this.clips.size) this.listen(this.clips.keys().next().value);
  }

  tile({ model, source, absent }) {
    const caption = el('figcaption', {}, dot(model), el('span', { class: 'name', title: title(model) }, title(model)));
    const hole = (words) => el('div', { class: 'hole' }, words);
    if (!source) return el('figure', {}, hole(absent || 'no video'), caption);
    const video = el('video', { src: `${source.url ?? source.uri}#t=0.001`, preload: 'auto', playsinline: true, 'aria-label': `${title(model)}, ${this.name}`, tabindex: -1 });
    video.muted = true;
    this.clips.set(model, video);
    const button = el('button', { type: 'button', class: 'quiet sound', 'aria-pressed': 'false', 'aria-label': `Sound of ${title(model)}`, onclick: () => this.listen(button.getAttribute('aria-pressed') === 'true' ? null : model) }, soundIcon());
    this.speakers.set(model, button);
    caption.append(button);
    const figure = el('figure', { 'data-model': model }, video, caption);
    video.addEventListener('loadedmetadata', () => (seen(video) ? this.ready(video) : failed('This browser shows no picture of it: its format is none of H.264, VP9 and AV1.')));
    video.addEventListener('seeked', () => this.display());
    video.addEventListener('click', () => this.toggle());
    const failed = (words) => {
      if (!video.getAttribute('src')) return;
      // The copy inside the page, where there is one, still plays when the page was moved away from its videos.
      if (source.uri && source.url && !video.src.startsWith('data:')) {
        video.src = `${source.uri}#t=0.001`;
        return;
      }
      this.clips.delete(model);
      this.speakers.delete(model);
      button.remove();
      video.replaceWith(hole(words));
      this.bar.hidden = !this.clips.size;
      if (this.clips.size) this.listen(this.clips.keys().next().value);
    };
    video.addEventListener('error', () => failed(source.url ? `Cannot be played. It should lie at ${decodeURIComponent(source.url)} beside this page.` : 'This browser cannot play it.'));
    return figure;
  }

  ready(video) {
    // A web server that does not answer range requests lets a browser play, but not jump.
    if (video.seekable.length && video.seekable.end(0) === 0) this.remark.textContent = 'The server of this page does not answer range requests: videos play, but cannot be scrubbed or stepped.';
    this.display();
  }

  transport() {
    this.play = el('button', { type: 'button', class: 'quiet play', onclick: () => this.toggle() }, 'Play all');
    this.scrub = el('input', { type: 'range', min: 0, max: 1, step: STEP, value: 0, 'aria-label': 'Time of all videos' });
    this.scrub.addEventListener('input', () => { const to = Number(this.scrub.value); this.pause(); this.seek(to); });
    this.clock = el('output', {}, '0.00 / 0.00 s');
    this.speed = el('select', { 'aria-label': 'Speed' }, ...SPEEDS.map((rate) => el('option', { value: rate, selected: rate === 1 }, `${rate}×`)));
    this.speed.addEventListener('change', () => { for (const video of this.clips.values()) video.playbackRate = Number(this.speed.value); });
    this.again = el('button', { type: 'button', class: 'quiet', 'aria-pressed': 'false', onclick: () => this.loop() }, 'Loop');
    const back = el('button', { type: 'button', class: 'quiet', 'aria-label': 'One frame back', onclick: () => this.nudge(-1) }, '−1');
    const on = el('button', { type: 'button', class: 'quiet', 'aria-label': 'One frame on', onclick: () => this.nudge(1) }, '+1');
    return el('div', { class: 'transport' }, this.play, back, on, this.scrub, this.clock, this.speed, this.again);
  }

  // The clock of all is the one that is heard: its sound is never stretched.
  get master() { return [...this.clips.values()].find((video) => !video.muted) ?? this.clips.values().next().value; }

  get length() { return Math.max(0, ...[...this.clips.values()].map((video) => video.duration || 0)); }

  // The sound of one model, or of none.
  listen(model) {
    for (const [name, video] of this.clips) video.muted = name !== model;
    for (const [name, button] of this.speakers) button.setAttribute('aria-pressed', String(name === model));
  }

  nextSound() {
    const names = [...this.clips.keys()];
    const now = names.findIndex((name) => !this.clips.get(name).muted);
    this.listen(names[now + 1] ?? null);
  }

  display() {
    const now = this.master?.currentTime ?? 0;
    this.scrub.max = String(this.length || 1);
    this.scrub.value = String(now);
    this.clock.textContent = `${now.toFixed(2)} / ${this.length.toFixed(2)} s`;
    this.curves?.move(now);
  }

  seek(seconds) {
    for (const video of this.clips.values()) video.currentTime = Math.min(seconds, video.duration || seconds);
    this.curves?.move(seconds);
  }

  // Paused videos stand at one time, not each where it happened to stop.
  pause() {
    cancelAnimationFrame(this.frame);
    const playing = this.master && !this.master.paused;
    for (const video of this.clips.values()) video.pause();
    if (playing && !this.master.ended) this.seek(this.master.currentTime);
    this.play.textContent = 'Play all';
    this.display();
  }

  // Small drift is caught up by playing faster or slower; only large drift by a jump, which costs a decoder more time
  // than it wins. In steps of a tenth: a decoder that gets a new speed with every frame falls behind for that alone.
  align() {
    const now = this.master.currentTime;
    const rate = Number(this.speed.value);
    for (const video of this.clips.values()) {
      if (video === this.master || video.seeking || video.ended || now >= video.duration) continue;
      const behind = now - video.currentTime;
      if (Math.abs(behind) > FAR) video.currentTime = now;
      else {
        const wanted = rate * (Math.abs(behind) > NEAR ? 1 + Math.sign(behind) * Math.min(0.5, Math.ceil(40 * Math.abs(behind)) / 10) : 1);
        if (video.playbackRate !== wanted) video.playbackRate = wanted;
      }
    }
  }

  tick() {
    if (!this.master) return;
    this.align();
    this.display();
    const longest = [...this.clips.values()].reduce((a, b) => (b.duration > a.duration ? b : a));
    if (!longest.ended) {
      this.frame = requestAnimationFrame(() => this.tick());
    } else if (this.looping) {
      this.seek(0);
      this.start();
    } else {
      // On a slow device the others are not there yet.
      this.pause();
      this.seek(this.length);
    }
  }

  start() {
    cancelAnimationFrame(this.frame);
    if (this.master.ended || this.master.currentTime >= this.length - STEP / 2) this.seek(0);
    for (const video of this.clips.values()) {
      video.playbackRate = Number(this.speed.value);
      video.play().catch((error) => { if (error.name !== 'AbortError' && this.clips.size) this.pause(); });
    }
    this.play.textContent = 'Pause';
    this.frame = requestAnimationFrame(() => this.tick());
  }

  toggle() {
    if (!this.master) return;
    if (this.play.textContent === 'Pause') this.pause();
    else this.start();
  }

  nudge(by) {
    if (!this.master) return;
    this.pause();
    // A hair into the frame: on its edge, rounding decides which one is seen.
    const to = (Math.round(this.master.currentTime / STEP) + by) * STEP + 0.001;
    this.seek(Math.max(0, Math.min(this.length, to)));
  }

  loop() {
    this.looping = !this.looping;
    this.again.setAttribute('aria-pressed', String(this.looping));
  }

  // The curves under the videos; models can be taken out of them.
  show({ curves, sound }) {
    const names = this.models.filter((model) => model in curves);
    if (!names.length) return;
    const place = el('div', {});
    const draw = () => {
      this.curves = curveChart({ curves, sound }, this.hidden, Math.max(300, this.stage.clientWidth || 900), (seconds) => { this.pause(); this.seek(seconds); });
      place.replaceChildren(this.curves.chart);
      this.curves.move(this.master?.currentTime ?? 0);
    };
    const key = el('div', { class: 'key', role: 'group', 'aria-label': 'Curves shown' }, ...names.map((model) => {
      const button = el('button', { type: 'button', 'aria-pressed': 'true' }, dot(model), title(model));
      button.addEventListener('click', () => {
        if (!this.hidden.delete(model)) this.hidden.add(model);
        button.setAttribute('aria-pressed', String(!this.hidden.has(model)));
        draw();
      });
      return button;
    }));
    this.below.replaceChildren(key, place);
    draw();
  }

  // True where the key was one of the player's.
  key(event) {
    if (event.target.closest('input, select')) return false;
    const button = event.target.closest('button, summary, a');
    if (event.key === ' ' && !button) this.toggle();
    else if (event.key === 'ArrowLeft') this.nudge(-1);
    else if (event.key === 'ArrowRight') this.nudge(1);
    else return false;
    event.preventDefault();
    return true;
  }

  // Videos that are no longer seen must give their memory back.
  stop() {
    cancelAnimationFrame(this.frame);
    for (const video of this.clips.values()) {
      video.pause();
      video.removeAttribute('src');
      video.load();
    }
    this.clips.clear();
    this.stage.replaceChildren();
  }
}
