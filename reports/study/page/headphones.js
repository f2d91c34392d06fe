// Three noises, one with a tone that exists only between two ears: which? All rounds right means headphones.
import { button, el, pause, show, words } from './dom.js';

const ROUNDS = 3;
const TRIES = 2;
const PLAIN = ['sounds/noise-a.wav', 'sounds/noise-b.wav'];
const TONE = 'sounds/noise-c.wav';
const BETWEEN = 0.35; // seconds
const LONGEST = 8; // seconds until a sound must have ended

const shuffled = (list) => list.map((item) => [Math.random(), item]).sort(([a], [b]) => a - b).map(([, item]) => item);

const sounds = new Map([...PLAIN, TONE].map((file) => [file, new Audio(file)]));

// Fails where the sound does not load, may not play, or does not end in time.
function playOnce(sound) {
  sound.currentTime = 0;
  return new Promise((done, failed) => {
    sound.onended = done;
    sound.onerror = failed;
    setTimeout(failed, LONGEST * 1000);
    sound.play().catch(failed);
  });
}

function oneRound(say, number) {
  return new Promise((done) => {
    const order = shuffled([...PLAIN, TONE]);
    const prompt = words(say.prompt, { round: number, rounds: ROUNDS });
    const answer = (place) => done(order[place] === TONE);
    const choices = order.map((_, place) => {
      const choice = button(words(say.option, { number: place + 1 }), () => answer(place), 'choice');
      choice.disabled = true;
      return choice;
    });
    const play = button(say.play, async () => {
      play.disabled = true;
      try {
        for (const [place, file] of order.entries()) {
          choices.forEach((choice, other) => choice.classList.toggle('sounding', other === place));
          await playOnce(sounds.get(file));
          await pause(BETWEEN);
        }
        choices.forEach((choice) => { choice.disabled = false; });
      } catch { /* The button is there again. */ }
      choices.forEach((choice) => choice.classList.remove('sounding'));
      play.disabled = false;
    });
    const keys = (event) => {
      const choice = choices[Number(event.key) - 1];
      if (!choice?.isConnected) document.removeEventListener('keydown', keys);
      choice?.click();
    };
    document.addEventListener('keydown', keys);
    show(
      el('h1', {}, say.title), number === 1 ? el('p', {}, say.intro) : null, el('p', {}, play),
      el('fieldset', { class: 'question' }, el('legend', {}, prompt), el('div', { class: 'choices', dir: 'ltr' }, ...choices)),
    );
    if (number > 1) play.focus();
  });
}

function told(say, text, label) {
  return new Promise((done) => {
    const go = button(label, done);
    show(el('h1', {}, say.title), el('p', {}, text), el('p', {}, go));
    go.focus();
  });
}

// True or false; a rater who fails goes on all the same.
export async function headphoneCheck({ texts: { headphones: say } }) {
  for (let tries = 1; ; tries += 1) {
    let right = 0;
    for (let number = 1; number <= ROUNDS; number += 1) if (await oneRound(say, number)) right += 1;
    const passed = right === ROUNDS;
    if (passed || tries === TRIES) {
      await told(say, passed ? say.passed : say.failed, say.go_on);
      return passed;
    }
    await told(say, say.again, say.retry);
  }
}
