import type { Page } from 'playwright-core';
import { said, stage, withBrowser } from './people';

jest.setTimeout(120_000);

/** What the element that has the focus is called. */
const FOCUSED = `(() => {
  const element = document.activeElement;
  return (element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent).trim();
})()`;

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

async function press(page: Page, name: string | RegExp, key = 'Enter'): Promise<void> {
  await focusByTab(page, name);
  await page.keyboard.press(key);
}

async function type(page: Page, name: string | RegExp, text: string): Promise<void> {
  await focusByTab(page, name);
  await page.keyboard.type(text);
}

/** One of what a field offers. */
async function choose(page: Page, name: string | RegExp, option: string): Promise<void> {
  await press(page, name, 'ArrowDown');
  await page.getByRole('option', { name: option }).waitFor();
  const at = page.locator('[role=option][data-combobox-selected]');
  for (let options = 0; options < 20; options++) {
    if ((await at.count()) > 0 && (await at.textContent())?.trim() === option)
      return page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
  }
  throw new Error(`${option} cannot be reached`);
}

withBrowser('a keyboard alone', () => {
  const on = stage();

  it('asks, answers, talks, ends and rates', async () => {
    const [omar, ben] = await Promise.all([on.people.visitor(), on.people.visitor()]);
    await press(omar, 'Be Omar');
    await press(ben, 'Be Ben');
    // Until its code has come there is nothing to reach.
    await omar.getByLabel('What is on your mind?').waitFor();
    await type(omar, 'What is on your mind?', 'By keyboard');
    await press(omar, 'Ask for a chat');
    await ben.getByText('By keyboard').waitFor();
    await press(ben, 'Accept');
    await type(ben, 'Write a message', 'Hello');
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

  it('serves a student and a counsellor, somebody with a question, an agent and a facilitator', async () => {
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

  it('calls, answers, mutes and hangs up, and says when somebody has no time', async () => {
    const [dora, ben] = await Promise.all([on.people.person('Dora'), on.people.person('Ben')]);
    await dora.getByRole('button', { name: 'I would rather speak' }).waitFor();
    await press(dora, 'I would rather speak');
    await ben.getByRole('button', { name: 'Accept' }).waitFor();
    await press(ben, 'Accept');
    await dora.getByRole('button', { name: 'Call', exact: true }).waitFor();
    await press(dora, 'Call');
    await ben.getByRole('button', { name: 'Answer' }).waitFor();
    await press(ben, 'Answer');
    await dora.getByText('Talking with Ben').waitFor();
    await press(dora, 'Mute', 'Space');
    await dora.getByText('You are muted').waitFor();
    await press(ben, 'Hang up');
    await dora.getByText('The call has ended').waitFor();
    await press(ben, /^I have time/, 'Space');
    await ben.getByText('You are not asked.').waitFor();
    await press(ben, /^I have time/, 'Space');
    await ben.getByText('You are asked when').waitFor();
  });

  it('announces something, looks up why somebody got it, and finds people, texts and pushes', async () => {
    const [alex, dora] = await Promise.all([on.people.person('Alex'), on.people.person('Dora')]);
    await alex.getByText('Open conversations').first().waitFor();
    const goTo = async (from: string, to: string): Promise<void> => {
      await focusByTab(alex, from);
      const tab = alex.getByRole('tab', { name: to, exact: true });
      while ((await tab.getAttribute('aria-selected')) !== 'true') await alex.keyboard.press('ArrowRight');
    };
    await goTo('Live', 'Announcements');
    await alex.getByRole('button', { name: 'New announcement' }).waitFor();
    await press(alex, 'New announcement');
    await type(alex, /^Title/, 'Tea at four');
    await type(alex, /^Text/, 'In the garden');
    await choose(alex, /^Category/, 'News about the product');
    await choose(alex, /^Roles/, 'Senior');
    await alex.getByText('1 person matches now').waitFor();
    await press(alex, 'Review and send');
    await alex.getByRole('button', { name: 'Send to 1 person' }).waitFor();
    await press(alex, 'Send to 1 person');
    await alex.getByRole('button', { name: 'Open Tea at four' }).waitFor();
    await press(alex, 'Open Tea at four');
    await alex.getByRole('textbox', { name: 'ID' }).waitFor();
    await type(alex, 'ID', 'demo-dora');
    await press(alex, 'Look it up');
    await alex.getByText('They were connected').waitFor();
    await press(alex, 'Close');

    await goTo('Announcements', 'Templates');
    await alex.getByRole('button', { name: 'New template' }).waitFor();
    await press(alex, 'New template');
    await type(alex, 'Name', 'Tea');
    await type(alex, /^Title/, 'Tea at four');
    await type(alex, /^Text/, 'In the garden');
    await press(alex, 'Save');
    await alex.getByRole('button', { name: 'Delete Tea' }).waitFor();
    await press(alex, 'Delete Tea');
    await press(alex, 'Delete template');
    await alex.getByText('There are no templates yet').waitFor();

    await goTo('Templates', 'People');
    await alex.getByLabel('Search people').waitFor();
    await type(alex, 'Search people', 'Dor');
    await alex.getByRole('button', { name: 'Open Dora' }).waitFor();
    await press(alex, 'Open Dora');
    await alex.getByText('As they see them').waitFor();
    await press(alex, 'Close');

    await goTo('People', 'Deliveries');
    await choose(alex, /^Kind/, 'Announcement');
    await alex.getByText('They were connected and saw it').first().waitFor();

    await press(dora, /^Notifications/);
    await dora.getByRole('button', { name: 'Mark as read: Tea at four' }).waitFor();
    await press(dora, 'Mark as read: Tea at four');
    await dora.getByRole('button', { name: 'Mark as read: Tea at four' }).waitFor({ state: 'detached' });
    await press(dora, /^Offers/, 'Space');
    await press(dora, /^Keep quiet/, 'Space');
    await type(dora, /^From/, '2200');
    await type(dora, /^Until/, '0700');
    await press(dora, 'Save quiet hours');
    await dora.getByText('Saved.').waitFor();
  });
});
