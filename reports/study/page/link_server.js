// The way to `space-bench study serve`.
import { insist, Outbox, post } from './outbox.js';
import { recruited } from './state.js';

export class ServerLink {
  constructor({ texts, study }, state, save) {
    Object.assign(this, { state, save, study, say: texts.errors, language: texts.language });
    this.outbox = new Outbox(state, save, (item) => this.#deliver(item), texts.errors);
  }

  supported() { return ''; }

  // The sheet of the rater's block, the same after a reload.
  async begin() {
    const { token, screening, headphones } = this.state;
    const body = { study: this.study, token, recruited, language: this.language, screening, headphones };
    const found = await (await insist(() => this.#post('api/enter', body), this.say)).json();
    this.#take(found);
    this.state.done = [...new Set([...found.done, ...this.state.queue.map((item) => item.trial)])];
    return found.sheet;
  }

  record(said) { this.outbox.add(said); }

  settle() { return this.outbox.settle(); }

  async withdraw() {
    this.state.queue = [];
    await insist(() => this.#post('api/withdraw', {}), this.say);
  }

  async answersCode() { return ''; }

  async #deliver(item) { this.#take(await (await this.#post('api/answer', item)).json()); }

  #take({ finished, code, leave }) {
    Object.assign(this.state, { finished, code, leave });
    this.save();
  }

  #post(url, body) {
    return post(url, body, { 'Content-Type': 'application/json', Authorization: `Bearer ${this.state.token}` });
  }
}
