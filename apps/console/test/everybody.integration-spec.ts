import type { Page } from 'playwright-core';
import { eventually } from '@kindline/testing';
import { seriousFindings } from './axe';
import { DESKTOP, PHONE, said, say, talk, withBrowser, stage } from './people';

jest.setTimeout(180_000);

withBrowser('the console, for everybody', () => {
  const on = stage();

  /** Nothing serious for axe in light and dark, and no scrolling sideways at the width of a small phone. */
  async function fitsEverybody(page: Page): Promise<void> {
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await eventually('the page has its colours', () =>
        page.evaluate<boolean>(
          `document.documentElement.dataset.mantineColorScheme === '${colorScheme}' &&
            document.getAnimations().every(({ playState }) => playState !== 'running')`,
        ),
      );
      expect(await seriousFindings(page)).toEqual([]);
    }
    await page.setViewportSize(PHONE);
    await eventually(
      'nothing is wider than the page',
      async () => (await page.evaluate<number>('document.documentElement.scrollWidth')) <= PHONE.width,
      3_000,
    );
    expect(await seriousFindings(page)).toEqual([]);
    await page.setViewportSize(DESKTOP);
  }

  it('has a first page that says nothing about what it is in its title', async () => {
    const page = await on.people.visitor();
    await page.getByRole('button', { name: 'Be Ada' }).waitFor();
    expect(await page.title()).toBe('Notes');
    await fitsEverybody(page);
  });

  it.each(['Dora', 'Kim', 'Ben', 'Noor', 'Gus', 'Fay', 'Sam', 'Alex'])(
    'has rooms for %s without barriers',
    async (name) => {
      const page = await on.people.person(name);
      const rooms = page.getByRole('navigation', { name: 'Navigation' }).getByRole('button');
      for (const room of await rooms.all()) {
        // The same for everybody.
        if (name !== 'Dora' && (await room.textContent()) === 'Notifications') continue;
        await room.click();
        await page.getByRole('main').getByRole('heading').first().waitFor();
        await fitsEverybody(page);
      }
      await page.context().close();
    },
  );

  it('has an administration without barriers, and its forms', async () => {
    const page = await on.people.person('Alex');
    const open = (part: string): Promise<void> => page.getByRole('tab', { name: part, exact: true }).click();
    const press = (name: string): Promise<void> =>
      page.getByRole('button', { name, exact: true }).first().click();
    for (const part of ['Volunteers', 'People', 'Announcements', 'Templates', 'Deliveries']) {
      await open(part);
      await page.getByRole('tabpanel').getByLabel('Loading').waitFor({ state: 'detached' });
      await fitsEverybody(page);
    }
    for (const [part, button] of [
      ['People', 'Open Dora'],
      ['Templates', 'New template'],
    ] as const) {
      await open(part);
      await press(button);
      await page.getByRole('dialog').getByRole('heading').first().waitFor();
      await fitsEverybody(page);
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).first().click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    await open('Announcements');
    await press('New announcement');
    await page.getByRole('textbox', { name: /^Title/ }).waitFor();
    await fitsEverybody(page);
  });

  it('has a chat without barriers, on both sides', async () => {
    const { seeker, helper } = await talk(on.people, 'Ada', 'Cleo');
    await say(seeker, 'Hello');
    await said(helper, 'Hello').waitFor();
    for (const page of [seeker, helper]) await fitsEverybody(page);
  });

  it('can be used in German, and remembers that', async () => {
    const page = await on.people.visitor({ locale: 'de-DE' });
    await page.getByRole('button', { name: 'Omar sein' }).click();
    await page.getByRole('button', { name: 'Schnell weg' }).waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe('de');
  });
});
