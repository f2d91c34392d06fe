// The first view of a context: the table stands in the page; what is below it is drawn when it is scrolled to.
class OverviewView {
  constructor(node, context) {
    this.node = node;
    this.context = context;
    this.preset = 'paper';
    this.form = 'dots';
    this.stop = () => {};
    for (const button of all('[data-preset][aria-pressed]', node)) button.addEventListener('click', () => this.choose(button.dataset.preset));
    const mounts = Object.fromEntries([['watch', context.watch.length], ['spread', perCase(context).length], ['emotion', context.emotions.length], ['failures', 1]].map(([name, show]) => [name, this.part(name, show > 0)]));
    this.watched = mounts.watch;
    if (perCase(context).length) whenSeen(mounts.spread, () => this.spread(mounts.spread));
    if (context.emotions.length) whenSeen(mounts.emotion, () => this.emotion(mounts.emotion));
    whenSeen(mounts.failures, () => failures(mounts.failures, context));
  }

  part(name, show) {
    const section = this.node.querySelector(`[data-part="${name}"]`);
    section.hidden = !show;
    return section.querySelector('.mount');
  }

  choose(preset) {
    this.preset = preset;
    for (const button of all('[data-preset][aria-pressed]', this.node)) button.setAttribute('aria-pressed', String(button.dataset.preset === preset));
    for (const choice of all('.choice', this.node)) choice.hidden = choice.dataset.preset !== preset;
    this.glance();
  }

  update({ caseMetric }) {
    const changed = this.metric !== caseMetric;
    this.metric = caseMetric;
    if (!this.glanced) this.glance();
    this.glanced = true;
    for (const button of all('[data-metric]', this.node)) button.setAttribute('aria-pressed', String(button.dataset.metric === caseMetric));
    if (changed && this.picker) this.draw();
    if (!this.playing && this.context.watch.length) {
      this.playing = true;
      whenSeen(this.watched, () => { if (this.playing) this.stop = watch(this.watched, this.context); });
    }
  }

  close() {
    this.playing = false;
    this.stop();
    this.stop = () => {};
  }

  glance() {
    const metrics = this.preset === 'paper' ? this.context.paper : this.context.order;
    const mount = this.part('intervals', metrics.length > 0);
    const buttons = metrics.map((metric) => {
      const words = `${RESULTS.metrics[metric].title}: show its cases`;
      const inside = [heading(metric), intervalChart(this.context, metric)];
      if (!(metric in this.context.scores)) return el('div', {}, ...inside);
      return el('button', { type: 'button', 'aria-label': words, 'aria-pressed': String(metric === this.metric), 'data-metric': metric, onclick: () => go({ metric }) }, ...inside);
    });
    mount.replaceChildren(el('div', { class: 'multiples' }, ...buttons));
  }

  spread(mount) {
    this.picker = chooser('Metric', metricOptions(perCase(this.context)), (metric) => go({ metric }));
    this.shape = chooser('Shown as', [[null, [['dots', 'one dot a case'], ['share', 'share of cases below a value']]]], (form) => { this.form = form; this.draw(); });
    this.summary = el('p', { class: 'lead' });
    this.canvas = el('div', {});
    mount.replaceChildren(el('div', { class: 'controls' }, this.picker.node, this.shape.node), this.summary, this.canvas);
    this.draw();
  }

  async draw() {
    const { context, metric, form } = this;
    this.picker.select.value = metric;
    const fact = RESULTS.metrics[metric];
    this.summary.textContent = [fact.summary, fact.unit ? `In ${fact.unit}.` : ''].join(' ');
    const scores = await scoresOf(context, metric);
    if (metric !== this.metric || form !== this.form) return;
    const width = Math.max(300, this.canvas.clientWidth || 900);
    this.canvas.replaceChildren(form === 'dots' ? spreadChart(context, metric, scores, width, (point) => openCase(context, point.index)) : shareChart(metric, scores, width));
  }

  emotion(mount) {
    const names = this.context.emotions.map((seen) => seen.classifier);
    const body = el('div', {});
    const draw = () => this.judged(this.context.emotions[judge.value], mount, body);
    const judge = el('select', { 'aria-label': 'Classifier' }, ...names.map((name, index) => el('option', { value: index }, name)));
    judge.addEventListener('change', draw);
    mount.replaceChildren(el('div', { class: 'controls' }, names.length > 1 ? judge : `Classifier: ${names[0]}`), body);
    draw();
  }

  // What one classifier sees.
  judged(emotions, mount, body) {
    const { response } = emotions;
    const models = inOrder(Object.keys(emotions.counts));
    const width = Math.max(300, Math.min(580, mount.clientWidth || 580));
    const table = el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Confusion matrix' });
    const pick = el('select', { 'aria-label': 'Model of the confusion matrix' }, ...models.map((model) => el('option', { value: model }, title(model))));
    const draw = () => table.replaceChildren(confusionTable(emotions, pick.value));
    pick.addEventListener('change', draw);
    draw();
    const right = [el('h3', {}, 'Asked (down) and recognised (across), %'), el('div', { class: 'controls' }, pick), table];
    if (Object.keys(response).length) right.push(el('h3', {}, 'Probability of the asked emotion by intensity'), responseChart(response, width));
    body.replaceChildren(legend(models), el('div', { class: 'halves' }, el('div', {}, el('h3', {}, 'Share recognised'), emotionChart(emotions, width)), el('div', {}, ...right)));
  }
}
