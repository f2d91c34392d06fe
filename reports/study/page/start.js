// Consent and screening.
import { button, el, show, words } from './dom.js';
import { preview } from './state.js';

export function start({ texts, contact }, state) {
  const say = texts.start;
  const heading = [el('h1', {}, say.title), ...say.paragraphs.map((text) => el('p', {}, text))];
  if (contact) heading.push(el('p', {}, words(say.contact, { contact })));
  if (preview) {
    show(...heading, el('p', { class: 'notice' }, say.preview));
    return new Promise(() => {});
  }
  return new Promise((done) => {
    const agree = el('input', { type: 'checkbox', id: 'agree', required: true });
    const questions = texts.screening.map(({ question, label, options }) => {
      const choices = Object.entries(options).map(([value, text]) => el('option', { value }, text));
      const choose = el('select', { id: `screening-${question}`, name: question, required: true }, el('option', { value: '' }, say.choose), ...choices);
      return el('p', { class: 'field' }, el('label', { for: choose.id }, label), choose);
    });
    const title = questions.length ? el('h2', {}, say.screening_title) : null;
    const form = el(
      'form', {}, title, ...questions, el('p', { class: 'agree' }, agree, el('label', { for: 'agree' }, say.agree)),
      el('button', { type: 'submit', class: 'primary' }, say.go),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      state.screening = Object.fromEntries([...form.querySelectorAll('select')].map((node) => [node.name, node.value]));
      done();
    });
    show(...heading, form);
  });
}
