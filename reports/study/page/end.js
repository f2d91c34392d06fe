// The last page: the completion code, the way back to the recruiting service, and answers that must be carried by hand.
import { button, el, show } from './dom.js';
import { assignment, submitTo } from './state.js';

// The only places to which an assignment of MTurk may be submitted, whatever the address bar says.
const MTURK = ['https://www.mturk.com', 'https://workersandbox.mturk.com'];

function copyable(label, value, say, large) {
  const box = large
    ? el('textarea', { readonly: '', rows: 6, 'aria-label': label, spellcheck: 'false', dir: 'ltr' }, value)
    : el('output', { class: 'code', dir: 'ltr' }, value);
  const copy = button(say.copy, async () => {
    try {
      await navigator.clipboard.writeText(value);
      copy.textContent = say.copied;
    } catch { // Not allowed here: marked, so that the rater's own keys copy it.
      if (large) box.select();
      else getSelection().selectAllChildren(box);
    }
  }, 'plain');
  return el('div', { class: 'copyable' }, el('p', {}, label), box, el('p', {}, copy));
}

function mturkForm(state, answers, say) {
  if (!assignment || !MTURK.includes(submitTo)) return null;
  const fields = { assignmentId: assignment, code: state.code, ...(answers && { answers }) };
  const inputs = Object.entries(fields).map(([name, value]) => el('input', { type: 'hidden', name, value }));
  return el('form', { method: 'post', action: `${submitTo}/mturk/externalSubmit` }, ...inputs, el('button', { type: 'submit', class: 'primary' }, say.submit));
}

export async function end({ texts: { end: say } }, state, link) {
  show(el('h1', {}, say.sending));
  await link.settle();
  const answers = await link.answersCode();
  const form = mturkForm(state, answers, say);
  show(
    el('h1', {}, say.title), answers ? null : el('p', {}, say.text),
    answers && !form ? copyable(say.answers_code, answers, say, true) : null,
    state.code ? copyable(say.code, state.code, say, false) : null, form,
    !form && state.leave ? el('p', {}, el('a', { class: 'primary', href: state.leave, rel: 'noreferrer' }, say.leave)) : null,
  );
}
