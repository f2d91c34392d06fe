// A rater's way: consent and screening, headphones, trials, end. Each step is remembered.
import { button, el, show } from './dom.js';
import { end } from './end.js';
import { headphoneCheck } from './headphones.js';
import { ServerLink } from './link_server.js';
import { StaticLink } from './link_static.js';
import { insist } from './outbox.js';
import { Shelf } from './player.js';
import { start } from './start.js';
import { remembered } from './state.js';
import { ask } from './trial.js';

// No words are known yet that could say what is wrong, so it is simply tried again.
const setup = await insist(async () => (await fetch('setup.json')).json(), { offline: '…' });
const { texts } = setup;
const { state, save } = remembered(setup.study);
const link = setup.server ? new ServerLink(setup, state, save) : new StaticLink(setup, state, save);

function reached(step) {
  state.step = step;
  save();
}

// Leaving stands at the foot of every page once there may be answers.
function offerWithdrawal() {
  const say = texts.withdraw;
  const dialog = el('dialog', { 'aria-labelledby': 'withdraw-title' });
  const confirm = button(say.confirm, async () => {
    confirm.disabled = true;
    await link.withdraw();
    Object.assign(state, { answers: [], queue: [], done: [], screening: {}, headphones: null, code: '', leave: '' });
    reached('withdrawn');
    location.reload();
  }, 'danger');
  dialog.append(el('h2', { id: 'withdraw-title' }, say.title), el('p', {}, say.text), el('p', { class: 'row' }, button(say.stay, () => dialog.close(), 'plain'), confirm));
  const footer = document.getElementById('footer');
  footer.replaceChildren(button(say.button, () => dialog.showModal(), 'link'), dialog);
  footer.hidden = false;
}

async function trials(sheet) {
  const shelf = new Shelf();
  const asked = sheet.trials.filter((trial) => !trial.practice);
  for (;;) {
    const open = sheet.trials.filter((trial) => !state.done.includes(trial.trial));
    if (!open.length) return;
    const [trial, next] = open;
    shelf.keep(trial, next);
    const current = shelf.fetch(trial);
    current.then(() => next && shelf.fetch(next)).catch(() => {});
    const said = await ask(trial, { number: asked.indexOf(trial) + 1, count: asked.length }, sheet, texts, shelf);
    state.done.push(trial.trial);
    link.record(said);
    save();
  }
}

function stop(text) { show(el('h1', {}, texts.title), el('p', {}, text)); }

async function run() {
  const fault = link.supported();
  if (fault) return stop(fault);
  if (state.step === 'withdrawn') return show(el('h1', {}, texts.withdraw.title), el('p', {}, texts.withdraw.done));
  if (state.step === 'start') {
    await start(setup, state);
    reached('headphones');
  }
  if (state.step === 'headphones') {
    state.headphones = await headphoneCheck(setup);
    reached('trials');
  }
  try {
    const sheet = await link.begin();
    offerWithdrawal();
    await trials(sheet);
    return await end(setup, state, link);
  } catch (error) {
    const known = { full: 'full', taken: 'taken', withdrawn: 'withdrawn', unknown_block: 'unknown_block', changed: 'changed' }[error.kind];
    if (known) return stop(texts.errors[known]);
    return show(el('h1', {}, texts.title), el('p', {}, error.message), el('p', {}, button(texts.errors.retry, () => location.reload())));
  }
}

await run();
