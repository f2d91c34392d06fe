// The way without a server of ours: answers are posted to a given address, or given back as a code.
import { codeOf, sha256 } from './code.js';
import { insist, Outbox, post, Refusal } from './outbox.js';
import { askedBlock, recruited } from './state.js';

export class StaticLink {
  constructor({ texts, study, blocks, post: address }, state, save) {
    Object.assign(this, { state, save, study, blocks, address, say: texts.errors, language: texts.language });
    this.outbox = new Outbox(state, save, (item) => this.#deliver(item), texts.errors);
  }

  supported() {
    if (!isSecureContext) return this.say.insecure;
    return typeof CompressionStream === 'undefined' ? this.say.old_browser : '';
  }

  async begin() {
    if (!this.state.block) this.state.block = askedBlock || this.blocks[Math.floor(Math.random() * this.blocks.length)];
    if (!this.blocks.includes(this.state.block)) throw new Refusal('unknown_block', '');
    this.save();
    const found = await insist(async () => {
      const answer = await fetch(`blocks/${this.state.block}.json`);
      if (!answer.ok) throw new Error(`${answer.status}`);
      return answer.json();
    }, this.say);
    if (found.sheet.study !== this.study) throw new Refusal('changed', '');
    this.found = found;
    this.who = recruited ? await sha256(`${this.study}:${recruited}`) : this.state.token;
    this.outbox.settle().catch(() => {});
    return found.sheet;
  }

  record({ trial, plays, answers }) {
    const said = answers.map((answer) => ({ ...answer, trial, plays }));
    this.state.answers.push(...said);
    this.state.finished = this.state.done.length === this.found.sheet.trials.length;
    if (this.state.finished) Object.assign(this.state, { code: this.found.code, leave: this.found.leave });
    if (this.address) this.outbox.add({ status: this.#status(), answers: said });
  }

  settle() { return this.outbox.settle(); }

  async withdraw() {
    Object.assign(this.state, { queue: [], answers: [], finished: false, code: '', leave: '' });
    if (this.address) await insist(() => this.#deliver({ status: 'withdrawn', answers: [] }), this.say);
  }

  // All answers, where nobody received them yet.
  answersCode() { return this.address ? Promise.resolve('') : this.#code({ status: this.#status(), answers: this.state.answers }); }

  #status() { return this.state.finished ? 'finished' : 'active'; }

  #code({ status, answers }) {
    const { headphones, screening, block } = this.state;
    const packet = { study: this.study, who: this.who, status, language: this.language, headphones, screening, answers };
    return codeOf(packet, block, this.found.key);
  }

  // As plain text: a browser then asks no leave before (CORS), which small collectors cannot answer.
  async #deliver(item) { await post(this.address, { code: await this.#code(item) }, { 'Content-Type': 'text/plain' }); }
}
