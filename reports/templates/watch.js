// The example cases, whose videos are inside the page: they play wherever the page is.
function describe(shown) {
  const words = { seconds: (value) => `${fixed(Number(value), 1)} s`, level: (value) => `level ${value}` };
  return [shown.case, ...Object.entries(shown.labels).map(([name, value]) => words[name]?.(value) ?? value)].join(' · ');
}

// Draws them and returns what stops them.
function watch(mount, context) {
  const stage = el('div', {});
  let players = null;
  const choose = el('select', { 'aria-label': 'Case' }, ...context.watch.map((shown, index) => el('option', { value: index }, describe(shown))));
  const show = () => {
    players?.stop();
    const shown = context.watch[Number(choose.value)];
    const names = inOrder([...new Set([...Object.keys(shown.videos), ...Object.keys(shown.absent)])]).sort((a, b) => competes(b) - competes(a));
    players = new Players(stage, shown.case, names.map((model) => ({ model, source: model in shown.videos ? { uri: videoURI(shown.videos[model]) } : null, absent: shown.absent[model] })));
    players.show(shown);
  };
  const turn = (by) => { choose.value = String((Number(choose.value) + by + context.watch.length) % context.watch.length); show(); };
  choose.addEventListener('change', show);
  stage.addEventListener('keydown', (event) => players.key(event));
  const details = el('button', { type: 'button', class: 'quiet', onclick: () => openCase(context, caseIndex(context, context.watch[Number(choose.value)].case)) }, 'All about this case');
  const buttons = context.watch.length > 1 ? [el('button', { type: 'button', class: 'quiet', 'aria-label': 'Previous case', onclick: () => turn(-1) }, '‹'), el('button', { type: 'button', class: 'quiet', 'aria-label': 'Next case', onclick: () => turn(1) }, '›')] : [];
  mount.replaceChildren(el('div', { class: 'controls' }, choose, ...buttons, details), stage);
  show();
  return () => players.stop();
}
