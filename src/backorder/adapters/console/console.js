// Backorder console: progressive enhancement only. Every page works without this file.
'use strict';

const root = document.documentElement;
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const recall = key => { try { return localStorage.getItem(key); } catch { return null; } };
const keep = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private window: forget it */ } };

// On a narrow screen the navigation is one sliding row: bring the current page into view.
const here = $('.side [aria-current]');
if (here && here.getBoundingClientRect().right > innerWidth - 24) $('.side').scrollLeft = here.offsetLeft - 160;

// Density of long tables.
const showDensity = value => {
  root.dataset.density = value;
  $$('[data-density-set]').forEach(b => b.setAttribute('aria-pressed', String(b.dataset.densitySet === value)));
};
const density = $('[data-density]');
if (density) {
  density.hidden = false;
  showDensity(recall('density') || 'comfortable');
  $$('[data-density-set]').forEach(b => b.addEventListener('click', () => {
    keep('density', b.dataset.densitySet);
    showDensity(b.dataset.densitySet);
  }));
}

// j and k move a cursor through the rows; Enter opens the link that has the focus; x picks the row.
let rows = [];
const readRows = () => {
  const table = $('[data-rows]');
  rows = table ? $$('tbody tr', table).filter(row => $('a', row)) : [];
};
readRows();
let cursor = -1;
const moveTo = index => {
  if (!rows.length) return;
  if (cursor >= 0) rows[cursor].classList.remove('is-cursor');
  cursor = Math.max(0, Math.min(rows.length - 1, index));
  rows[cursor].classList.add('is-cursor');
  rows[cursor].scrollIntoView({ block: 'nearest' });
  $('a', rows[cursor]).focus({ preventScroll: true });
};

// Rows that are picked: the bar says how many, and is there while there are any.
const bar = $('[data-several]');
const picks = () => $$('[data-rows] tbody input[type=checkbox]');
const countPicks = () => {
  if (!bar) return;
  const boxes = picks();
  const chosen = boxes.filter(box => box.checked);
  boxes.forEach(box => box.closest('tr').classList.toggle('is-picked', box.checked));
  bar.hidden = !chosen.length;
  const said = $('[data-said]', bar);
  const orders = new Set(chosen.map(box => box.value.split('/')[0]));
  said.textContent = said.dataset.said.replace('{lines}', chosen.length).replace('{orders}', orders.size);
  const all = $('[data-all]');
  if (!all) return;
  all.hidden = false;
  const box = $('input', all);
  box.checked = chosen.length === boxes.length;
  box.indeterminate = chosen.length > 0 && !box.checked;
};
const pickAll = picked => { picks().forEach(box => { box.checked = picked; }); countPicks(); };
const pickRow = () => {
  const box = cursor >= 0 && $('input[type=checkbox]', rows[cursor]);
  if (box) { box.checked = !box.checked; countPicks(); }
};
if (bar) {
  document.addEventListener('change', event => {
    if (event.target.closest('[data-all]')) pickAll(event.target.checked);
    else if (event.target.closest('[data-rows]')) countPicks();
  });
  const clear = $('[data-clear]', bar);
  clear.hidden = false;
  clear.addEventListener('click', () => pickAll(false));
  countPicks();
}

// Dialogs: a link to #id opens the dialog with that id.
$$('[data-dialog]').forEach(link => {
  const dialog = document.getElementById(link.dataset.dialog);
  if (!dialog || !dialog.showModal) return;
  link.addEventListener('click', event => { event.preventDefault(); dialog.showModal(); });
});

const keys = {
  j: () => moveTo(cursor + 1),
  k: () => moveTo(cursor - 1),
  x: pickRow,
  '/': () => $('input[type=search]')?.focus(),
  '?': () => $('#help')?.showModal(),
};
const places = Object.fromEntries($$('[data-key]').map(link => [link.dataset.key, link.href]));
let waitingForPlace = false;
document.addEventListener('keydown', event => {
  if (event.metaKey || event.ctrlKey || event.altKey || $('dialog[open]')) return;
  if (event.target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select')) {
    if (event.key === 'Escape') event.target.blur();
    return;
  }
  if (waitingForPlace && places[event.key]) { location.href = places[event.key]; return; }
  waitingForPlace = event.key === 'g';
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});

// Live: when something happens elsewhere, the marked parts of the page are fetched again and put in the place of those
// that are there. Ticks, the cursor, the focus, what is folded open and where one has scrolled to stay.
const main = $('main[data-seen]');
const linkOf = row => $('a', row)?.getAttribute('href');
const tick = box => `${box.name}=${box.value}`;
const swap = (part, fresh) => {
  const boxes = new Set($$('input:checked', part).map(tick));
  const open = $$('details', part).map(one => one.open);
  const scrolls = $$('.scroll', part).map(one => one.scrollLeft);
  const held = part.contains(document.activeElement) ? document.activeElement : null;
  const focus = held && { href: held.getAttribute('href'), id: held.id, tick: held.type === 'checkbox' && tick(held) };
  const line = rows[cursor] && linkOf(rows[cursor]);
  const [x, y] = [scrollX, scrollY];
  part.replaceChildren(...document.importNode(fresh, true).childNodes);
  $$('input[type=checkbox]', part).forEach(box => { box.checked = box.checked || boxes.has(tick(box)); });
  $$('details', part).forEach((one, n) => { one.open = one.open || Boolean(open[n]); });
  $$('.scroll', part).forEach((one, n) => { one.scrollLeft = scrolls[n] || 0; });
  readRows();
  cursor = line ? rows.findIndex(row => linkOf(row) === line) : -1;
  if (cursor >= 0) rows[cursor].classList.add('is-cursor');
  countPicks();
  if (focus) {
    const same = $$('a, input, button, summary', part).find(one => (focus.id && one.id === focus.id)
      || (focus.tick && one.type === 'checkbox' && tick(one) === focus.tick)
      || (focus.href && one.getAttribute('href') === focus.href));
    same?.focus({ preventScroll: true });
  }
  scrollTo(x, y);
};
if (main && window.EventSource) {
  const shown = new Map($$('[data-live]').map(part => [part.id, part.innerHTML]));
  let seen = main.dataset.seen;
  let stream = null;
  let timer = 0;
  let next = 0;
  const refresh = async () => {
    timer = 0;
    const began = performance.now();
    try {
      const answer = await fetch(location.href, { credentials: 'same-origin' });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      $$('[data-live]').forEach(part => {
        const fresh = page.getElementById(part.id);
        if (!fresh || fresh.innerHTML === shown.get(part.id)) return;
        shown.set(part.id, fresh.innerHTML);
        swap(part, fresh);
      });
    } catch { /* it is away: the stream comes back by itself */ }
    const took = performance.now() - began;
    next = performance.now() + Math.max(500, 5 * took); // a busy shop is not asked all the time
  };
  const soon = () => { timer ||= setTimeout(refresh, Math.max(50, next - performance.now())); };
  const listen = () => {
    if (stream || document.hidden) return;
    stream = new EventSource(`/v1/events/stream?after=${seen}`);
    stream.addEventListener('message', event => { seen = event.lastEventId || seen; soon(); });
  };
  const rest = () => { stream?.close(); stream = null; }; // a browser has few connections, and many tabs
  document.addEventListener('visibilitychange', () => (document.hidden ? rest() : listen()));
  addEventListener('pagehide', rest);
  addEventListener('pageshow', listen);
}

// Peg board: pointing at (or tabbing to) one end lights its ribbons and the other ends.
$$('[data-pegs]').forEach(board => {
  const parts = $$('[data-supply], [data-line]', board);
  const light = part => {
    const { supply, line } = part.dataset;
    const ribbons = $$('.ribbon', board).filter(r =>
      (!supply || r.dataset.supply === supply) && (!line || r.dataset.line === line));
    const supplies = new Set(ribbons.map(r => r.dataset.supply));
    const lines = new Set(ribbons.map(r => r.dataset.line));
    board.classList.add('is-lit');
    parts.forEach(p => p.classList.toggle('is-linked', p.classList.contains('ribbon') ? ribbons.includes(p)
      : p === part || supplies.has(p.dataset.supply) || lines.has(p.dataset.line)));
  };
  const dark = () => { board.classList.remove('is-lit'); parts.forEach(p => p.classList.remove('is-linked')); };
  parts.forEach(part => {
    part.addEventListener('pointerenter', () => light(part));
    part.addEventListener('pointerleave', dark);
    part.addEventListener('focusin', () => light(part));
    part.addEventListener('focusout', dark);
  });
});
