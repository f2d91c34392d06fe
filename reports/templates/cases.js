// A browser over all cases: a grid of which only the rows on the screen exist.
const GAP = 12;
const WORDS = 74;

class CasesView {
  constructor(mount, context) {
    this.context = context;
    this.filters = new Filters(context);
    this.thumbs = new Thumbs();
    this.cards = new Map();
    this.order = [];
    this.cursor = 0;
    this.count = el('p', { class: 'count', role: 'status' });
    this.grid = el('div', { class: 'grid', role: 'list', 'aria-label': 'Cases' });
    this.empty = el('p', { class: 'empty', hidden: true }, 'No case is left by these filters.');
    mount.append(el('h2', {}, 'Cases'), this.filters.node, this.count, this.empty, this.grid);
    const redraw = () => { if (this.shown) this.draw(); };
    addEventListener('scroll', redraw, { passive: true });
    new ResizeObserver(redraw).observe(this.grid);
    this.grid.addEventListener('keydown', (event) => this.walk(event));
  }

  async update(choice) {
    this.shown = true;
    this.filters.update(choice);
    const order = await listed(this.context, choice);
    const scores = choice.caseMetric ? await scoresOf(this.context, choice.caseMetric) : new Map();
    tellUnknown();
    if (!this.shown) return;
    const same = JSON.stringify([[...choice.filter], choice.sort, choice.model, choice.versus, choice.caseMetric]);
    if (same === this.drawnFor) return;
    [this.drawnFor, this.order, this.choice, this.scores, this.cursor] = [same, order, choice, scores, 0];
    this.count.textContent = `${counted(order.length)} of ${counted(this.context.cases.count)} cases · ${this.told(choice)}`;
    this.empty.hidden = order.length > 0;
    this.clear();
    this.draw();
  }

  told({ sort, model, versus, caseMetric }) {
    const metric = RESULTS.metrics[caseMetric]?.title ?? '';
    const words = { worst: `${title(model)}, worst ${metric} first`, best: `${title(model)}, best ${metric} first`, regressed: `where ${title(model)} lost most ${metric} against ${title(versus)}`, failed: `${title(model)}, most failures first`, table: `${title(model)}, in the order of the table` };
    return words[sort];
  }

  close() {
    this.shown = false;
    this.drawnFor = null;
    this.clear();
  }

  clear() {
    this.thumbs.forget(all('.thumb', this.grid));
    this.cards.clear();
    this.grid.replaceChildren();
  }

  get pair() { return this.choice.sort === 'regressed'; }

  measure() {
    const width = this.grid.clientWidth;
    const columns = Math.max(1, Math.floor((width + GAP) / ((this.pair ? 300 : width < 520 ? 140 : 180) + GAP)));
    const card = (width - GAP * (columns - 1)) / columns;
    return { columns, card, tall: (this.pair ? (card - 4) / 2 : card) + WORDS };
  }

  draw() {
    if (!this.choice || !this.grid.clientWidth) return;
    const { columns, card, tall } = this.measure();
    const step = tall + GAP;
    const rows = Math.ceil(this.order.length / columns);
    this.grid.style.height = `${Math.max(0, rows * step - GAP)}px`;
    const top = this.grid.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / step) - 1) * columns;
    const last = Math.min(this.order.length, (Math.floor((innerHeight - top) / step) + 2) * columns);
    for (const [place, node] of this.cards) {
      if (place >= first && place < last) continue;
      // A card that has the focus stays, so that the keyboard does not lose its place.
      if (node.contains(document.activeElement)) continue;
      this.thumbs.forget(all('.thumb', node));
      node.remove();
      this.cards.delete(place);
    }
    for (let place = first; place < last; place += 1) {
      if (!this.cards.has(place)) this.cards.set(place, this.card(place));
      const style = this.cards.get(place).style;
      style.width = `${card}px`;
      style.height = `${tall}px`;
      style.transform = `translate(${(place % columns) * (card + GAP)}px, ${Math.floor(place / columns) * step}px)`;
    }
    // In the order of the list, whatever the order in which they came: Tab and screen readers follow it.
    const inList = [...this.cards.keys()].sort((a, b) => a - b);
    inList.forEach((place, k) => {
      const node = this.cards.get(place);
      if (this.grid.children[k] !== node) this.grid.insertBefore(node, this.grid.children[k] ?? null);
    });
  }

  card(place) {
    const index = this.order[place];
    const { model, versus } = this.choice;
    const shown = this.pair ? [model, versus] : [model];
    const pictures = shown.map((name) => this.thumbs.place(() => videoOf(this.context, name, index)));
    const name = caseName(this.context, index);
    const button = el('button', { type: 'button', class: 'case', 'data-case': name, tabindex: place === this.cursor ? 0 : -1, onclick: () => openCase(this.context, index), onfocus: () => this.reach(place, false) },
      el('span', { class: 'pictures' }, ...pictures),
      el('span', { class: 'name', title: name }, name),
      el('span', { class: 'labels' }, labelsOf(this.context, index).join(' · ')),
      ...this.numbers(index));
    button.addEventListener('pointerenter', () => pictures.forEach((node) => this.thumbs.play(node, true)));
    button.addEventListener('pointerleave', () => pictures.forEach((node) => this.thumbs.play(node, false)));
    return el('div', { class: 'cell', role: 'listitem', 'aria-setsize': this.order.length, 'aria-posinset': place + 1 }, button);
  }

  // The line that says why the case stands where it stands.
  numbers(index) {
    const { sort, model, versus, caseMetric } = this.choice;
    const lost = (failuresByCase(this.context).get(index) ?? []).filter((failure) => failure.model === model);
    const values = this.scores.get(model);
    const value = values?.[index] ?? NaN;
    if (sort === 'failed' && lost.length) return [el('span', { class: 'score lost' }, `${lost[0].words} · ${plural(lost.reduce((sum, failure) => sum + failure.metrics.length, 0), 'metric')}`)];
    if (Number.isNaN(value)) return [el('span', { class: 'score lost' }, lost[0]?.words ?? 'not scored')];
    const places = this.context.places[caseMetric] ?? 3;
    const parts = [el('b', {}, fixed(value, places))];
    const other = this.scores.get(versus)?.[index] ?? NaN;
    if (sort === 'regressed') {
      const change = value - other;
      parts.push(Number.isNaN(change) ? ' · not comparable' : ` · ${change > 0 ? '+' : ''}${fixed(change, places)} against ${fixed(other, places)}`);
    } else {
      const share = standing(caseMetric, values, index);
      if (share !== null) parts.push(` · beats ${Math.round(100 * share)} %`);
    }
    return [el('span', { class: 'score' }, ...parts)];
  }

  // Moves the one stop of the tab order to a place, drawing and scrolling there if need be.
  reach(place, focus = true) {
    const old = this.cards.get(this.cursor)?.querySelector('button');
    if (old) old.tabIndex = -1;
    this.cursor = Math.max(0, Math.min(this.order.length - 1, place));
    if (focus && !this.cards.has(this.cursor)) {
      const { columns, tall } = this.measure();
      scrollTo({ top: scrollY + this.grid.getBoundingClientRect().top + Math.floor(this.cursor / columns) * (tall + GAP) - innerHeight / 3 });
      this.draw();
    }
    const button = this.cards.get(this.cursor)?.querySelector('button');
    if (!button) return;
    button.tabIndex = 0;
    if (focus) button.focus();
  }

  walk(event) {
    const { columns } = this.measure();
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined || !this.order.length) return;
    event.preventDefault();
    this.reach(this.cursor + by);
  }

  turn(by) {
    if (!this.order.length) return;
    this.reach(this.grid.contains(document.activeElement) ? this.cursor + by : this.cursor);
  }
}
