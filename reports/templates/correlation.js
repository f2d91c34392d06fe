// What goes together: rank correlation of every two metrics over cases, and the cases behind one of them.
class CorrelationView {
  constructor(mount, context) {
    this.context = context;
    const within = context.correlation.within === 'model' ? 'Each model’s mean is' : 'Each model’s and speaker’s mean is';
    this.order = chooser('Order', [[null, [['cluster', 'alike side by side'], ['group', 'as in the table']]]], () => this.draw());
    this.readout = el('p', { class: 'readout', role: 'status' }, 'Point at a square, or walk over them with the arrow keys.');
    this.table = el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Correlation of metrics' });
    this.cases = el('div', { class: 'scatter' });
    mount.append(
      el('h2', {}, 'Correlation of metrics'),
      el('p', { class: 'lead' }, `Spearman’s r over the cases of the competing models. ${within} taken out first, so that it tells what goes together within a model, not which model is better. Choose a square to see its cases.`),
      el('div', { class: 'controls' }, this.order.node, el('div', { class: 'ramp', 'aria-hidden': 'true' }, '−1', el('span', {}), '+1')), this.readout,
      el('div', { class: 'pairing' }, this.table, this.cases),
    );
    // The arrow keys move one stop of the tab order over the squares.
    this.table.addEventListener('keydown', (event) => this.walk(event));
  }

  update({ metric, second }) {
    this.pair = second && second !== metric ? [metric, second] : null;
    if (!this.table.childElementCount) this.draw();
    for (const cell of all('[aria-selected]', this.table)) cell.setAttribute('aria-selected', String(Boolean(this.pair) && this.pair.includes(cell.dataset.row) && this.pair.includes(cell.dataset.column)));
    const told = this.pair && this.table.querySelector('[aria-selected="true"]');
    if (told) this.readout.textContent = told.getAttribute('aria-label');
    this.drawing = this.scatter();
  }

  draw() {
    const { metrics, r, n, order } = this.context.correlation;
    if (metrics.length < 2) {
      this.table.replaceChildren(el('p', { class: 'empty' }, 'There are not two metrics with enough cases to correlate.'));
      return;
    }
    const places = this.order.select.value === 'cluster' ? order : [...metrics.keys()];
    const name = (k) => RESULTS.metrics[metrics[k]].title;
    const head = el('tr', {}, el('td', {}), ...places.map((k) => el('th', { scope: 'col' }, el('span', {}, name(k)))));
    const rows = places.map((i) => el('tr', {}, el('th', { scope: 'row' }, name(i)), ...places.map((j) => {
      if (i === j) return el('td', { class: 'self' });
      const value = r[i][j];
      const words = `${name(i)} with ${name(j)}: ${value === null ? 'undefined' : `r = ${fixed(value, 2)}`}, ${plural(n[i][j], 'case')}`;
      return el('td', { tabindex: -1, 'aria-selected': 'false', 'aria-label': words, 'data-row': metrics[i], 'data-column': metrics[j], class: value === null ? 'none' : value < 0 ? 'minus' : 'plus', style: { '--r': String(Math.abs(value ?? 0)) } });
    })));
    const grid = el('table', { class: metrics.length > 26 ? 'heat dense' : 'heat', role: 'grid', 'aria-label': 'Correlation of metrics' }, el('thead', {}, head), el('tbody', {}, ...rows));
    grid.querySelector('td[tabindex]').tabIndex = 0;
    const tell = (event) => { if (event.target.dataset.row) this.readout.textContent = event.target.getAttribute('aria-label'); };
    grid.addEventListener('pointerover', tell);
    grid.addEventListener('focusin', tell);
    grid.addEventListener('click', (event) => this.choose(event.target));
    this.table.replaceChildren(grid);
  }

  async choose(cell) {
    if (!cell.dataset.row) return;
    go({ metric: cell.dataset.row, second: cell.dataset.column });
    await this.drawing;
    this.cases.scrollIntoView({ block: 'nearest' });
  }

  walk(event) {
    const cell = event.target.closest('td[tabindex]');
    if (!cell) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.choose(cell);
      return;
    }
    const [down, right] = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key] ?? [0, 0];
    if (!down && !right) return;
    event.preventDefault();
    const rows = [...cell.closest('tbody').rows];
    let [y, x] = [rows.indexOf(cell.parentElement) + down, cell.cellIndex + right];
    let next = rows[y]?.cells[x];
    // Over the diagonal, which says nothing.
    if (next?.classList.contains('self')) next = rows[(y += down)]?.cells[(x += right)];
    if (!next?.dataset.row) return;
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  async scatter() {
    const { pair } = this;
    if (!pair) {
      this.cases.replaceChildren();
      return;
    }
    const [down, across] = await Promise.all(pair.map((metric) => scoresOf(this.context, metric)));
    if (this.pair !== pair) return;
    const models = modelsOf(this.context).filter((model) => competes(model) && down.has(model) && across.has(model));
    this.cases.replaceChildren(el('h3', {}, `${RESULTS.metrics[pair[0]].title} and ${RESULTS.metrics[pair[1]].title}`), legend(models), this.plot(pair, models, down, across));
  }

  plot([one, other], models, down, across) {
    const width = Math.max(280, Math.min(560, this.cases.clientWidth || 480));
    const [left, top, bottom] = [62, 8, Math.round(width * 0.78)];
    const points = [];
    for (const model of models) {
      const [a, b] = [across.get(model), down.get(model)];
      a.forEach((value, index) => { if (!Number.isNaN(value) && !Number.isNaN(b[index])) points.push({ model, index, a: value, b: b[index] }); });
    }
    const [wide, high] = [extent(points.map((point) => point.a), 0.04), extent(points.map((point) => point.b), 0.04)];
    const x = scale(wide, [left, width - 10]);
    const y = scale(high, [bottom, top]);
    for (const point of points) [point.x, point.y] = [x(point.a), y(point.b)];
    const words = ([metric, value]) => `${RESULTS.metrics[metric].title} ${fixed(value, this.context.places[metric])}`;
    const rings = svg('g', {});
    const label = (metric) => `${RESULTS.metrics[metric].title} ${RESULTS.metrics[metric].arrow}`.trim();
    const chart = svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${bottom + 38}`, role: 'img', 'aria-label': `Cases by ${label(one)} and ${label(other)}` }, axis(x, wide, top, bottom, 4), ...ticks(...high, 4).flatMap((value) => [
      svg('line', { class: 'grid', x1: left, x2: width - 10, y1: y(value), y2: y(value) }), svg('text', { class: 'tick', x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, short(value)),
    ]), svg('text', { class: 'soft', x: (left + width) / 2, y: bottom + 33, 'text-anchor': 'middle' }, label(other)), svg('text', { class: 'soft', transform: `translate(12 ${(top + bottom) / 2}) rotate(-90)`, 'text-anchor': 'middle' }, label(one)), rings);
    followPointer(chart, width, points, rings, (point) => `${caseName(this.context, point.index)} · ${title(point.model)}: ${words([one, point.b])}, ${words([other, point.a])}`, (point) => openCase(this.context, point.index));
    return layered(width, bottom + 38, chart, (pen, ink) => {
      pen.globalAlpha = points.length > 3000 ? 0.4 : 0.8;
      for (const point of points) {
        pen.fillStyle = ink(point.model);
        pen.fillRect(point.x - 1.8, point.y - 1.8, 3.6, 3.6);
      }
    });
  }
}
