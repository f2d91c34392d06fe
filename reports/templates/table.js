// Sorting: competing rows and reference rows each within their own block; a missing value is always last.
function sortBy(table, index, direction) {
  for (const body of table.tBodies) {
    const rows = [...body.rows].filter((row) => !row.classList.contains('divider'));
    const key = (row) => (index === 0 ? row.cells[0].textContent.trim() : row.cells[index].dataset.value);
    rows.sort((a, b) => {
      const [left, right] = [key(a), key(b)];
      if (left === undefined || right === undefined) return (left === undefined) - (right === undefined);
      return direction * (index === 0 ? left.localeCompare(right) : Number(left) - Number(right));
    });
    body.append(...rows);
  }
}

function makeSortable(table) {
  const heads = [...table.querySelectorAll('.metrics th')];
  heads.forEach((head, index) => {
    const button = el('button', { type: 'button' }, ...head.childNodes);
    if (head.dataset.tip) {
      button.dataset.tip = head.dataset.tip;
      delete head.dataset.tip;
    }
    head.append(button);
    button.addEventListener('click', () => {
      const best = head.dataset.better === 'higher' ? 'descending' : 'ascending';
      const other = best === 'ascending' ? 'descending' : 'ascending';
      const wanted = head.getAttribute('aria-sort') === best ? other : best;
      heads.forEach((each) => each.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', wanted);
      sortBy(table, index, wanted === 'ascending' ? 1 : -1);
    });
  });
  for (const row of all('tbody tr[data-model]', table)) {
    row.querySelector('.name').prepend(el('span', { class: 'swatch', 'aria-hidden': 'true', style: { '--c': colour(row.dataset.model) } }));
  }
}

async function copyText(button) {
  const source = button.parentElement.querySelector('pre');
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = 'Copied';
  } catch {
    // Without access to the clipboard the text is selected, ready for the keyboard.
    getSelection().selectAllChildren(source);
    button.textContent = 'Selected';
  }
  setTimeout(() => { button.textContent = 'Copy'; }, 1500);
}
