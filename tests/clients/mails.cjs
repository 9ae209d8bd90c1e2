// What a browser says of the HTML of mails, which is all that some mail programs are.
//
//     NODE_PATH=…/node_modules node tests/clients/mails.cjs FILE.html…
//
// Each is shown as a phone and as a wide mail program show it, in light and dark, without network: axe must find nothing and
// nothing may scroll sideways.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { SCHEMES, accessible, chromium } = require('./pages.cjs');

const WIDTHS = [360, 600];

async function main(files) {
  if (files.length === 0) throw new Error('no mail');
  if (!chromium()) return console.error('*** SKIPPED: no Chromium here, so nobody looked at the mails ***');
  const { chromium: driver } = require('playwright-core');
  const browser = await driver.launch({ executablePath: chromium(), args: ['--no-sandbox'] });
  const faults = [];
  const fault = (name, what) => faults.push(`${name}: ${what}`);
  for (const width of WIDTHS) {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    await page.route('**/*', (route) => route.abort());
    for (const file of files) {
      await page.setContent(fs.readFileSync(file, 'utf8'), { waitUntil: 'domcontentloaded' });
      for (const scheme of SCHEMES) {
        await page.emulateMedia({ colorScheme: scheme });
        await accessible(page, path.basename(file), `${width}px ${scheme}`, fault);
      }
    }
    await page.close();
  }
  await browser.close();
  for (const line of [...new Set(faults)]) console.error(line);
  console.log(`${files.length} mails, ${faults.length} faults`);
  process.exitCode = faults.length ? 1 : 0;
}

main(process.argv.slice(2));
