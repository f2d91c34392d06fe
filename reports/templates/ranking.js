// Which cases are listed, and in what order.
const ORDERS = { worst: 'worst first', best: 'best first', regressed: 'most regressed first', failed: 'most failures first', table: 'as in the table' };

const searched = (context) => once(context, 'searched', () => {
  const parts = ['case', 'clip', 'speaker', 'emotion'].map((name) => columnOf(context, name));
  return Array.from({ length: context.cases.count }, (_, index) => parts.map((part) => part(index) ?? '').join(' ').toLowerCase());
});

// One test a part of the filter; parts that this context does not know are told and left out.
function testsOf(context, filter, model, values) {
  const tests = [];
  for (const [kind, value] of filter) {
    const group = kindsOf(context).find((each) => each.kind === kind);
    const code = group ? group.labels.indexOf(value) : -1;
    const mine = (index) => (failuresByCase(context).get(index) ?? []).filter((failure) => failure.model === model);
    if (kind === 'text') tests.push((index) => searched(context)[index].includes(value.toLowerCase()));
    else if (kind === 'status' && value === 'ok') tests.push((index) => !Number.isNaN(values?.[index] ?? NaN));
    else if (kind === 'status' && value === 'failed') tests.push((index) => mine(index).length > 0);
    else if (kind === 'status') tests.push((index) => mine(index).some((failure) => failure.status === value));
    else if (code >= 0) tests.push((index) => group.codes[index] === code);
    else unknown.add(`${kind} “${value}”`);
  }
  return tests;
}

// What a case is ordered by: larger comes first, NaN last.
function keysOf(context, { sort, model, caseMetric }, own, other) {
  // Where a metric knows no better, large counts as worst.
  const sign = RESULTS.metrics[caseMetric]?.better === 'higher' ? -1 : 1;
  if (sort === 'worst') return (index) => sign * (own?.[index] ?? NaN);
  if (sort === 'best') return (index) => -sign * (own?.[index] ?? NaN);
  if (sort === 'regressed') return (index) => sign * ((own?.[index] ?? NaN) - (other?.[index] ?? NaN));
  const lost = (index) => (failuresByCase(context).get(index) ?? []).filter((failure) => failure.model === model).reduce((sum, failure) => sum + failure.metrics.length, 0);
  return sort === 'failed' ? lost : (index) => -index;
}

// The cases that the filter keeps, as indices in the order asked for.
function listed(context, choice) {
  const { filter, sort, model, versus, caseMetric } = choice;
  const name = JSON.stringify(['listed', [...filter], sort, model, versus, caseMetric]);
  return once(context, name, async () => {
    const scores = caseMetric ? await scoresOf(context, caseMetric) : new Map();
    const tests = testsOf(context, filter, model, scores.get(model));
    const key = keysOf(context, choice, scores.get(model), scores.get(versus));
    const kept = [];
    for (let index = 0; index < context.cases.count; index += 1) if (tests.every((test) => test(index))) kept.push(index);
    const keys = new Map(kept.map((index) => [index, key(index)]));
    return kept.sort((a, b) => {
      const [left, right] = [keys.get(a), keys.get(b)];
      if (Number.isNaN(left) || Number.isNaN(right)) return Number.isNaN(left) - Number.isNaN(right) || a - b;
      return right - left || a - b;
    });
  });
}
