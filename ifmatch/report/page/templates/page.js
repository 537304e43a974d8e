'use strict';
// What a server said is only ever set as text: nothing here makes markup of it.

const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

// ---------------------------------------------------------------- the exchanges

const holder = document.getElementById('exchanges');
let parsed = null;
const data = () => (parsed ??= JSON.parse(holder.textContent));

// What a text may do to the lines around it is shown instead of done.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const shown = (text) => text.replace(UNSEEN, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);

const exchange = (id) => {
  const { pieces, texts, exchanges } = data();
  const row = exchanges[id];
  if (!row) return null;
  const whole = (number) => texts[number].map((piece) => pieces[piece]).join('');
  const [method, url, headers, body, status, reason, version, answerHeaders, answerBody, at, ms, writer, failure, curl] = row;
  const lines = (number) => whole(number).split('\n').filter(Boolean);
  const text = (number) => (number === null ? '' : number < 0 ? 'The page had no room for this body: events.jsonl has it.' : whole(number));
  return {
    id, method, url: whole(url), cut: body === -1, status, reason, version, at, ms, writer, failure,
    // Only who opens an exchange, or copies it, wants these.
    get headers() { return lines(headers); }, get body() { return text(body); },
    get answerHeaders() { return lines(answerHeaders); }, get answerBody() { return text(answerBody); },
    get curl() { return lines(curl); },
  };
};

// JSON with line breaks and indents added, and nothing else changed: a server's own numbers stay as they are.
const indented = (text) => {
  try { JSON.parse(text); } catch { return text; }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let depth = 0, written = '';
  const newLine = () => { written += `\n${'  '.repeat(depth)}`; };
  tokens.forEach((token, number) => {
    const opens = token === '{' || token === '[', closes = token === '}' || token === ']';
    const isEmpty = /[{[]/.test(tokens[number - (closes ? 1 : 0)]) && /[}\]]/.test(tokens[number + (closes ? 0 : 1)]);
    if (closes) depth -= 1;
    if (closes && !isEmpty) newLine();
    written += token === ':' ? ': ' : token;
    if (opens) depth += 1;
    if ((opens && !isEmpty) || token === ',') newLine();
  });
  return written;
};

const quoted = (text) => (/^[\x20-\x7e]*$/.test(text)
  ? `'${text.replaceAll("'", `'"'"'`)}'`
  : `$'${text.replace(/[\\']/g, '\\$&').replace(/[\u0000-\u001f\u007f]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`)}'`);

// The command as Python has made it, with the body put where it reads it from a file.
const curlOf = ({ curl, body, cut }) => {
  if (!body || cut) return curl.join(' ');
  return curl.map((word) => (word === '--data-binary @body' ? `--data-raw ${quoted(body)}` : word)).join(' ');
};

const side = (heading, first, headers, body) => element('div', {},
  element('h5', { textContent: heading }),
  element('pre', { tabIndex: 0, textContent: shown([first, ...headers].join('\n')) }),
  ...(body ? [element('pre', { tabIndex: 0, textContent: shown(indented(body)) })] : []));

const details = (one) => {
  const copy = element('button', { type: 'button', className: 'copy', textContent: 'Copy as curl' });
  copy.dataset.exchange = one.id;
  const answer = one.status === null ? `no answer: ${one.failure}` : `${one.version} ${one.status} ${one.reason}`;
  return [copy, element('div', {},
    side('Request', `${one.method} ${one.url}`, one.headers, one.body),
    side('Answer', answer, one.answerHeaders, one.answerBody))];
};

const line = (id) => {
  const one = exchange(id);
  if (!one) return element('p', { className: 'soft', textContent: `Exchange ${id}: the page had no room for it, events.jsonl has it.` });
  const path = one.url.startsWith(holder.dataset.base) ? one.url.slice(holder.dataset.base.length) : one.url;
  const about = [one.writer, `${one.ms} ms`, `at ${one.at.toFixed(2)} s`, `exchange ${id}`].filter(Boolean).join(' · ');
  const made = element('details', { className: 'exchange' }, element('summary', {},
    element('code', { textContent: shown(`${one.method} ${path || '/'}`) }), ' → ',
    element('b', { textContent: one.status ?? (one.failure || 'no answer') }), ' ',
    element('span', { className: 'soft', textContent: about })));
  made.dataset.id = id;
  return made;
};

// Lists and exchanges are filled when they are opened: there are thousands.
const fill = (opened) => {
  if (opened.dataset.filled) return;
  if (opened.matches('.exchanges')) {
    const ids = opened.dataset.ids.split(' ');
    opened.append(...ids.map(line));
    if (ids.length === 1 && opened.querySelector('details')) opened.querySelector('details').open = true;
  } else if (opened.matches('.exchange')) {
    opened.append(...details(exchange(opened.dataset.id)));
  } else return;
  opened.dataset.filled = 'yes';
};
document.addEventListener('toggle', (event) => { if (event.target.open) fill(event.target); }, true);

// ---------------------------------------------------------------- to copy

const copied = async (text) => {
  try { await navigator.clipboard.writeText(text); } catch {
    const area = element('textarea', { value: text, readOnly: true });
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
};
document.addEventListener('click', async (event) => {
  const button = event.target.closest('button.copy');
  if (!button) return;
  const one = button.dataset.exchange && exchange(button.dataset.exchange);
  await copied(one ? curlOf(one) : button.dataset.text ?? '');
  const label = button.textContent;
  button.textContent = 'Copied';
  setTimeout(() => { button.textContent = label; }, 1200);
});

// ---------------------------------------------------------------- the table

const form = document.getElementById('filters');
const rows = [...document.querySelectorAll('.rules > li, #matrix tbody tr')];
const wanted = (row, { verdict, group, level, text, differs }) => {
  const has = (value, field) => !value || !value.value || (row.dataset[field] ?? '').split(' ').includes(value.value);
  return has(verdict, 'verdict') && has(group, 'group') && has(level, 'level')
    && !(differs?.checked && row.dataset.differs !== 'yes')
    && row.textContent.toLowerCase().includes(text.value.trim().toLowerCase());
};
const filter = () => {
  const fields = form.elements;
  for (const row of rows) row.hidden = !wanted(row, fields);
  fields.shown.value = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rules`;
};
if (form) {
  form.hidden = false;
  form.addEventListener('input', filter);
  form.addEventListener('submit', (event) => event.preventDefault());
  filter();
  for (const link of document.querySelectorAll('[data-show]')) {
    link.addEventListener('click', () => { form.elements.verdict.value = link.dataset.show; filter(); });
  }
}

const openAll = (place) => {
  for (const one of place.querySelectorAll('details')) {
    one.open = true;
    fill(one);
    if (one.matches('.exchanges')) openAll(one);
  }
};
document.getElementById('open-all')?.addEventListener('click', () => {
  for (const row of rows) if (!row.hidden) openAll(row);
});

// ---------------------------------------------------------------- links into what is folded, and paper

const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.closest('[hidden]')) { form.reset(); filter(); }
  for (let place = target; place; place = place.parentElement) if (place.matches('details')) place.open = true;
  target?.scrollIntoView();
};
addEventListener('hashchange', reveal);
document.querySelector('.lanes')?.addEventListener('click', (event) => {
  if (event.target.dataset.leadsTo) location.hash = event.target.dataset.leadsTo;
});
if (location.hash) reveal();

// On paper nothing can be opened: the rules that show a cause again are listed, and of races the first picture is shown.
const toUnfold = () => [
  ...document.querySelectorAll('.consequences, .shown > .differences .particulars'),
  ...[...document.querySelectorAll('.consequences')].map((one) => one.querySelector('.consequence:has(figure)')),
].filter((one) => one && !one.open);
let unfolded = [];
addEventListener('beforeprint', () => {
  unfolded = toUnfold();
  for (const one of unfolded) one.open = true;
});
addEventListener('afterprint', () => { for (const one of unfolded) one.open = false; });
