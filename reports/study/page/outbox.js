// Answers wait here, in the browser's storage too, until whoever collects them has confirmed each.
import { banner, words } from './dom.js';

const LONGEST = 30;

// What was not taken, and will not be however often it is sent.
export class Refusal extends Error {
  constructor(kind, reason) {
    super(reason);
    this.kind = kind;
  }
}

// The answer of a request as data. Throws a `Refusal` for what stays refused, any other error for what may pass.
export async function post(url, body, headers = {}) {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body), headers });
  if (answer.ok) return answer;
  if (answer.status >= 500 || answer.status === 429 || answer.status === 408) throw new Error(`${answer.status}`);
  const said = await answer.json().catch(() => ({}));
  throw new Refusal(said.kind ?? 'refused', said.error ?? `${answer.status}`);
}

// Until it passes: after 1, 2, 4, ... seconds, at once when the network is back.
export async function insist(work, say) {
  for (let wait = 1; ; wait = Math.min(LONGEST, 2 * wait)) {
    try {
      const found = await work();
      if (wait > 1) banner('');
      return found;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      if (wait > 1) banner(say.offline);
      await new Promise((done) => {
        setTimeout(done, wait * 1000 * (0.75 + Math.random() / 2));
        addEventListener('online', done, { once: true });
      });
    }
  }
}

export class Outbox {
  #running = null;

  constructor(state, save, deliver, say) {
    Object.assign(this, { state, save, deliver, say });
  }

  add(item) {
    this.state.queue.push(item);
    this.save();
    this.settle().catch(() => {});
  }

  // Resolves when nothing waits any more.
  settle() {
    this.#running ??= this.#run().finally(() => { this.#running = null; });
    return this.#running;
  }

  async #run() {
    while (this.state.queue.length) {
      const item = this.state.queue[0];
      try {
        await insist(() => this.deliver(item), this.say);
      } catch (error) {
        // Answered already (in another tab): as good as sent.
        if (error.kind !== 'answered') banner(words(this.say.refused, { reason: error.message }));
        if (error.kind === 'session') throw error;
      }
      this.state.queue.shift();
      this.save();
    }
  }
}
