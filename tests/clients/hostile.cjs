// Announcements that attack whoever reads them, served by crieur and shown by Chromium; and the operator's status page.
//
//     NODE_PATH=…/node_modules node tests/clients/hostile.cjs CRIEUR
//
// CRIEUR is the binary. Each payload stands in a title, a summary, names of people, categories, tags and places, a file name
// and a body. No page may run any of them: under the policy it is served with, and also where a browser ignores that policy,
// so that each defence is seen to hold alone. The status page, which shows what is wrong with such files, is validated and
// looked at by axe at the width of a phone and of a desk.
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');

const { SCHEMES, WIDTHS, accessible, chromium, pagesBelow, tellReport, validator } = require('./pages.cjs');

const HIT = "(window.hit=(window.hit||0)+1,fetch('https://evil.example/'))";
const PAYLOADS = [
  `<script>${HIT}</script>`,
  `"><script>${HIT}</script>`,
  `'><img src=x onerror="${HIT}">`,
  `"><svg onload="${HIT}"><animate onbegin="${HIT}">`,
  `</title></style></textarea></noscript><script>${HIT}</script>`,
  `<iframe srcdoc="<script>parent.hit=1</script>"></iframe>`,
  `<a href="javascript:${HIT}" autofocus onfocus="${HIT}">x</a>`,
  `<math><mtext></form><form><mglyph><style></math><img src onerror="${HIT}">`,
  `]]><script>${HIT}</script><![CDATA[`,
  `--><script>${HIT}</script><!--`,
  `{{ 7 * 191 }}{% raw %}<script>${HIT}</script>`,
  `" onmouseover="${HIT}" style="animation-name:x" onanimationstart="${HIT}`,
  `&lt;script&gt;${HIT}&lt;/script&gt;`,
  `<details open ontoggle="${HIT}"><summary>x</summary></details>`,
  `<meta http-equiv="refresh" content="0;url=javascript:${HIT}"><base href="https://evil.example/">`,
  `<object data="data:text/html,<script>${HIT}</script>"></object><embed src="https://evil.example/">`,
];

function announcement(payload, number) {
  const text = JSON.stringify(payload);
  return `---
title: ${text}
description: ${text}
date: 2021-05-${String(1 + (number % 28)).padStart(2, '0')} 10:00:00 +02:00
author: ${text}
categories: [${text}]
tags: [${text}]
event_start_date: 2099-03-01 10:00:00 +01:00
location: ${text}
---

${payload}

[lien](javascript:${HIT}) ![${payload.replaceAll(/[[\]]/g, '')}](https://example.org/x.png "${payload.replaceAll('"', "'")}")

\`${payload.replaceAll('`', '')}\`
`;
}

function project() {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'crieur-hostile-'));
  fs.mkdirSync(path.join(root, 'content'));
  PAYLOADS.forEach((payload, number) => {
    const name = `${payload.replaceAll('/', '∕').slice(0, 80)}-${number}.md`;
    fs.writeFileSync(path.join(root, 'content', name), announcement(payload, number));
    // and one that is wrong, so that its name and words are on the status page
    fs.writeFileSync(path.join(root, 'content', `wrong ${name}`), `---\ntitle: [${payload}\n---\n${payload}\n`);
  });
  fs.writeFileSync(path.join(root, 'crieur.toml'), `[site]
title = ${JSON.stringify(PAYLOADS[1])}
url = "https://example.org"
description = ${JSON.stringify(PAYLOADS[2])}
language = "fr"
timezone = "Europe/Paris"
author = ${JSON.stringify(PAYLOADS[0])}
[[newsletter]]
name = "lettre"
title = ${JSON.stringify(PAYLOADS[4])}
schedule = "0 9 * * MON"
[http]
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
`);
  return root;
}

async function daemon(crieur, root) {
  const child = spawn(crieur, ['--quiet', 'serve'], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const [site, admin] = [(await lines.next()).value, (await lines.next()).value];
  if (!admin) throw new Error('crieur did not start');
  return { child, site, admin };
}

// What could run or load something: sanitising and escaping have to leave none of it, whatever the policy would have refused.
function remains() {
  const found = [...document.querySelectorAll('script, iframe, object, embed, base, meta[http-equiv]')].map((it) => it.outerHTML);
  for (const element of document.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith('on') || /^\s*(javascript|vbscript|data:text)/i.test(value)) found.push(`${name}=${value}`);
    }
  }
  if (window.hit) found.push(`a script ran ${window.hit} times`);
  if (document.body.textContent.includes('1337')) found.push('a template ran');
  return found;
}

async function attacked(browser, bypassCSP, urls, fault) {
  const context = await browser.newContext({ bypassCSP, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  let url = '';
  page.on('dialog', (dialog) => { fault(url, `a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => { if (new URL(request.url()).hostname === 'evil.example') fault(url, `asked for ${request.url()}`); });
  await page.route((to) => to.hostname !== '127.0.0.1', (route) => route.abort());
  for (url of urls) {
    const answer = await page.goto(url);
    if (answer.status() !== 200) fault(url, `status ${answer.status()}`);
    if (!/^default-src 'none'/.test(answer.headers()['content-security-policy'] ?? '')) fault(url, 'no policy');
    for (const element of await page.locator('a').all().then((all) => all.slice(0, 5))) await element.hover({ timeout: 500 }).catch(() => {});
    for (const what of await page.evaluate(remains)) fault(url, what);
  }
  await context.close();
}

async function statusPage(browser, admin, fault) {
  const html = await (await fetch(admin)).text();
  tellReport(await validator().validateString(html), admin, fault);
  for (const width of WIDTHS) {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    page.on('console', (message) => { if (/Content Security Policy/.test(message.text())) fault(admin, message.text()); });
    await page.goto(admin);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await accessible(page, admin, `${width}px ${colorScheme}`, fault);
    }
    await page.close();
  }
}

async function main() {
  if (!chromium()) return console.error('*** SKIPPED: no Chromium here, so nobody attacked the pages ***');
  const faults = new Set();
  const fault = (url, what) => faults.add(`${decodeURI(new URL(url || 'http://x/').pathname)}: ${what}`);
  const root = project();
  const { child, site, admin } = await daemon(process.argv[2], root);
  const browser = await require('playwright-core').chromium.launch({ executablePath: chromium(), args: ['--no-sandbox'] });
  try {
    const pages = pagesBelow(path.join(root, 'public')).map((name) => new URL(encodeURI(name), site).href);
    if (pages.length < PAYLOADS.length) throw new Error(`only ${pages.length} pages`);
    const queries = [`${site}?q=${encodeURIComponent(PAYLOADS[1])}`];
    for (const bypassCSP of [false, true]) await attacked(browser, bypassCSP, [...pages, ...queries, admin], fault);
    await statusPage(browser, admin, fault);
    for (const line of faults) console.error(line);
    console.log(`${PAYLOADS.length} payloads on ${pages.length} pages and the status page, ${faults.size} faults`);
    process.exitCode = faults.size ? 1 : 0;
  } finally {
    await browser.close();
    child.kill();
    fs.rmSync(root, { recursive: true, force: true });
  }
}

main();
