// What a browser and a validator say of the pages with forms, served by the real daemon; nobody runs a script.
//
//     NODE_PATH=…/node_modules node tests/clients/forms.cjs CRIEUR FOLDER [SHOTS]
//
// FOLDER holds a crieur.toml with two newsletters and room for three sign-ups an hour, and content; state and mails are left
// there. The story: somebody signs up by the keyboard alone, makes mistakes, reads the mail, confirms, changes the preferences
// and leaves; somebody else leaves by the link of an issue and is erased; then too many come. Each page on the way is validated (html-validate) and shown by
// Chromium at the width of a phone and of a desk, in light and dark: axe must find nothing, nothing may scroll sideways, no
// script may be asked for, no host but ours, and the policy may refuse nothing. With SHOTS, pictures are left there.
'use strict';

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const [crieur, folder, shots] = process.argv.slice(2);
const WIDTHS = [360, 1280];
const SCHEMES = ['light', 'dark'];
const PATIENCE = 60_000;

const faults = [];
// the path of an issue's link
let leave;
const fault = (text) => faults.push(text);

function chromium() {
  const names = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  return names.find((name) => name && fs.existsSync(name));
}

// the daemon says its address in the first line
function serve() {
  const daemon = spawn(crieur, ['--quiet', '--config', path.join(folder, 'crieur.toml'), 'serve'], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((ready, failed) => {
    daemon.once('exit', (code) => failed(new Error(`the daemon ended with ${code}`)));
    daemon.stdout.once('data', (line) => ready({ daemon, base: String(line).split('\n')[0].trim() }));
  });
}

const run = (...args) => execFileSync(crieur, ['--quiet', '--config', path.join(folder, 'crieur.toml'), ...args], { encoding: 'utf8' });

async function eventually(what, look) {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    const found = look();
    if (found) return found;
    await new Promise((again) => setTimeout(again, 50));
  }
  throw new Error(`waited in vain for ${what}`);
}

function mails() {
  const dir = path.join(folder, 'outbox', 'new');
  if (!fs.existsSync(dir)) return [];
  return fs.readdirSync(dir).map((name) => fs.readFileSync(path.join(dir, name), 'utf8').replace(/=\r?\n/g, ''));
}

async function validated(name, html) {
  const { HtmlValidate, StaticConfigLoader } = require('html-validate');
  const validator = new HtmlValidate(new StaticConfigLoader({
    extends: ['html-validate:standard', 'html-validate:a11y'],
    rules: { 'void-style': 'off', 'long-title': 'off', 'no-trailing-whitespace': 'off', 'tel-non-breaking': 'off', 'no-inline-style': 'off' },
  }));
  const report = await validator.validateString(html, name);
  for (const result of report.results) {
    for (const message of result.messages) fault(`${name}:${message.line}: ${message.message} [${message.ruleId}]`);
  }
}

// axe needs a script of its own, so the page is shown again without the policy; what it is served with was seen before
async function accessible(browser, name, html, base, width, scheme) {
  const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  await page.route('**/*', async (route) => {
    if (route.request().resourceType() === 'document') return route.fulfill({ status: 200, contentType: 'text/html; charset=utf-8', body: html });
    return route.continue();
  });
  await page.goto(`${base}shown`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  for (const it of violations) fault(`${name} (${width}, ${scheme}): ${it.id}: ${it.help}: ${it.nodes.map((node) => node.html).join(' ')}`);
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (sideways > 0) fault(`${name} (${width}, ${scheme}): scrolls ${sideways} px sideways`);
  if (shots) await page.screenshot({ path: path.join(shots, `${name}-${width}-${scheme}.png`), fullPage: true });
  await context.close();
}

async function story(browser, base) {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 800 }, locale: 'fr-FR' });
  const page = await context.newPage();
  page.on('request', (request) => {
    if (!request.url().startsWith(base)) fault(`asks ${new URL(request.url()).host}`);
    if (request.resourceType() === 'script') fault('asks for a script');
  });
  page.on('console', (message) => { if (/polic/i.test(message.text())) fault(message.text()); });

  const look = async (name, response) => {
    const headers = response.headers();
    for (const [header, value] of [['referrer-policy', 'no-referrer'], ['cache-control', 'no-store'], ['x-robots-tag', 'noindex']]) {
      if (!headers[header]?.includes(value)) fault(`${name}: ${header} is ${headers[header]}`);
    }
    if (!headers['content-security-policy']?.includes("frame-ancestors 'none'")) fault(`${name}: may be framed`);
    const html = await page.content();
    await validated(name, await response.text());
    for (const width of WIDTHS) for (const scheme of SCHEMES) await accessible(browser, name, html, base, width, scheme);
  };
  const press = async (selector) => {
    const [response] = await Promise.all([page.waitForNavigation(), page.click(selector)]);
    return response;
  };
  const expect = (what, holds) => { if (!holds) fault(what); };

  const weekly = 'input[name=newsletter][value=communaute-ux]';
  await look('form', await page.goto(`${base}subscribe`));
  await look('form-en', await page.goto(`${base}subscribe?lang=en`));
  await page.fill('#page\\.email', 'jeanne@intranet');
  await look('mistake-en', await press('main button'));
  await page.goto(`${base}subscribe`);
  // mistakes that browsers let pass
  await page.locator('.topics input').first().check();
  await page.fill('#page\\.email', 'jeanne..dupont@exemple.fr');
  const refused = await press('main button');
  const named = async (field) => await page.locator(`[role=alert] a[href="#page.${field}"]`).count() === 1 && await page.locator(`#page\\.${field}-fault`).count() === 1;
  expect('mistakes are named', refused.status() === 422 && await named('email') && await named('newsletters'));
  expect('what was ticked stays so', await page.locator('.topics input').first().isChecked());
  await look('mistake', refused);
  await page.click('[role=alert] a[href="#page.email"]');
  expect('its link leads to the field', page.url().endsWith('#page.email'));

  await page.goto(`${base}subscribe`);
  const sent = await byKeyboard(page, { [weekly]: ' ', '.topics input': ' ', '#page\\.email': 'jeanne@exemple.fr', 'main button': 'Enter' });
  expect('it is sent', sent.status() === 200);
  await look('sent', sent);

  const mail = await eventually('the letter', () => mails().find((mail) => mail.includes('/confirm/')));
  const confirm = /\/(confirm\/[\w-]+)/.exec(mail)[1];
  await look('confirm', await page.goto(base + confirm));
  const confirmed = await press('main button');
  expect('it is confirmed', confirmed.status() === 200);
  await look('confirmed', confirmed);

  await look('preferences', await (await Promise.all([page.waitForNavigation(), page.click('main a[href*="/preferences/"]')]))[0]);
  expect('the topic is kept', await page.locator('.topics input').first().isChecked());
  await page.selectOption('#page\\.lang', 'en');
  await look('saved', await press('button[name=save]'));
  expect('the page speaks the other language', await page.locator('html').getAttribute('lang') === 'en');
  await page.selectOption('#page\\.lang', 'fr');
  await press('button[name=save]');
  await look('left', await press('button[name=leave]'));

  const used = await page.goto(base + confirm);
  expect('an old link brings nobody back', used.status() === 410);
  await look('used', used);

  await look('leaving', await page.goto(base + leave));
  await look('left-one', await press('main button'));
  run('subscribers', 'erase', 'lecteur@exemple.fr');
  await look('erased', await page.goto(base + leave));
  expect('whoever was erased is spoken to in the language of the site', await page.locator('html').getAttribute('lang') === 'fr');

  for (let number = 0; number < 3; number++) {
    await page.goto(`${base}subscribe`);
    await page.check(weekly);
    await page.fill('#page\\.email', `beaucoup${number}@exemple.fr`);
    const busy = await press('main button');
    if (busy.status() === 503) {
      expect('nothing entered is lost', await page.inputValue('#page\\.email') === `beaucoup${number}@exemple.fr` && await page.isChecked(weekly));
      await look('busy', busy);
      break;
    }
    expect('the breaker opens', number < 2);
  }
  await context.close();
}

// goes from field to field as the keyboard does, and types what each is to get; every stop must be seen
async function byKeyboard(page, typed) {
  const left = new Map(Object.entries(typed));
  for (let stops = 0; stops < 60; stops++) {
    await page.keyboard.press('Tab');
    const seen = await page.evaluate(() => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
      return (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2) || boxShadow !== 'none';
    });
    if (!seen) fault(`nobody sees that ${await page.evaluate(() => document.activeElement.outerHTML.slice(0, 90))} has the focus`);
    for (const [selector, keys] of left) {
      if (!await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) continue;
      left.delete(selector);
      if (keys === 'Enter') return (await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]))[0];
      if (keys === ' ') await page.keyboard.press('Space'); else await page.keyboard.type(keys);
      break;
    }
  }
  throw new Error(`the keyboard does not reach ${[...left.keys()].join(', ')}`);
}

async function main() {
  run('subscribers', 'add', 'lecteur@exemple.fr', '--newsletter', 'communaute-ux');
  run('send', '--at', '2019-04-08T12:00:00+02:00');
  leave = /\/(unsubscribe\/[\w-]+)/.exec(mails()[0])[1];
  const { daemon, base } = await serve();
  const { chromium: driver } = require('playwright-core');
  const browser = await driver.launch({ executablePath: chromium(), args: ['--no-sandbox'] });
  try {
    await story(browser, base);
  } finally {
    await browser.close();
    daemon.removeAllListeners('exit');
    daemon.kill('SIGTERM');
  }
  for (const text of faults) console.error(text);
  console.log(faults.length === 0 ? 'forms: nothing to complain of' : `forms: ${faults.length} faults`);
  process.exit(faults.length === 0 ? 0 : 1);
}

if (!chromium()) {
  console.log('no Chromium: nobody looked at the forms');
} else {
  main().catch((error) => { console.error(error); process.exit(1); });
}
