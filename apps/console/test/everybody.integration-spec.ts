import type { Page } from 'playwright-core';
import { eventually } from '@kindline/testing';
import { seriousFindings } from './axe';
import { DESKTOP, PHONE, said, say, talk, withBrowser, stage } from './people';

jest.setTimeout(180_000);

/** What the element that has the focus is called. */
const FOCUSED = `(() => {
  const element = document.activeElement;
  return (element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent).trim();
})()`;

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
        await room.click();
        await page.getByRole('main').getByRole('heading').first().waitFor();
        await fitsEverybody(page);
      }
      await page.context().close();
    },
  );

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

  it('lets somebody ask, answer, talk, end and rate with nothing but a keyboard', async () => {
    const [omar, ben] = await Promise.all([on.people.visitor(), on.people.visitor()]);
    const press = async (page: Page, name: string | RegExp, key = 'Enter'): Promise<void> => {
      await focusByTab(page, name);
      await page.keyboard.press(key);
    };
    await press(omar, 'Be Omar');
    await press(ben, 'Be Ben');
    // Until its code has come there is nothing to reach.
    await omar.getByLabel('What is on your mind?').waitFor();
    await focusByTab(omar, 'What is on your mind?');
    await omar.keyboard.type('By keyboard');
    await press(omar, 'Ask for a chat');
    await ben.getByText('By keyboard').waitFor();
    await press(ben, 'Accept');
    await focusByTab(ben, 'Write a message');
    await ben.keyboard.type('Hello');
    await ben.keyboard.press('Enter');
    await said(omar, 'Hello').waitFor();
    await press(omar, 'Reply to: Hello');
    await omar.keyboard.type('Hello back');
    await omar.keyboard.press('Enter');
    await said(ben, 'Hello back').waitFor();
    await press(omar, 'End');
    await press(omar, 'End it');
    await ben.getByText('Omar has ended this conversation').waitFor();
    await focusByTab(omar, /stars? of 5/);
    for (const key of ['ArrowRight', 'ArrowRight']) await omar.keyboard.press(key);
    await press(omar, 'Send');
    await omar.getByText('Thank you for telling us').waitFor();
  });

  it('lets a student and a counsellor, somebody with a question, a facilitator and an agent do so, too', async () => {
    const press = async (page: Page, name: string | RegExp): Promise<void> => {
      await focusByTab(page, name);
      await page.keyboard.press('Enter');
    };
    const type = async (page: Page, name: string | RegExp, text: string): Promise<void> => {
      await focusByTab(page, name);
      await page.keyboard.type(text);
    };
    const lena = await on.people.person('Lena');
    await press(lena, 'Anonymous counselling');
    await lena.getByLabel('What is it about?').waitFor();
    await type(lena, /^What is it about/, 'Sleep');
    await press(lena, 'Ask for a counsellor');
    await lena.getByLabel('Write a message').waitFor();
    const milo = await on.people.person('Milo');
    await milo.getByRole('button', { name: /^Sleep/ }).waitFor();
    await press(milo, /^Sleep/);
    await milo.getByLabel('Write a message').waitFor();
    await type(milo, 'Write a message', 'Since when?');
    await milo.keyboard.press('Enter');
    await said(lena, 'Since when?').waitFor();
    await press(lena, 'End');
    await press(lena, 'End it');
    await milo.getByText('The student has ended this conversation').waitFor();

    await press(lena, 'Support');
    await lena.getByRole('button', { name: 'New question' }).waitFor();
    await press(lena, 'New question');
    await type(lena, /^Subject/, 'Where');
    await type(lena, /^What can we do/, 'Where is it?');
    await press(lena, 'Send');
    const hana = await on.people.person('Hana');
    await hana.getByRole('button', { name: /^Where/ }).waitFor();
    await press(hana, /^Where/);
    await said(hana, 'Where is it?').waitFor();
    await type(hana, 'Write a message', 'Over there');
    await hana.keyboard.press('Enter');
    await said(lena, 'Over there').waitFor();
    await press(hana, 'Close');
    await lena.getByText('This conversation is closed').waitFor();

    await on.kindline.book('demo-ivo', 'Evening yoga');
    const ivo = await on.people.person('Ivo');
    const booking = ivo.getByRole('listitem').filter({ hasText: 'Evening yoga' });
    await booking.waitFor();
    await press(ivo, /^Mark as read/);
    await booking.waitFor({ state: 'detached' });
  });

  /** Tab by tab until what has the focus is called so. */
  async function focusByTab(page: Page, name: string | RegExp): Promise<void> {
    const passed: string[] = [];
    for (let tabs = 0; tabs < 60; tabs++) {
      const label = await page.evaluate<string>(FOCUSED);
      if (typeof name === 'string' ? label === name : name.test(label)) return;
      passed.push(label.slice(0, 40));
      await page.keyboard.press('Tab');
    }
    throw new Error(`${String(name)} cannot be reached by Tab, only ${[...new Set(passed)].join(' · ')}`);
  }
});
