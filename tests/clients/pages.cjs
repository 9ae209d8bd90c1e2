// What a browser and a validator say of the built pages, under the policy they are served with.
//
//     NODE_PATH=…/node_modules node tests/clients/pages.cjs PUBLIC [SHOTS]
//
// PUBLIC is a folder `crieur build` wrote. Every page in it is validated (html-validate), then shown by Chromium at the
// width of a phone and of a desk, in light and dark: axe must find nothing, nothing may scroll sideways, nothing may be
// refused by the content security policy, and what is ours must lead somewhere. With SHOTS, pictures are left there.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const [root, shots] = process.argv.slice(2);
const WIDTHS = [360, 1280];
const SCHEMES = ['light', 'dark'];
// bodies may carry the few `style` attributes that sanitising lets through; nothing else may style a page but our sheet
const POLICY = "default-src 'none'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src https: http: data:; form-action 'self'";
const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8' };
// stands for every picture of the web: the check needs no network
const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="900"><rect width="1600" height="900" fill="#7a94a8"/><circle cx="1100" cy="350" r="240" fill="#d9c08a"/></svg>';

function chromium() {
  const names = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  return names.find((name) => name && fs.existsSync(name));
}

function pagesBelow(folder) {
  return fs.readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.html'))
    .map((name) => name.replace(/(^|\/)index\.html$/, '$1'))
    .sort();
}

function fileOf(urlPath) {
  const name = decodeURIComponent(urlPath);
  const file = path.join(root, name.endsWith('/') ? `${name}index.html` : name);
  return path.resolve(file).startsWith(path.resolve(root)) && fs.existsSync(file) ? file : null;
}

function serve() {
  const server = http.createServer((request, response) => {
    const file = fileOf(new URL(request.url, 'http://localhost').pathname);
    if (!file) return response.writeHead(404).end();
    const type = TYPES[path.extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': POLICY });
    response.end(fs.readFileSync(file));
  });
  return new Promise((ready) => server.listen(0, '127.0.0.1', () => ready(server)));
}

function validator() {
  const { HtmlValidate, StaticConfigLoader } = require('html-validate');
  return new HtmlValidate(new StaticConfigLoader({
    extends: ['html-validate:standard', 'html-validate:a11y'],
    // matters of taste, and what authors wrote into bodies: an empty alternative we put there, a URL's own text
    rules: { 'void-style': 'off', 'long-title': 'off', 'no-trailing-whitespace': 'off', 'tel-non-breaking': 'off', 'no-inline-style': 'off' },
  }));
}

function tellReport(report, name, fault) {
  for (const result of report.results) {
    for (const message of result.messages) fault(name, `${message.line}:${message.column} ${message.ruleId}: ${message.message}`);
  }
}

async function validated(pages, fault) {
  const valid = validator();
  for (const page of pages) tellReport(await valid.validateFile(fileOf(`/${page}`)), page, fault);
}

// What axe finds on a page as it is shown now, and whether it scrolls sideways.
async function accessible(page, name, at, fault) {
  const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
  const { violations } = await page.evaluate(`${axe}; axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`);
  for (const found of violations) fault(name, `${at} ${found.id}: ${found.help}: ${found.nodes.map((node) => node.html).join(' | ').slice(0, 400)}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) fault(name, `${at}: ${wide} px wider than the screen`);
}

// Links of ours that lead nowhere: what authors link to in their texts is theirs.
async function deadLinks(page) {
  const base = await page.locator('link[rel=canonical]').getAttribute('href', { timeout: 1000 }).catch(() => null);
  if (!base) return [];
  const own = new URL(base).origin;
  const links = await page.locator('header a, main a, footer a, link').evaluateAll((all) => all
    .filter((a) => !a.closest('.body, .lead, .summary, .event, .files'))
    .map((a) => a.getAttribute('href')));
  return links.filter((link) => link.startsWith(`${own}/`) && !fileOf(new URL(link).pathname));
}

async function looked(pages, origin, fault) {
  const { chromium: driver } = require('playwright-core');
  const browser = await driver.launch({ executablePath: chromium(), args: ['--no-sandbox'] });
  for (const width of WIDTHS) {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    await page.route((url) => url.origin !== origin, (route) => (route.request().resourceType() === 'image'
      ? route.fulfill({ contentType: 'image/svg+xml', body: PICTURE })
      : route.abort()));
    let name = '';
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content Security Policy/.test(message.text())) fault(name, message.text());
    });
    for (name of pages) {
      await page.goto(`${origin}/${name}`);
      for (const scheme of SCHEMES) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        const at = `${width}px ${scheme}`;
        await accessible(page, name, at, fault);
        if (shots) await shoot(page, name, width, scheme);
      }
      for (const link of await deadLinks(page)) fault(name, `leads nowhere: ${link}`);
    }
    await page.close();
  }
  await browser.close();
}

async function shoot(page, name, width, scheme) {
  const file = `${name.replace(/\/$/, '').replaceAll('/', '_').slice(0, 80) || 'home'}-${width}-${scheme}.png`;
  await page.screenshot({ path: path.join(shots, file), fullPage: true });
}

async function main() {
  const pages = pagesBelow(root);
  const faults = [];
  const fault = (page, what) => faults.push(`/${page}: ${what}`);
  await validated(pages, fault);
  if (chromium()) {
    const server = await serve();
    await looked(pages, `http://127.0.0.1:${server.address().port}`, fault);
    server.close();
  } else {
    console.error('*** SKIPPED: no Chromium here, so nobody looked at the pages (axe, widths, policy) ***');
  }
  for (const line of [...new Set(faults)]) console.error(line);
  if (pages.length === 0) throw new Error(`no page in ${root}`);
  console.log(`${pages.length} pages, ${faults.length} faults`);
  process.exitCode = faults.length ? 1 : 0;
}

module.exports = { SCHEMES, WIDTHS, accessible, chromium, pagesBelow, tellReport, validator };
if (require.main === module) main();
