// Puts it together: theme, tabs, and the parts of a tab, drawn when it is first opened.
const store = {
  get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* a page on disk may have no storage: the choice then lasts as long as the page */ } },
};

const root = document.documentElement;
const dark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);
if (['light', 'dark'].includes(store.get('space-bench-theme'))) root.dataset.theme = store.get('space-bench-theme');
document.getElementById('theme').addEventListener('click', () => {
  root.dataset.theme = dark() ? 'light' : 'dark';
  store.set('space-bench-theme', root.dataset.theme);
});

class Panel {
  constructor(node, context) {
    this.node = node;
    this.context = context;
    this.drawn = false;
    this.stop = () => {};
    this.preset = 'paper';
    for (const button of all('[data-preset][aria-pressed]', node)) {
      button.addEventListener('click', () => this.choose(button.dataset.preset));
    }
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

  open() {
    this.node.hidden = false;
    if (!this.drawn) {
      this.drawn = true;
      const scored = this.context.order.filter((metric) => metric in this.context.scores);
      this.metric = this.context.paper.find((metric) => scored.includes(metric)) ?? scored[0];
      this.glance();
      this.spread(scored);
      this.emotion();
      failures(this.part('failures', true), this.context);
    }
    const mount = this.part('watch', this.context.watch.length > 0);
    if (this.context.watch.length) this.stop = watch(mount, this.context);
  }

  close() {
    this.node.hidden = true;
    this.stop();
  }

  glance() {
    const metrics = this.preset === 'paper' ? this.context.paper : this.context.order;
    const mount = this.part('intervals', metrics.length > 0);
    const buttons = metrics.map((metric) => {
      const words = `${RESULTS.metrics[metric].title}: show its cases`;
      const inside = [heading(metric), intervalChart(this.context, metric)];
      if (!(metric in this.context.scores)) return el('div', {}, ...inside);
      return el('button', { type: 'button', 'aria-label': words, 'aria-pressed': String(metric === this.metric), 'data-metric': metric, onclick: () => this.select(metric) }, ...inside);
    });
    mount.replaceChildren(el('div', { class: 'multiples' }, ...buttons));
  }

  spread(scored) {
    const mount = this.part('spread', scored.length > 0);
    if (!scored.length) return;
    const groups = [...new Set(scored.map((metric) => RESULTS.metrics[metric].group))];
    this.picker = el('select', { 'aria-label': 'Metric' }, ...groups.map((group) => el('optgroup', { label: group }, ...scored.filter((metric) => RESULTS.metrics[metric].group === group).map((metric) => el('option', { value: metric }, `${RESULTS.metrics[metric].title} ${RESULTS.metrics[metric].arrow}`)))));
    this.picker.addEventListener('change', () => this.select(this.picker.value));
    this.summary = el('p', { class: 'lead' });
    this.canvas = el('div', {});
    mount.replaceChildren(el('div', { class: 'controls' }, this.picker), this.summary, this.canvas);
    this.select(this.metric);
  }

  select(metric) {
    this.metric = metric;
    this.picker.value = metric;
    const fact = RESULTS.metrics[metric];
    this.summary.textContent = [fact.summary, fact.unit ? `In ${fact.unit}.` : ''].join(' ');
    this.canvas.replaceChildren(spreadChart(this.context, metric, Math.max(300, this.canvas.clientWidth || 900)));
    for (const button of all('[data-metric]', this.node)) button.setAttribute('aria-pressed', String(button.dataset.metric === metric));
  }

  emotion() {
    const mount = this.part('emotion', this.context.emotions.length > 0);
    if (!this.context.emotions.length) return;
    const names = this.context.emotions.map((seen) => seen.classifier);
    const judge = el('select', { 'aria-label': 'Classifier' }, ...names.map((name, index) => el('option', { value: index }, name)));
    const body = el('div', {});
    const draw = () => this.judged(this.context.emotions[judge.value], mount, body);
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

const panels = all('.panel').map((node, index) => new Panel(node, RESULTS.contexts[index]));
const tabs = all('[role="tab"]');

function openTab(index, focus) {
  tabs.forEach((tab, k) => {
    tab.setAttribute('aria-selected', String(k === index));
    tab.tabIndex = k === index ? 0 : -1;
    if (k !== index) panels[k].close();
  });
  panels[index].open();
  if (focus) tabs[index].focus();
}

tabs.forEach((tab, index) => {
  tab.addEventListener('click', () => {
    openTab(index, false);
    history.replaceState(null, '', `#${encodeURIComponent(tab.dataset.context)}`);
  });
  tab.addEventListener('keydown', (event) => {
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    openTab((to + tabs.length) % tabs.length, true);
  });
});

all('table.results').forEach(makeSortable);
all('[data-copy]').forEach((button) => button.addEventListener('click', () => copyText(button)));

if (tabs.length) {
  const wanted = tabs.findIndex((tab) => `#${encodeURIComponent(tab.dataset.context)}` === location.hash);
  openTab(Math.max(0, wanted), false);
}
