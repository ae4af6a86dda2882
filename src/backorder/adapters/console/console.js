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

// j and k move a cursor through the rows; Enter opens the link that has the focus.
const table = $('[data-rows]');
const rows = table ? $$('tbody tr', table).filter(row => $('a', row)) : [];
let cursor = -1;
const moveTo = index => {
  if (!rows.length) return;
  if (cursor >= 0) rows[cursor].classList.remove('is-cursor');
  cursor = Math.max(0, Math.min(rows.length - 1, index));
  rows[cursor].classList.add('is-cursor');
  rows[cursor].scrollIntoView({ block: 'nearest' });
  $('a', rows[cursor]).focus({ preventScroll: true });
};

// Dialogs: a link to #id opens the dialog with that id.
$$('[data-dialog]').forEach(link => {
  const dialog = document.getElementById(link.dataset.dialog);
  if (!dialog || !dialog.showModal) return;
  link.addEventListener('click', event => { event.preventDefault(); dialog.showModal(); });
});

const keys = {
  j: () => moveTo(cursor + 1),
  k: () => moveTo(cursor - 1),
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
