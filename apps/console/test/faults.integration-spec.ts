import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { eventually } from '@kindline/testing';
import { chatOf, messagesOf, said, say, stage, stateOfLast, talk, withBrowser } from './people';

jest.setTimeout(120_000);

withBrowser('a page on which something goes wrong', () => {
  let elsewhere: Server;
  let ada: Page;
  let ben: Page;

  beforeAll(async () => {
    elsewhere = createServer((_request, response) => response.end('<title>The weather</title>Sunny'));
    await new Promise<void>((listening) => elsewhere.listen(0, '127.0.0.1', listening));
  });
  const on = stage(() => ({
    CONSOLE_LEAVE_URL: `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`,
  }));
  beforeAll(async () => {
    ({ seeker: ada, helper: ben } = await talk(on.people, 'Ada', 'Ben'));
  });
  afterAll(() => elsewhere?.close());

  it('sends what was written without a network, and shows what came meanwhile, once each', async () => {
    await ada.context().setOffline(true);
    await ada.getByText('You are offline').waitFor();
    for (const line of ['one', 'two', 'three']) await say(ada, line);
    for (const line of ['four', 'five']) await say(ben, line);
    expect(await stateOfLast(ada)).toBe('sending');
    await ada.context().setOffline(false);
    await bothHave(['one', 'two', 'three', 'four', 'five']);
  });

  it('sends what was being sent when the page was loaded again', async () => {
    await ada.context().setOffline(true);
    await ada.getByText('You are offline').waitFor();
    await say(ada, 'before the reload');
    // The page itself comes again, the gateway does not.
    await ada.context().setOffline(false);
    await ada.reload();
    await openFirst(ada);
    await said(ben, 'before the reload').waitFor();
    await eventually('it is stored', async () => (await stateOfLast(ada)) !== 'sending');
    await bothHave(['before the reload']);
  });

  it('goes on when the gateway was killed under it', async () => {
    on.kindline.kill('chat-gateway');
    await say(ada, 'into the gap');
    await say(ben, 'from the other side');
    await bothHave(['into the gap', 'from the other side']);
  });

  it('says why it shows nothing of a conversation that it may not read, and tries again', async () => {
    const history = /\/messages\?/;
    const refusal = { type: 'about:blank', title: 'Forbidden', status: 403, code: 'forbidden' };
    await ada.route(history, (route) =>
      route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(refusal) }),
    );
    await ada.reload();
    await openFirst(ada);
    await chatOf(ada).getByRole('alert').filter({ hasText: 'You are not allowed to do this.' }).waitFor();
    expect(await chatOf(ada).getByText('Nothing has been said yet').count()).toBe(0);
    await ada.unroute(history);
    await ada.context().setOffline(true);
    await ada.getByText('You are offline').waitFor();
    await ada.context().setOffline(false);
    await said(ada, 'into the gap').waitFor();
    expect(await chatOf(ada).getByRole('alert').count()).toBe(0);
  });

  it('is left quickly: nothing of it is behind Back, in the storage, or in another tab', async () => {
    const context = ada.context();
    const second = await on.people.signIn(await context.newPage(), 'Ada');
    // Who one is belongs to a tab: nobody is signed in in this one, and it has the same storage.
    const other = await context.newPage();
    await other.goto(on.kindline.console);
    await context.setOffline(true);
    await ada.getByText('You are offline').waitFor();
    await say(ada, 'never sent');
    await eventually('it is kept', () => other.evaluate<boolean>('localStorage.length > 0'));
    await context.setOffline(false);

    const before = await ada.evaluate<number>('history.length');
    await ada.keyboard.press('Escape');
    for (const page of [ada, second]) await page.waitForURL(/127\.0\.0\.1:\d+\/$/);
    expect(await ada.title()).toBe('The weather');
    expect(await ada.evaluate('history.length')).toBe(before);
    expect(await other.evaluate('[localStorage.length, sessionStorage.length]')).toEqual([0, 0]);
    expect(await other.evaluate('indexedDB.databases().then((all) => all.length)')).toBe(0);
    await ada.goBack();
    expect(await ada.locator('body').textContent()).not.toContain('before the reload');
    expect(ada.url()).not.toContain('/console');
  });

  it('keeps nothing that was not sent for the next one who signs in', async () => {
    const kept = () =>
      ben.evaluate<string[]>(`Object.keys(localStorage).filter((key) => key.startsWith('kindline:'))`);
    await ben.context().setOffline(true);
    await ben.getByText('You are offline').waitFor();
    await say(ben, 'never sent');
    await eventually('it is kept', async () => (await kept()).length > 0);
    await ben.getByRole('button', { name: 'Language and appearance' }).click();
    await ben.getByRole('menuitem', { name: 'Sign out' }).click();
    await ben.getByRole('button', { name: 'Be Ada' }).waitFor();
    expect(await kept()).toEqual([]);
  });

  /** Both pages show these at the end, each once; every own message is stored. */
  async function bothHave(lines: readonly string[]): Promise<void> {
    for (const page of [ada, ben]) {
      await eventually(
        `the page shows ${lines.join(', ')}`,
        async () => {
          const shown = (await messagesOf(page)).slice(-lines.length);
          return shown.toSorted().join() === lines.toSorted().join();
        },
        30_000,
      );
      await eventually('it is stored', async () => (await stateOfLast(page)) !== 'sending');
    }
    expect(await messagesOf(ada)).toEqual(await messagesOf(ben));
    const all = await messagesOf(ada);
    expect(new Set(all).size).toBe(all.length);
  }

  const openFirst = (page: Page): Promise<void> =>
    page.getByRole('navigation', { name: 'Your conversations' }).getByRole('button').first().click();
});
