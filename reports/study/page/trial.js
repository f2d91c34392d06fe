// One trial: watch once to the end, answer, go on. Everything works by keys alone.
import { banner, button, el, random, show, words } from './dom.js';
import { Player } from './player.js';

const KEYS = { 1: 'left', 2: 'right', 0: 'tie', ArrowLeft: 'left', ArrowRight: 'right', ArrowDown: 'tie' };

const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g; // no words, and no table keeps them

// The questions as a form. Sides stand on the screen as the videos do, in right-to-left languages too.
class Form {
  constructor(questions, texts, sides, changed) {
    this.given = new Map();
    this.groups = questions.map((question) => {
      const legend = texts.questions[question.question];
      const group = question.kind === 'text' ? this.#words(question, legend, texts) : this.#choice(question, legend, sides);
      return { question, group };
    });
    this.changed = changed;
    this.node = el('div', { class: 'questions' }, ...this.groups.map(({ group }) => group));
  }

  open(begun) {
    this.begun = begun;
    for (const { group } of this.groups) group.disabled = false;
    this.#mark();
  }

  get complete() { return this.groups.every(({ question }) => !question.required || this.given.has(question.question)); }

  // By key: the first question without an answer, or else the last answered, is meant.
  choose(side) {
    const open = this.#next() ?? this.last;
    const input = open?.group.querySelector(`input[value="${side}"]`);
    if (!input || open.group.disabled) return;
    input.checked = true;
    input.dispatchEvent(new Event('change', { bubbles: true }));
    open.group.scrollIntoView({ block: 'nearest' });
  }

  answers() {
    return [...this.given].map(([question, { choice, text, seconds, key }]) => ({ question, choice, text, seconds, key }));
  }

  #choice(question, legend, sides) {
    const options = ['left', ...(question.ties ? ['tie'] : []), 'right'].map((side) => {
      const input = el('input', { type: 'radio', name: question.question, value: side });
      return el('label', { class: 'choice' }, input, el('span', { dir: 'auto' }, sides[side]));
    });
    const group = el('fieldset', { class: 'question' }, el('legend', {}, legend), el('div', { class: 'choices', dir: 'ltr' }, ...options));
    group.disabled = true;
    group.addEventListener('change', (event) => {
      this.last = this.groups.find((each) => each.group === group);
      this.#set(question, { choice: event.target.value, text: '' });
    });
    return group;
  }

  #words(question, legend, texts) {
    const id = `text-${question.question}`;
    const area = el('textarea', { id, rows: 2, maxlength: 2000 });
    const note = question.required ? null : el('small', {}, ` (${texts.trial.optional})`);
    const group = el('fieldset', { class: 'question' }, el('label', { for: id }, legend, note), area);
    group.disabled = true;
    area.addEventListener('input', () => {
      const text = area.value.replace(CONTROL, '').trim();
      if (text) this.#set(question, { choice: '', text: text.toWellFormed?.() ?? text });
      else this.given.delete(question.question);
      this.changed();
    });
    return group;
  }

  #set(question, value) {
    const key = this.given.get(question.question)?.key ?? random(16);
    this.given.set(question.question, { ...value, key, seconds: Math.max(0, (performance.now() - this.begun) / 1000) });
    this.#mark();
    this.changed();
  }

  #next() { return this.groups.find(({ question }) => question.kind === 'choice' && !this.given.has(question.question)); }

  #mark() {
    const next = this.#next();
    for (const each of this.groups) each.group.classList.toggle('active', each === next);
  }
}

function feedback(trial, answers, say, sides) {
  const asked = answers.filter(({ question, choice }) => choice && (!trial.judged_by.length || trial.judged_by.includes(question)));
  const right = asked.every(({ choice }) => choice === trial.feedback);
  return [right, right ? say.feedback_right : words(say.feedback_wrong, { side: sides[trial.feedback] })];
}

async function loaded(trial, shelf, say) {
  for (;;) {
    show(el('h1', { class: 'quiet' }, say.loading));
    try {
      return await shelf.fetch(trial);
    } catch {
      await new Promise((done) => { show(el('h1', {}, say.media_failed), el('p', {}, button(say.retry, done))); });
    }
  }
}

// Resolves with what the rater said: { trial, plays, answers }.
export async function ask(trial, place, sheet, texts, shelf) {
  const say = texts.trial;
  const sequential = sheet.layout === 'sequential';
  const sides = sequential ? texts.sequential : texts.side_by_side;
  const urls = await loaded(trial, shelf, say);
  const clips = ['left', 'right'].map((role) => ({ role, label: sides[role], url: urls.get(trial[role]) }));
  if (trial.reference) clips.unshift({ role: 'reference', label: say.reference, url: urls.get(trial.reference) });
  const player = new Player(clips, sequential);

  return new Promise((done, failed) => {
    const ties = sheet.questions.some((question) => question.ties);
    const hint = el('p', { class: 'hint', role: 'status' }, say.watch_first);
    const next = button(say.next, finish);
    const play = button(say.play, watch, 'play');
    const form = new Form(sheet.questions, texts, sides, () => { next.disabled = !form.complete; });
    next.disabled = true;
    let told = !trial.feedback;

    async function watch() {
      if (player.playing) return;
      play.textContent = say.playing;
      play.classList.add('busy');
      const full = await player.play();
      play.classList.remove('busy');
      play.textContent = player.plays ? say.replay : say.play;
      if (full && player.plays === 1) {
        hint.textContent = '';
        form.open(performance.now());
        next.disabled = !form.complete;
      }
    }

    function finish() {
      if (next.disabled) return;
      if (!told) {
        told = true;
        const [right, text] = feedback(trial, form.answers(), say, sides);
        hint.className = `hint feedback ${right ? 'right' : 'wrong'}`;
        hint.textContent = text;
        hint.scrollIntoView({ block: 'nearest' });
        return;
      }
      document.removeEventListener('keydown', keys);
      player.stop();
      done({ trial: trial.trial, plays: player.plays, answers: form.answers() });
    }

    function keys(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
      if (event.target.matches('textarea')) return;
      const native = event.target.matches('button, a, input:not(:checked)');
      if (event.key in KEYS) form.choose(KEYS[event.key]);
      else if (event.key === ' ' && !native) watch();
      else if (event.key === 'Enter' && !event.target.matches('button, a')) finish();
      else return;
      event.preventDefault();
    }

    player.ready().then(() => { play.disabled = false; }, failed);
    play.disabled = true;
    document.addEventListener('keydown', keys);
    banner('');
    const notes = [];
    if (trial.practice) notes.push(el('p', { class: 'notice' }, say.practice_intro));
    if (trial.instruction) notes.push(el('p', { class: 'notice strong' }, words(say.instruction, { side: sides[trial.instruction] })));
    const title = trial.practice ? say.practice : words(say.progress, place);
    const bar = trial.practice ? null : el('progress', { max: place.count, value: place.number - 1, 'aria-label': title });
    show(
      el('div', { class: 'top' }, el('h1', { class: 'quiet' }, title), bar), ...notes,
      el('div', { class: `stage ${sheet.layout}${trial.reference ? ' referenced' : ''}`, dir: 'ltr' }, ...player.figures),
      el('p', { class: 'middle' }, play), hint, form.node, el('p', { class: 'middle' }, next),
      el('p', { class: 'keys' }, ties ? say.keys_ties : say.keys),
    );
  });
}
