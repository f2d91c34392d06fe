// What this browser remembers of one rater's way, so that a reload goes on where it was.
import { random } from './dom.js';

const query = new URLSearchParams(location.search);
const given = (...names) => names.map((name) => query.get(name)).find(Boolean) ?? '';

// Who sent the rater: Prolific and MTurk name themselves in the address.
export const recruited = given('PROLIFIC_PID', 'workerId');
export const askedBlock = given('block');
export const assignment = given('assignmentId');
export const submitTo = given('turkSubmitTo');
export const preview = assignment === 'ASSIGNMENT_ID_NOT_AVAILABLE';

export function remembered(study) {
  const name = ['study', study, recruited, askedBlock].join('|');
  const fresh = {
    token: random(32), step: 'start', screening: {}, headphones: null, block: '', done: [], queue: [], answers: [],
    finished: false, code: '', leave: '',
  };
  let found = null;
  try {
    found = JSON.parse(localStorage.getItem(name));
  } catch { /* Storage is off or broken: the page works, but forgets on reload. */ }
  const state = { ...fresh, ...found };
  const save = () => {
    try {
      localStorage.setItem(name, JSON.stringify(state));
    } catch { /* As above. */ }
  };
  save();
  return { state, save };
}
