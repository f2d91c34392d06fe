// The controls above the cases: which model, metric and order, and which cases.
const STATUS_WORDS = [['', 'any'], ['ok', 'has a score'], ['failed', 'has a failure']];

class Filters {
  constructor(context) {
    this.context = context;
    const models = modelsOf(context);
    this.model = chooser('Model', modelOptions(models), (model) => go({ model }));
    this.metric = chooser('Metric', metricOptions(perCase(context)), (metric) => go({ metric }));
    this.sort = chooser('Order', [[null, Object.entries(ORDERS)]], (sort) => go({ sort }));
    this.versus = chooser('Compared with', modelOptions(models), (versus) => go({ versus }));
    this.kinds = kindsOf(context).map((kind) => [kind.kind, chooser(kind.title, [[null, [['', 'any'], ...kind.labels.map((label, code) => [label, `${label} (${counted(this.size(kind, code))})`])]]], (value) => this.set(kind.kind, value))]);
    const statuses = [...new Set(failuresOf(context).map((failure) => failure.status))].map((status) => [status, context.failures.words[status] ?? status]);
    this.kinds.push(['status', chooser('Status', [[null, [...STATUS_WORDS, ...statuses]]], (value) => this.set('status', value))]);
    this.text = el('input', { type: 'search', placeholder: 'case, clip, speaker …' });
    this.text.addEventListener('input', () => this.set('text', this.text.value.trim()));
    this.clear = el('button', { type: 'button', class: 'quiet', onclick: () => go({ filter: null }) }, 'Clear filters');
    this.summary = el('summary', {}, 'Filters');
    this.more = el('details', { class: 'filters', open: innerWidth > 640 }, this.summary, el('div', { class: 'controls' }, ...this.kinds.map(([, choice]) => choice.node), el('label', { class: 'field' }, el('span', {}, 'Text'), this.text), this.clear));
    this.node = el('div', {}, el('div', { class: 'controls' }, this.model.node, this.metric.node, this.sort.node, this.versus.node), this.more);
  }

  size(kind, code) {
    return kind.codes.reduce((sum, each) => sum + (each === code ? 1 : 0), 0);
  }

  set(kind, value) {
    const filter = readFilter(state.filter);
    filter.set(kind, value);
    go({ filter: writeFilter(filter) });
  }

  update({ model, versus, caseMetric, sort, filter }) {
    this.model.select.value = model;
    this.metric.select.value = caseMetric;
    this.sort.select.value = sort;
    this.versus.select.value = versus;
    this.versus.node.hidden = sort !== 'regressed';
    for (const [kind, choice] of this.kinds) choice.select.value = filter.get(kind) ?? '';
    // Typing goes on while results arrive: the field is only set from outside when it is not being typed into.
    if (document.activeElement !== this.text) this.text.value = filter.get('text') ?? '';
    const count = [...filter.values()].filter(Boolean).length;
    this.summary.textContent = count ? `Filters (${count})` : 'Filters';
    this.clear.hidden = !count;
  }
}
