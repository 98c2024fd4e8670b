// The HTML report in a real browser: it needs nothing but itself, a click on an edge shows its changes, filters filter, and paper shows all.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder, policyc, write } from '../harness/policyc.ts';

const before = `workload web = { app: "web" } in namespace "shop"
workload cart = { app: "cart" } in namespace "shop"
workload db = { app: "db" } in namespace "data"
@owner("team-web")
policy web for web { egress { allow to cart at tcp 8080 } }
@owner("team-cart")
policy cart for cart { ingress { allow from web at tcp 8080 } process { default deny exec } }
@owner("team-data") @severity(high)
policy db for db { ingress { allow from cart at tcp 5432 } }
`;
const after = before
  .replace('allow from cart at tcp 5432', 'allow from world at tcp 5432')
  .replace('default deny exec', 'default deny exec\n allow exec "/bin/</script><script>alert(1)</script>"');
write('old.policy', before);
write('new.policy', after);
const made = policyc(['diff', 'old.policy', 'new.policy', '-o', 'report.html']);
const report = join(folder, 'report.html');

const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
let browser: Browser | undefined;

/** Runs against the open report; fails on an error of the page and on everything that it asks of a network. */
function browserTest(name: string, run: (page: Page) => Promise<void>): void {
  test(name, async () => {
    if (executable === undefined) {
      console.log(`SKIP ${name}: Chromium is not installed`);
      return;
    }
    browser ??= await chromium.launch({ executablePath: executable, args: flags });
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    const wrong: string[] = [];
    page.on('pageerror', ({ message }) => wrong.push(message));
    page.on('console', (message) => wrong.push(message.text()));
    page.on('dialog', () => wrong.push('a dialog'));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) wrong.push(request.url());
    });
    await page.goto(`file://${report}`);
    await run(page);
    assert.equal(wrong, []);
    await page.close();
  });
}

const shown = (page: Page) => page.locator('article.change:visible');
const titles = async (page: Page): Promise<readonly string[]> => await shown(page).locator('h3').allTextContents();

test('one file, that asks for nothing', () => {
  assert.is(made.status, 0, made.error);
  const text = readFileSync(report, 'utf8');
  assert.not.match(text, /(?:src|href)=/);
  assert.match(text, "default-src 'none'");
});

browserTest('every change is there, and text of policies is text', async (page) => {
  assert.is((await titles(page)).length, 3);
  assert.ok((await page.locator('main').textContent())?.includes('</script><script>alert(1)</script>'));
  assert.is(await page.locator('.count').textContent(), '3 of 3 changes');
});

browserTest('a click on an edge shows its changes, a second one all', async (page) => {
  const edge = page.locator('svg .edge.opened', { hasText: 'tcp 5432' });
  assert.is(await edge.count(), 1);
  await edge.locator('.hit').dispatchEvent('click');
  assert.equal(await titles(page), ['Ingress of { app: "db" } in namespace "data": from world at tcp 5432']);
  assert.match((await page.locator('.selection').textContent()) ?? '', 'world to db');
  assert.is(await page.locator('svg .edge.closed.faded').count(), 1);
  await edge.locator('.hit').dispatchEvent('click');
  assert.is((await titles(page)).length, 3);
});

browserTest('edges and nodes by the keyboard', async (page) => {
  const edge = page.locator('svg .edge.closed');
  await edge.focus();
  await page.keyboard.press('Enter');
  assert.equal(await titles(page), ['Ingress of { app: "db" } in namespace "data": from { app: "cart" } in namespace "shop" at tcp 5432']);
  await page.locator('.selection button').click();
  await page.locator('svg .node', { hasText: 'db' }).click();
  assert.is((await titles(page)).length, 2);
});

browserTest('filters by team, namespace, severity, effect and text', async (page) => {
  const choose = async (name: string, value: string) => await page.locator(`select[name=${name}]`).selectOption(value);
  await choose('team', 'team-cart');
  assert.equal((await titles(page)).length, 1);
  await choose('team', '');
  await choose('namespace', 'data');
  assert.equal((await titles(page)).length, 2);
  await choose('severity', 'high');
  assert.equal((await titles(page)).length, 1);
  await page.locator('form.filters button').click();
  assert.equal((await titles(page)).length, 3);
  await page.locator('input[value=newly-denied]').uncheck();
  assert.equal((await titles(page)).length, 2);
  await page.locator('input[name=text]').fill('exec');
  assert.equal((await titles(page)).length, 1);
  assert.is(await page.locator('svg .edge.kept:visible').count(), 1);
  await page.locator('input[name=kept]').uncheck();
  assert.is(await page.locator('svg .edge.kept:visible').count(), 0);
});

browserTest('nodes do not overlap, and what changed can be read in the dark and on paper', async (page) => {
  const boxes = await page.locator('svg .node rect').evaluateAll((rects) =>
    rects.map((rect) => {
      const { left, top, right, bottom } = rect.getBoundingClientRect();
      return { left, top, right, bottom };
    }),
  );
  assert.is(boxes.length, 5);
  for (const [i, one] of boxes.entries())
    for (const other of boxes.slice(i + 1))
      assert.ok(one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top);
  const computed = (selector: string, name: string): string =>
    `getComputedStyle(document.querySelector(${JSON.stringify(selector)})).getPropertyValue(${JSON.stringify(name)})`;
  const wanted = [
    computed('body', 'background-color'),
    computed('svg .edge.opened .line', 'stroke'),
    computed('svg .edge.closed .line', 'stroke'),
  ];
  const colors = async (): Promise<readonly string[]> => await page.evaluate(`[${wanted.join()}]`);
  const light = await colors();
  assert.equal(light, ['rgb(255, 255, 255)', 'rgb(200, 16, 46)', 'rgb(11, 87, 208)']);
  await page.emulateMedia({ colorScheme: 'dark' });
  assert.is.not((await colors()).join(), light.join());
  await page.emulateMedia({ colorScheme: 'dark', media: 'print' });
  assert.equal(await colors(), light);
  assert.is(await page.locator('form.filters:visible').count(), 0);
  assert.ok((await page.pdf({ format: 'A4' })).length > 10_000);
});

browserTest('without scripts everything can be read', async () => {
  const context = await browser?.newContext({ javaScriptEnabled: false });
  const page = await context?.newPage();
  await page?.goto(`file://${report}`);
  assert.is(await page?.locator('article.change:visible').count(), 3);
  assert.is(await page?.locator('form.filters:visible').count(), 0);
  await context?.close();
});

const manifests = (port: number) =>
  ['web', 'cart']
    .map(
      (name) => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec: { containers: [{ name: a, image: a }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop }
spec:
  podSelector: { matchLabels: { app: ${name} } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: ${port} }] }]
`,
    )
    .join('---\n');

browserTest('workloads that there are have a graph of their own, whose edges show their changes', async (page) => {
  write('k8s-old/all.yaml', manifests(80));
  write('k8s-new/all.yaml', manifests(81));
  assert.is(policyc(['diff', 'k8s-old', 'k8s-new', '-o', 'workloads.html']).status, 0);
  await page.goto(`file://${join(folder, 'workloads.html')}`);
  const graph = page.locator('section', { hasText: 'Connections between the workloads' });
  assert.equal(await graph.locator('svg .node .name').allTextContents(), ['web[Pod]', 'cart[Pod]']);
  await graph.locator('svg .edge .hit').first().dispatchEvent('click');
  assert.is((await titles(page)).length, 2);
  assert.ok((await titles(page)).every((title) => title.startsWith('Ingress of { app: "cart" }')));
});

test('the browser ends', async () => {
  await browser?.close();
});

test.run();
