// Keys for everything; the list of them is in the page, under `?`.
const help = document.getElementById('keys');
const single = help.querySelector('[data-single]');
single.checked = store.get('space-bench-keys') !== 'off';
single.addEventListener('change', () => store.set('space-bench-keys', single.checked ? 'on' : 'off'));
document.getElementById('help').addEventListener('click', () => help.showModal());
help.querySelector('[data-close]').addEventListener('click', () => help.close());
help.addEventListener('click', (event) => { if (event.target === help) help.close(); });

function caseKey(event) {
  const acts = { j: () => turnCase(1), k: () => turnCase(-1), m: () => current.players.nextSound(), l: () => current.players.loop() };
  if (current.players.key(event) || !(event.key in acts)) return;
  acts[event.key]();
  event.preventDefault();
}

function pageKey(event) {
  const names = VIEWS.map(([name]) => name);
  const view = panels.find((panel) => !panel.node.hidden)?.views.cases;
  if (event.key >= '1' && event.key <= String(names.length)) go({ view: names[Number(event.key) - 1] }, true);
  else if (state.view === 'cases' && (event.key === 'j' || event.key === 'k')) view.turn(event.key === 'j' ? 1 : -1);
  else if (state.view === 'cases' && event.key === '/') {
    view.filters.more.open = true;
    view.filters.text.focus();
  } else if (event.key === 't') document.getElementById('theme').click();
  else return;
  event.preventDefault();
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || help.open) return;
  const typing = event.target.closest('input:not([type="range"]), select, textarea');
  const letter = event.key.length === 1 && event.key !== ' ';
  if (typing || (letter && !single.checked)) return;
  if (event.key === '?') help.showModal();
  else if (sheet.open) caseKey(event);
  else pageKey(event);
});
