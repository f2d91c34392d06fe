// Videos of one trial: fetched whole, then played together with one sound, or one after the other each with its own.
import { el, pause } from './dom.js';

const SMALL = 0.02; // seconds of drift that are left alone
const LARGE = 0.25; // seconds of drift that need a jump
const SEEN = 0.8; // share of a video with sound that must really have been played
const STALLED = 6; // seconds without a new picture
const WAITS = [0.5, 1, 2, 4];

async function fetched(file) {
  for (const wait of [...WAITS, null]) {
    try {
      const answer = await fetch(`media/${encodeURIComponent(file)}`);
      if (!answer.ok) throw new Error(`${answer.status}`);
      return URL.createObjectURL(await answer.blob());
    } catch (error) {
      if (wait === null) throw error;
      await pause(wait);
    }
  }
  return '';
}

// The files of this trial and the next, and none before.
export class Shelf {
  #held = new Map();

  fetch(trial) {
    const names = [trial.left, trial.right, trial.reference].filter(Boolean);
    for (const name of names) {
      if (this.#held.has(name)) continue;
      const coming = fetched(name);
      this.#held.set(name, coming);
      coming.catch(() => this.#held.delete(name));
    }
    return Promise.all(names.map(async (name) => [name, await this.#held.get(name)])).then((pairs) => new Map(pairs));
  }

  keep(...trials) {
    const wanted = new Set(trials.filter(Boolean).flatMap((trial) => [trial.left, trial.right, trial.reference]));
    for (const [name, coming] of this.#held) {
      if (wanted.has(name)) continue;
      this.#held.delete(name);
      coming.then(URL.revokeObjectURL, () => {});
    }
  }
}

const seen = (video) => {
  let sum = 0;
  for (let k = 0; k < video.played.length; k += 1) sum += video.played.end(k) - video.played.start(k);
  return sum >= SEEN * video.duration;
};

function ready(video) {
  return new Promise((done, failed) => {
    if (video.readyState >= 2) done();
    video.addEventListener('loadeddata', done, { once: true });
    video.addEventListener('error', () => failed(new Error('decode')), { once: true });
  });
}

export class Player {
  // clips: [{ role, label, url }]; the sound is that of `left`, or of each in turn.
  constructor(clips, sequential) {
    this.sequential = sequential;
    this.playing = false;
    this.plays = 0;
    this.figures = clips.map(({ role, label, url }) => {
      const video = el('video', { src: url, playsinline: '', preload: 'auto', 'aria-label': label, disablepictureinpicture: '', 'data-role': role, tabindex: '-1' });
      video.muted = !sequential && role !== 'left';
      return el('figure', { 'data-role': role }, video, el('figcaption', { dir: 'auto' }, label));
    });
    this.videos = this.figures.map((figure) => figure.firstChild);
    document.addEventListener('visibilitychange', this.#hidden);
    this.#stage(0);
  }

  ready() { return Promise.all(this.videos.map(ready)); }

  // Resolves with whether all was played to the end.
  async play() {
    if (this.playing) return false;
    this.playing = true;
    this.wanted = [];
    for (const video of this.videos) video.currentTime = 0;
    try {
      if (this.sequential) {
        for (const [place, video] of this.videos.entries()) {
          this.#stage(place);
          await this.#together([video]);
        }
      } else {
        await this.#together(this.videos);
      }
    } catch { // Not allowed to play, stalled, or taken off the page: nothing was watched.
      for (const video of this.videos) video.pause();
      this.playing = false;
      return false;
    }
    this.playing = false;
    // The silent ones ended too; they may have jumped, to stay with the sound on a slow device.
    const full = this.videos.filter((video) => !video.muted).every(seen);
    if (full) this.plays += 1;
    return full;
  }

  stop() {
    document.removeEventListener('visibilitychange', this.#hidden);
    for (const video of this.videos) {
      video.pause();
      video.removeAttribute('src');
      video.load();
    }
  }

  // One after the other: only the one that plays is seen.
  #stage(place) {
    if (this.sequential) this.figures.forEach((figure, k) => { figure.hidden = k !== place; });
  }

  async #together(videos) {
    this.wanted = videos;
    const over = Promise.all(videos.map((video) => new Promise((done, failed) => {
      video.addEventListener('ended', done, { once: true });
      video.addEventListener('emptied', () => failed(new Error('gone')), { once: true });
    })));
    over.catch(() => {}); // Reported below; here only where playing did not even begin.
    await Promise.all(videos.map((video) => video.play()));
    this.#follow(videos.find((video) => !video.muted) ?? videos[0], videos);
    const [stalled, stop] = this.#watchdog(videos);
    await Promise.race([over, stalled]).finally(stop);
  }

  // Fails when nothing moves any more, so that the button to play comes back.
  #watchdog(videos) {
    let [last, still, timer] = ['', 0, 0];
    const stalled = new Promise((_, failed) => {
      timer = setInterval(() => {
        const now = videos.map((video) => video.currentTime).join();
        still = now === last && !document.hidden ? still + 1 : 0;
        last = now;
        if (still >= STALLED) failed(new Error('stalled'));
      }, 1000);
    });
    return [stalled, () => clearInterval(timer)];
  }

  // The silent ones follow the one with the sound: by speed where the drift is small, which nobody sees.
  #follow(master, videos) {
    const step = () => {
      if (master.ended || !this.playing) {
        for (const video of videos) video.playbackRate = 1;
        return;
      }
      for (const video of videos) {
        if (video === master || video.ended || video.seeking) continue;
        const late = master.currentTime - video.currentTime;
        if (Math.abs(late) > LARGE) video.currentTime = master.currentTime;
        video.playbackRate = Math.abs(late) > SMALL ? 1 + Math.max(-0.2, Math.min(0.2, 2 * late)) : 1;
      }
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  #hidden = () => {
    if (!this.playing) return;
    for (const video of this.wanted.filter((each) => !each.ended)) {
      if (document.hidden) video.pause();
      else video.play().catch(() => {});
    }
  };
}
