// Results as the views ask for them. Chunks are unpacked when they are first needed, and kept.
const unpacked = new Map();
const remembered = new WeakMap();

// Chunks stand behind this script, so that the first view does not wait for them.
const parsed = new Promise((done) => { document.addEventListener('DOMContentLoaded', done, { once: true }); });

async function unpack(id) {
  if (!document.getElementById(id)) await parsed;
  const node = document.getElementById(id);
  const packed = Uint8Array.from(atob(node.textContent), (letter) => letter.charCodeAt(0));
  node.remove();
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

function chunk(id) {
  if (!unpacked.has(id)) unpacked.set(id, unpack(id));
  return unpacked.get(id);
}

// Small sets have none of these: nothing to pair, no groups, too few cases.
for (const context of RESULTS.contexts) {
  context.differences ??= { models: [], rows: {}, notes: [] };
  context.strata ??= { kinds: [], rows: {} };
  context.correlation ??= { metrics: [], r: [], n: [], order: [] };
}

// What is derived from a context is derived once.
function once(context, name, make) {
  if (!remembered.has(context)) remembered.set(context, new Map());
  const known = remembered.get(context);
  if (!known.has(name)) known.set(name, make());
  return known.get(name);
}

let embedded = null;
function videoURI(index) {
  embedded ??= JSON.parse(document.getElementById('videos').textContent);
  return embedded[index];
}

// Scores of every case of every model that has any: model -> Float32Array, NaN where there is none.
function scoresOf(context, metric) {
  return once(context, `scores ${metric}`, async () => {
    const numbers = new Float32Array(await chunk(context.scores[metric]));
    const { count } = context.cases;
    const found = new Map();
    RESULTS.models.forEach((model, index) => {
      const part = numbers.subarray(index * count, (index + 1) * count);
      if (part.some((value) => !Number.isNaN(value))) found.set(model.name, part);
    });
    return found;
  });
}

// Share of the other scored cases that the case beats, 0 to 1, equal ones counted half; null without a score, without
// a better, or where all are equal.
function standing(metric, values, index) {
  const { better } = RESULTS.metrics[metric];
  const value = values[index];
  if (better === 'none' || Number.isNaN(value)) return null;
  let [beaten, equal, others] = [0, -1, -1];
  for (const each of values) {
    if (Number.isNaN(each)) continue;
    others += 1;
    if (each === value) equal += 1;
    else if (better === 'lower' ? each > value : each < value) beaten += 1;
  }
  return others > equal ? (beaten + equal / 2) / others : null;
}

// One column of the table of cases, as a function of the case's index.
function columnOf(context, name) {
  const column = context.cases.columns[name];
  if (!column) return () => null;
  if (Array.isArray(column)) return (index) => column[index];
  if (!column.codes) return (index) => column.values[index];
  return (index) => column.values[column.codes[index]] ?? '';
}

const caseName = (context, index) => context.cases.columns.case.values[index];
const caseIndex = (context, name) => once(context, 'index', () => new Map(context.cases.columns.case.values.map((each, index) => [each, index]))).get(name) ?? -1;

function labelsOf(context, index) {
  const part = (name) => columnOf(context, name)(index);
  const [level, seconds, angle] = [part('level'), part('seconds'), part('angle')];
  const known = (value) => value !== null && value !== '';
  return [
    part('speaker'), part('emotion'), known(level) ? `level ${level}` : '', known(seconds) ? `${fixed(Number(seconds), 1)} s` : '', known(angle) ? `head to ${Math.round(angle)}°` : '',
  ].filter(known);
}

// Groups of cases that a filter can ask for: [{kind, title, labels, codes}].
function kindsOf(context) {
  return once(context, 'kinds', () => {
    const kinds = context.strata.kinds.map((each) => ({ ...each }));
    for (const [kind, words] of [['emotion', 'Emotion'], ['level', 'Level'], ['speaker', 'Speaker']]) {
      const column = context.cases.columns[kind];
      if (kinds.some((each) => each.kind === kind) || !column?.codes || column.values.length < 2) continue;
      kinds.push({ kind, title: words, labels: column.values.map(String), codes: column.codes });
    }
    return kinds;
  });
}

// Metrics that have a score a case, in the order of the table.
const perCase = (context) => context.order.filter((metric) => metric in context.scores);

// Models with any number or failure here: competing ones first, as in the table.
function modelsOf(context) {
  return once(context, 'models', () => {
    const known = new Set([...Object.values(context.summary).flatMap((rows) => rows.map((row) => row[0])), ...context.failures.columns.model.values]);
    const names = inOrder([...known]);
    return [...names.filter(competes), ...names.filter((name) => !competes(name))];
  });
}

// Where the video of a case lies: {url} beside the page, {uri} inside it; either may be missing, null when both are.
function videoOf(context, model, index) {
  const shown = once(context, 'watched', () => new Map(context.watch.map((each) => [each.case, each]))).get(caseName(context, index));
  const uri = shown && model in shown.videos ? videoURI(shown.videos[model]) : null;
  const place = context.media?.models[model];
  const file = place && !place.absent?.includes(index) && (place.files ? place.files[index] : `${model}/${caseName(context, index)}.${place.ext}`);
  const url = file ? `${context.media.base}/${file}`.split('/').map(encodeURIComponent).join('/') : null;
  return url || uri ? { url, uri } : null;
}
