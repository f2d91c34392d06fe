// What is looked at, as the part of the address after #: a link shows the same to somebody else, and Back goes back.
const KEYS = ['context', 'view', 'model', 'versus', 'metric', 'second', 'filter', 'sort', 'kind', 'by', 'case'];
const state = {};
const listeners = [];
const notice = document.getElementById('notice');

// Values that were asked for and are not here. Told quietly until the next step; the page shows its default.
const unknown = new Set();

function readFilter(text) {
  const filter = new Map();
  for (const part of (text ?? '').split(',').filter(Boolean)) {
    const at = part.indexOf(':');
    try {
      if (at > 0) filter.set(part.slice(0, at), decodeURIComponent(part.slice(at + 1)));
    } catch {
      unknown.add(`filter ${part}`);
    }
  }
  return filter;
}

function writeFilter(filter) {
  // A comma separates the parts, so one inside a value must look different.
  return [...filter].filter(([, value]) => value !== '').map(([kind, value]) => `${kind}:${encodeURIComponent(value)}`).join(',');
}

function readAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  for (const key of KEYS) {
    if (wanted.has(key)) state[key] = wanted.get(key);
    else delete state[key];
  }
  for (const key of wanted.keys()) if (!KEYS.includes(key)) unknown.add(key);
}

function address() {
  const parts = KEYS.filter((key) => state[key]).map((key) => `${key}=${encodeURIComponent(state[key]).replaceAll('%3A', ':').replaceAll('%2C', ',')}`);
  return `#${parts.join('&')}`;
}

function tellUnknown() {
  notice.hidden = !unknown.size;
  if (unknown.size) notice.textContent = `Not on this page, so left out: ${[...unknown].join(', ')}.`;
}

// Changes what is looked at. `push` makes a step that Back returns from; small changes replace the present step.
function go(changes, push = false) {
  for (const [key, value] of Object.entries(changes)) {
    if (value) state[key] = value;
    else delete state[key];
  }
  unknown.clear();
  history[push ? 'pushState' : 'replaceState']({ inside: push || history.state?.inside === true }, '', address());
  listeners.forEach((listen) => listen());
}

addEventListener('popstate', () => {
  unknown.clear();
  readAddress();
  listeners.forEach((listen) => listen());
});

// The value asked for if it is among the known ones, else the default.
function wanted(key, known, otherwise) {
  const value = state[key];
  if (!value || known.includes(value)) return value || otherwise;
  unknown.add(`${key} “${value}”`);
  delete state[key];
  return otherwise;
}

// What a context shows, every choice filled in.
function chosen(context) {
  const models = modelsOf(context);
  const metrics = context.order;
  const scored = perCase(context);
  const model = wanted('model', models, models.find((name) => MODELS.get(name).kind === 'model') ?? models[0]);
  const others = models.filter((name) => name !== model);
  // A model is not compared with itself: choosing what it was compared with is no mistake to speak of.
  if (state.versus === model) delete state.versus;
  const metric = wanted('metric', metrics, context.paper.find((name) => scored.includes(name)) ?? scored[0] ?? metrics[0]);
  return {
    model,
    metric,
    versus: wanted('versus', others, others.find(competes) ?? others[0]),
    // Corpus metrics have no score a case.
    caseMetric: scored.includes(metric) ? metric : (context.paper.find((name) => scored.includes(name)) ?? scored[0]),
    second: wanted('second', scored, null),
    filter: readFilter(state.filter),
    sort: wanted('sort', Object.keys(ORDERS), 'worst'),
    kind: wanted('kind', context.strata.kinds.map((each) => each.kind), context.strata.kinds[0]?.kind),
    by: wanted('by', ['metric', 'pair'], 'metric'),
    index: state.case ? caseIndex(context, state.case) : -1,
  };
}
