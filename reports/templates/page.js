// Puts it together: contexts as tabs, views in each, and the address that says which of them is shown.
const VIEWS = [['overview', OverviewView], ['differences', DifferencesView], ['strata', StrataView], ['correlation', CorrelationView], ['cases', CasesView]];

class Panel {
  constructor(node, context) {
    this.node = node;
    this.context = context;
    this.views = {};
    this.places = { overview: node.querySelector('[data-view="overview"]') };
  }

  // Views are made when they are first shown.
  view(name) {
    if (!this.views[name]) {
      this.places[name] ??= this.node.appendChild(el('section', { class: 'card', 'data-view': name }));
      const View = VIEWS.find(([each]) => each === name)[1];
      this.places[name].hidden = false;
      this.views[name] = new View(this.places[name], this.context);
    }
    return this.views[name];
  }

  show(name, choice) {
    this.node.hidden = false;
    for (const [each, place] of Object.entries(this.places)) if (each !== name) this.hide(each, place);
    const view = this.view(name);
    this.places[name].hidden = false;
    return view.update(choice);
  }

  hide(name, place) {
    if (!place.hidden) this.views[name]?.close?.();
    place.hidden = true;
  }

  close() {
    for (const [name, place] of Object.entries(this.places)) this.hide(name, place);
    this.node.hidden = true;
  }
}

const panels = all('.panel').map((node, index) => new Panel(node, RESULTS.contexts[index]));
const tabs = all('[role="tab"]');
const viewLinks = all('[data-view-link]');

async function render() {
  const index = Math.max(0, RESULTS.contexts.findIndex((context) => context.key === wanted('context', RESULTS.contexts.map((each) => each.key), null)));
  const view = wanted('view', VIEWS.map(([name]) => name), 'overview');
  const { context } = panels[index];
  tabs.forEach((tab, k) => {
    tab.setAttribute('aria-selected', String(k === index));
    tab.tabIndex = k === index ? 0 : -1;
    if (k !== index) panels[k].close();
  });
  // Only its row scrolls; scrollIntoView would move the page as well.
  tabs[index].parentElement.scrollLeft = tabs[index].offsetLeft - tabs[0].offsetLeft;
  for (const link of viewLinks) {
    if (link.dataset.viewLink === view) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  root.dataset.view = view;
  document.getElementById('about').hidden = view !== 'overview';
  const choice = chosen(context);
  const drawn = panels[index].show(view, choice);
  if (state.case && choice.index < 0) unknown.add(`case “${state.case}”`);
  if (choice.index >= 0) showCase(context, choice.index);
  else hideCase();
  tellUnknown();
  await drawn;
}

tabs.forEach((tab, index) => {
  tab.addEventListener('click', () => go({ context: tab.dataset.context, case: null, filter: null }, true));
  tab.addEventListener('keydown', (event) => {
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    go({ context: next.dataset.context, case: null, filter: null });
    next.focus();
  });
});

for (const link of viewLinks) {
  link.addEventListener('click', (event) => {
    event.preventDefault();
    go({ view: link.dataset.viewLink }, true);
  });
}

// The address after # says what is shown, so the skip link must not write there.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  document.getElementById('main').focus();
});

all('table.results').forEach(makeSortable);
all('[data-copy]').forEach((button) => button.addEventListener('click', () => copyText(button)));

if (panels.length) {
  document.querySelector('.views').hidden = false;
  listeners.push(render);
  readAddress();
  render().then(() => performance.mark('ready'));
}
