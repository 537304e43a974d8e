// What a browser makes of a page: a line of JSON for each thing that was looked at.
// usage: node program.mjs PAGE PART...     (a part is one of views, fold, undrawn, use, all, paper)

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import brought from '@sparticuz/chromium';
import { chromium } from 'playwright-core';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDTHS = { phone: 390, tablet: 820, desktop: 1280 };
const FIRST = {
  conclusion: 'h1', count: '.lede', cause: '.cause h3', rule: '.cause .shown h4 code', difference: '.cause .differences td b',
  source: '.cause .shown .source a', command: '.cause .shown .command code',
};
const address = pathToFileURL(process.argv[2]).href;
const tell = (seen, facts) => console.log(JSON.stringify({ seen, ...facts }));

// The browser of the machine if it names one, else the one that the registry has.
const executablePath = process.env.IFMATCH_BROWSER || await brought.executablePath();
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], headless: true });

const opened = async (options) => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = [], fetched = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => { complaints.push(dialog.message()); dialog.dismiss(); });
  page.on('request', (request) => { if (!/^(file|data):/.test(request.url())) fetched.push(request.url()); });
  await page.goto(address);
  return { page, complaints, fetched, close: () => context.close() };
};

const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50))));

const violations = async (page) => {
  await page.evaluate(AXE);
  return described(await page.evaluate(() => axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  })));
};

const described = ({ violations: found }) => found.map(({ id, nodes }) => (
  `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`));

// ---------------------------------------------------------------- what is looked at

const parts = {
  async views() {
    for (const [name, width] of Object.entries(WIDTHS)) {
      for (const colorScheme of ['light', 'dark']) await view(name, width, colorScheme);
    }
  },

  // What is read before anybody scrolls, on the screens that are the lowest.
  async fold() {
    for (const [name, width, height] of [['phone', 390, 844], ['desktop', 1280, 800]]) {
      const { page, close } = await opened({ viewport: { width, height } });
      const found = await page.evaluate((sought) => Object.fromEntries(Object.entries(sought).map(([what, place]) => {
        const one = document.querySelector(place);
        return [what, { text: one?.textContent.trim() ?? '', bottom: one?.getBoundingClientRect().bottom ?? Infinity }];
      })), FIRST);
      tell(`fold ${name}`, { height, causes: await page.locator('.cause.fail').count(), found });
      await close();
    }
  },

  // What a slow machine shows for a moment: exchanges that are open and out of sight, and have never been drawn.
  async undrawn() {
    const { page, close } = await opened({ viewport: { width: 1280, height: 900 } });
    await page.evaluate(AXE);
    const found = await page.evaluate(() => {
      for (const one of document.querySelectorAll('.cause details')) one.open = true;
      for (const list of document.querySelectorAll('.cause .exchanges')) fill(list);
      for (const one of document.querySelectorAll('.cause .exchange[open]')) fill(one);
      return axe.run(document, { runOnly: { type: 'rule', values: ['target-size'] } });
    });
    tell('undrawn', { violations: described(found) });
    await close();
  },

  async use() {
    const { page, close } = await opened({ viewport: { width: 1280, height: 900 } });
    await keyboard(page);
    await filters(page);
    await copying(page);
    await linking(page);
    await close();
  },

  async all() {
    const { page, close } = await opened({ viewport: { width: 1280, height: 900 } });
    const before = await page.evaluate(() => performance.now());
    await page.locator('#open-all').click();
    await settled(page);
    tell('all at once', {
      exchanges: await page.locator('.exchange[data-filled]').count(),
      milliseconds: await page.evaluate((then) => performance.now() - then, before),
      loaded: await page.evaluate(() => performance.getEntriesByType('navigation')[0].loadEventEnd),
    });
    await close();
  },

  async paper() {
    const { page, close } = await opened({ colorScheme: 'dark' });
    const pdf = await page.pdf({ format: 'A4', preferCSSPageSize: true });
    await page.setViewportSize({ width: 688, height: 1000 }); // between the margins of an A4
    await page.emulateMedia({ media: 'print' });
    tell('paper', {
      pages: (pdf.toString('latin1').match(/\/Type\s*\/Page\b/g) ?? []).length,
      cut: await page.evaluate(() => [...document.querySelectorAll('main *')]
        .filter((one) => getComputedStyle(one).overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1)
        .map((one) => one.outerHTML.slice(0, 160))),
    });
    await close();
  },
};

const view = async (name, width, colorScheme) => {
  const { page, complaints, fetched, close } = await opened({ viewport: { width, height: 900 }, colorScheme });
  const causes = await page.evaluate(() => [...document.querySelectorAll('.causes a')]
    .filter((one) => one.getBoundingClientRect().bottom <= innerHeight).length);
  await page.evaluate(() => { for (const one of document.querySelectorAll('.cause details')) one.open = true; });
  await settled(page);
  tell(`${name} ${colorScheme}`, {
    width, causes, widest: await page.evaluate(() => document.documentElement.scrollWidth),
    background: await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
    violations: await violations(page), complaints, fetched,
    obeyed: await page.evaluate(() => window.pwned ?? null),
  });
  await close();
};

// By keyboard alone: past the head, to the first exchanges, and into them; each stop can be seen.
const keyboard = async (page) => {
  const stops = [];
  const onwards = async (place) => {
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press('Tab');
      const [fits, stop, outline] = await page.evaluate((sought) => {
        const { activeElement: one } = document;
        return [one.matches(sought), one.outerHTML.slice(0, 100), getComputedStyle(one).outlineStyle];
      }, place);
      stops.push({ stop, outline });
      if (fits) return;
    }
  };
  await onwards('a');
  const first = await page.evaluate(() => document.activeElement.textContent.trim());
  await page.keyboard.press('Enter');
  await onwards('.exchanges > summary');
  await page.keyboard.press('Enter');
  await settled(page);
  const listed = await page.locator('.exchange').count();
  if (!await page.locator('.exchange').first().evaluate((one) => one.open)) {
    await onwards('.exchange > summary');
    await page.keyboard.press('Enter');
    await settled(page);
  }
  const unseen = stops.filter(({ outline }) => outline === 'none').map(({ stop }) => stop);
  tell('keyboard', { first, listed, unseen, presses: stops.length, shown: await page.locator('.exchange pre').first().textContent() });
};

const filters = async (page) => {
  const rows = () => page.locator('.rules > li:visible').count();
  const field = (name) => page.locator(`#filters [name=${name}]`);
  const chosen = async (name, value) => {
    await field(name).selectOption(value);
    const seen = await rows();
    await field(name).selectOption('');
    return seen;
  };
  const all = await rows(), failing = await chosen('verdict', 'fail'), reads = await chosen('group', 'read');
  const obligatory = await chosen('level', 'SHALL');
  await field('text').fill('A WARNING');
  const warnings = await rows();
  await field('text').fill('');
  await page.locator('[data-show="pass"]').click();
  const counted = await page.locator('output').textContent();
  tell('filters', { all, failing, reads, obligatory, warnings, passing: await rows(), counted });
  await field('verdict').selectOption('');
};

const copying = async (page) => {
  const copied = await page.evaluate(async () => {
    let text = null;
    navigator.clipboard.writeText = async (given) => { text = given; };
    document.querySelector('button.copy[data-exchange]').click();
    await new Promise((done) => setTimeout(done, 20));
    return text;
  });
  tell('copy', { copied });
};

const linking = async (page) => {
  await page.evaluate(() => { location.hash = [...document.querySelectorAll('.consequence')].at(-1).id; });
  await settled(page);
  const open = await page.evaluate(() => document.getElementById(location.hash.slice(1)).open);
  await page.locator('#filters [name=verdict]').selectOption('fail');
  await page.evaluate(() => { location.hash = document.querySelector('.rules [data-verdict=pass] details').id; });
  await settled(page);
  const visible = await page.evaluate(() => document.getElementById(location.hash.slice(1)).checkVisibility());
  tell('link', { open, visible });
};

for (const part of process.argv.slice(3)) await parts[part]();
await browser.close();
