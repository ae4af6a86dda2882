// Backorder console: progressive enhancement only. Every page works without this file.
'use strict';

const root = document.documentElement;
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const recall = key => { try { return localStorage.getItem(key); } catch { return null; } };
const keep = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private window: forget it */ } };

// On a narrow screen the navigation is one sliding row: bring the current page into view.
const nav = $('.side .nav');
const here = $('.side [aria-current]');
if (here && nav.scrollWidth > nav.clientWidth) {
  nav.scrollLeft = here.getBoundingClientRect().left - nav.getBoundingClientRect().left - (nav.clientWidth - here.offsetWidth) / 2;
}

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
  const text = $('[data-said]', bar);
  const orders = new Set(chosen.map(box => box.value.split('/')[0]));
  const { one, same, said } = text.dataset;
  text.textContent = (chosen.length < 2 && one || orders.size < 2 && same || said)
    .replace('{lines}', chosen.length).replace('{orders}', orders.size);
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
  bar.classList.add('is-afloat'); // which it never is where nothing takes it away again
  const clear = $('[data-clear]', bar);
  clear.hidden = false;
  clear.addEventListener('click', () => pickAll(false));
  countPicks();
  addEventListener('pageshow', countPicks); // whoever comes back finds ticks that the browser kept
}

// What is folded open over the page closes by a click beside it, and by Escape.
document.addEventListener('click', event => {
  $$('details.drop[open]').forEach(drop => { if (!drop.contains(event.target)) drop.open = false; });
});

// Dialogs: a link to #id opens the dialog with that id; one within it closes it.
document.addEventListener('click', event => {
  const link = event.target.closest?.('[data-dialog], dialog[open] [data-close]');
  const dialog = link && (document.getElementById(link.dataset.dialog) || link.closest('dialog'));
  if (!dialog?.showModal) return;
  event.preventDefault();
  if (dialog.open) dialog.close(); else dialog.showModal();
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
  const drop = event.key === 'Escape' && $('details.drop[open]');
  if (drop) { drop.open = false; $('summary', drop).focus(); return; }
  if (event.target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select')) {
    if (event.key === 'Escape') event.target.blur();
    return;
  }
  if (waitingForPlace && places[event.key]) { location.href = places[event.key]; return; }
  waitingForPlace = event.key === 'g';
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});

// A form that somebody has touched is theirs: no news replaces it. Ticks that choose rows are kept another way.
const touched = new WeakSet();
const differs = one => (one.type === 'checkbox' || one.type === 'radio' ? one.checked !== one.defaultChecked
  : one.options ? [...one.options].some(option => option.selected !== option.defaultSelected)
    && one.selectedIndex !== Math.max(0, [...one.options].findIndex(option => option.defaultSelected))
    : one.files ? one.files.length > 0 : one.value !== one.defaultValue);
const isTouched = form => touched.has(form) && !form.matches('[data-picks]')
  && (form.matches('[data-typed]') || $$('input, select, textarea', form).some(differs));
document.addEventListener('input', event => { if (event.target.form) touched.add(event.target.form); });
// So is one that came back with what was typed, because of what is wrong with it.
const back = $('main[data-typed]')?.dataset.typed;
$$('main.page form[method=post]').forEach(form => {
  if (back && $$('[name=do]', form).some(one => one.value === back)) form.dataset.typed = '';
  if (form.matches('[data-typed]')) touched.add(form);
});

// Whoever leaves a form that they began to fill in is asked first; not whoever sends it.
let sent = null;
document.addEventListener('submit', event => { if (!event.defaultPrevented) sent = event.target; });
addEventListener('beforeunload', event => {
  if (!$$('main.page form[method=post]').some(form => form !== sent && isTouched(form))) return;
  event.preventDefault();
  setTimeout(() => { sent = null; }); // who stays has sent nothing
});

// Live: when something happens elsewhere, the marked parts of the page are fetched again and put in the place of those
// that are there. Ticks, the cursor, the focus, what is folded open and where one has scrolled to stay; so does a form
// that somebody has touched, which says that something changed if it would be another one now.
const main = $('main[data-seen]');
const linkOf = row => $('a', row)?.getAttribute('href');
const tick = box => `${box.name}=${box.dataset.tick || box.value}`;
const fold = (one, n, all) => {
  const said = $('summary', one)?.textContent;
  return `${said} ${all.slice(0, n).filter(other => $('summary', other)?.textContent === said).length}`;
};
const field = one => one.form && [one.form.getAttribute('action'), $('[name=do]', one.form)?.value, one.name].join(' ');
const looks = node => [node.tagName, node.getAttribute('class')?.replace(/is-[a-z]+/g, '').trim(),
  ...['id', 'aria-labelledby', 'aria-label', 'action'].map(about => node.getAttribute(about)),
  node.matches('form, details') && $('[name=do]', node)?.value].join(' ');
const key = node => looks(node) + [...node.parentNode.children].filter(one => looks(one) === looks(node)).indexOf(node);
const holds = node => node.nodeType === 1 && (node.matches('form') ? isTouched(node) : $$('form', node).some(isTouched));
const merge = (part, fresh) => {
  const kept = [...part.childNodes].filter(holds);
  if (!kept.length) { part.replaceChildren(...fresh.childNodes); return; }
  const fits = new Map();
  kept.forEach(old => {
    const twin = [...fresh.children].find(one => key(one) === key(old));
    if (twin) fits.set(old, twin);
  });
  [...part.childNodes].filter(node => !kept.includes(node)).forEach(node => node.remove());
  const left = [...kept];
  [...fresh.childNodes].forEach(node => {
    const at = left.findIndex(old => fits.get(old) === node);
    if (at < 0) part.insertBefore(node, left[0] || null);
    else left.splice(0, at + 1);
  });
  kept.forEach(old => {
    const twin = fits.get(old);
    if (twin && !old.matches('form')) merge(old, twin);
    else if (!twin || twin.innerHTML !== old.innerHTML) old.before($('#changed').content.cloneNode(true));
  });
};
const swap = (part, fresh) => {
  const known = new Set($$('[data-picks] input[type=checkbox]', part).map(tick));
  const boxes = new Set($$('[data-picks] input:checked', part).map(tick));
  const open = new Set($$('details[open]', part).map((one, n, all) => fold(one, n, all)));
  const scrolls = $$('.scroll', part).map(one => one.scrollLeft);
  const held = part.contains(document.activeElement) ? document.activeElement : null;
  const focus = held && { href: held.getAttribute('href'), id: held.id, tick: held.type === 'checkbox' && tick(held),
    field: held.name && held.type !== 'checkbox' && field(held), fold: held.matches('summary') && held.textContent };
  const line = rows[cursor] && linkOf(rows[cursor]);
  const [x, y] = [scrollX, scrollY];
  merge(part, document.importNode(fresh, true));
  $$('[data-picks] input[type=checkbox]', part).forEach(box => { if (known.has(tick(box))) box.checked = boxes.has(tick(box)); });
  $$('details', part).forEach((one, n, all) => { one.open = one.open || open.has(fold(one, n, all)); });
  $$('.scroll', part).forEach((one, n) => { one.scrollLeft = scrolls[n] || 0; });
  readRows();
  cursor = line ? rows.findIndex(row => linkOf(row) === line) : -1;
  if (cursor >= 0) rows[cursor].classList.add('is-cursor');
  countPicks();
  if (focus && !held.isConnected) {
    const same = $$('a, input, select, textarea, button, summary', part).find(one => (focus.id && one.id === focus.id)
      || (focus.tick && one.type === 'checkbox' && tick(one) === focus.tick)
      || (focus.field && one.name && field(one) === focus.field)
      || (focus.fold && one.matches('summary') && one.textContent === focus.fold)
      || (focus.href && one.getAttribute('href') === focus.href));
    same?.focus({ preventScroll: true });
  }
  scrollTo(x, y);
};
if (main && window.EventSource) {
  const said = part => part.innerHTML.replace(/name="(mark|as_of)" value="[^"]*"/g, ''); // which is anew each time
  const shown = new Map($$('[data-live]').map(part => [part.id, said(part)]));
  let seen = main.dataset.seen;
  let stream = null;
  let timer = 0;
  let next = 0;
  let pressed = false;
  // In the middle of a click, or of marking words to copy them, the ground stays where it is.
  const busy = () => pressed || (!getSelection().isCollapsed && main.contains(getSelection().anchorNode));
  const refresh = async () => {
    timer = 0;
    if (busy()) { timer = setTimeout(refresh, 250); return; }
    const began = performance.now();
    try {
      const answer = await fetch(location.href, { credentials: 'same-origin' });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      if (busy()) { soon(); return; }
      $$('[data-live]').forEach(part => {
        const fresh = page.getElementById(part.id);
        if (!fresh || said(fresh) === shown.get(part.id)) return;
        shown.set(part.id, said(fresh));
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
  addEventListener('pointerdown', () => { pressed = true; });
  ['pointerup', 'pointercancel', 'dragend'].forEach(kind => addEventListener(kind, () => { pressed = false; }));
  addEventListener('pagehide', rest);
  addEventListener('pageshow', listen);
}

// Peg board: pointing at (or tabbing to) one end lights its ribbons and the other ends.
const light = part => {
  const board = part.closest('[data-pegs]');
  const { supply, line } = part.dataset;
  const ribbons = $$('.ribbon', board).filter(r =>
    (!supply || r.dataset.supply === supply) && (!line || r.dataset.line === line));
  const supplies = new Set(ribbons.map(r => r.dataset.supply));
  const lines = new Set(ribbons.map(r => r.dataset.line));
  board.classList.add('is-lit');
  $$('[data-supply], [data-line]', board).forEach(p => p.classList.toggle('is-linked',
    p.classList.contains('ribbon') ? ribbons.includes(p)
      : p === part || supplies.has(p.dataset.supply) || lines.has(p.dataset.line)));
};
const dark = () => $$('[data-pegs].is-lit').forEach(board => {
  board.classList.remove('is-lit');
  $$('.is-linked', board).forEach(p => p.classList.remove('is-linked'));
});
const pegged = event => event.target.closest?.('[data-pegs] [data-supply], [data-pegs] [data-line]');
['pointerover', 'focusin'].forEach(kind => document.addEventListener(kind, event => {
  const part = pegged(event);
  if (part) light(part);
}));
['pointerout', 'focusout'].forEach(kind => document.addEventListener(kind, event => { if (pegged(event)) dark(); }));

// What goes on for a while: the part of the page that says how far it is comes again until it says so no more.
const follow = () => {
  const part = $('[data-again]');
  if (!part) return;
  setTimeout(async () => {
    try {
      const answer = await fetch(location.href, { credentials: 'same-origin' });
      const fresh = answer.ok && !answer.redirected
        && new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(part.id);
      if (fresh) {
        const held = part.contains(document.activeElement) && document.activeElement.id;
        part.replaceWith(document.importNode(fresh, true));
        if (held) document.getElementById(held)?.focus();
      }
    } catch { /* it is away: asked again in a moment */ }
    follow();
  }, 1000);
};
follow();
