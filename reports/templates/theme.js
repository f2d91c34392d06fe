// Light and dark: as the system says, until somebody chooses.
const store = {
  get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* a page on disk may have no storage: the choice then lasts as long as the page */ } },
};

const root = document.documentElement;
const system = matchMedia('(prefers-color-scheme: dark)');
const dark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : system.matches);
// What is drawn on a canvas does not follow a style sheet.
const repaint = () => all('.layered').forEach((node) => node.repaint());
if (['light', 'dark'].includes(store.get('space-bench-theme'))) root.dataset.theme = store.get('space-bench-theme');
system.addEventListener('change', repaint);
document.getElementById('theme').addEventListener('click', () => {
  root.dataset.theme = dark() ? 'light' : 'dark';
  store.set('space-bench-theme', root.dataset.theme);
  repaint();
});
