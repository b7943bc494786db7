import type { Page } from 'playwright-core';
import { eventually } from '@kindline/testing';
import { chatOf, said, say, withBrowser, stage } from './people';

jest.setTimeout(120_000);

withBrowser('the other rooms', () => {
  const on = stage();

  it('let a student wait, talk to a counsellor without a name, and see when all is forgotten', async () => {
    const [kim, lena] = await Promise.all([on.people.person('Kim'), on.people.person('Lena')]);
    for (const [student, topic] of [
      [kim, 'Exams'],
      [lena, 'Home'],
    ] as const) {
      await student.getByRole('button', { name: 'Anonymous counselling' }).click();
      await student.getByLabel('What is it about?').fill(topic);
      await student.getByRole('button', { name: 'Ask for a counsellor' }).click();
      await student.getByText(/You are number \d in the queue/).waitFor();
    }
    await say(kim, 'I wrote this while I waited');
    const noor = await on.people.person('Noor');
    await kim.getByText('A counsellor is with you').waitFor();
    await noor.getByRole('button', { name: /^Exams/ }).click();
    await said(noor, 'I wrote this while I waited').waitFor();
    await say(noor, 'Since when?');
    await said(kim, 'Since when?').waitFor();
    await kim.getByText(/Everything is forgotten in (23|24) /).waitFor();
    await noor.getByRole('button', { name: 'Renew' }).click();
    await noor
      .getByRole('complementary', { name: 'Summary' })
      .getByText(/while I waited/)
      .waitFor();
    expect(await noor.locator('body').textContent()).not.toContain('Kim');
    expect(await kim.locator('main').textContent()).not.toContain('Noor');
    const kept = await kim.evaluate<string>('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])');
    expect(kept).not.toContain('while I waited');
    expect(kept).not.toContain('Exams');

    await chatOf(kim).getByRole('button', { name: 'End', exact: true }).click();
    await kim.getByRole('button', { name: 'End it' }).click();
    await noor.getByText('The student has ended this conversation').waitFor();
  });

  it('bring a question to an agent, who sees who is there, and close and open it again', async () => {
    const ada = await on.people.person('Ada');
    await ada.getByRole('button', { name: 'Support' }).click();
    await ada.getByRole('button', { name: 'New question' }).click();
    await ada.getByLabel('Subject').fill('My account');
    await ada.getByLabel('What can we do for you?').fill('I am locked out');
    await ada.getByRole('button', { name: 'Send', exact: true }).click();
    await chatOf(ada).getByText('Nobody has answered yet. Whoever').waitFor();
    // Whoever is online first is given it.
    const gus = await on.people.person('Gus');
    await gus.getByRole('button', { name: /^My account/ }).click();
    await said(gus, 'I am locked out').waitFor();
    await gus.getByText('here now').first().waitFor();
    await say(gus, 'Let me look');
    await said(ada, 'Let me look').waitFor();
    await chatOf(gus).getByRole('button', { name: 'Close', exact: true }).click();
    await ada.getByText('This conversation is closed').waitFor();
    await ada.getByRole('button', { name: 'Open it again' }).click();
    await chatOf(gus).getByLabel('Write a message').waitFor();
  });

  it('show a facilitator the bookings that come, and those that came meanwhile', async () => {
    const book = (title: string): Promise<void> => on.kindline.book('demo-fay', title);
    await book('Morning meditation');
    const fay = await on.people.person('Fay');
    const missed = fay.getByRole('listitem').filter({ hasText: 'Morning meditation' });
    await missed.getByText('came while you were away').waitFor();
    await book('Evening yoga');
    const live = fay.getByRole('listitem').filter({ hasText: 'Evening yoga' });
    await live.getByText('just came').waitFor();
    await live.getByRole('button', { name: /^Mark as read/ }).click();
    await live.waitFor({ state: 'detached' });
    await fay.reload();
    await missed.waitFor();
    expect(await live.count()).toBe(0);
  });

  it('let somebody choose what they are told of, and read announcements', async () => {
    const [omar, alex] = await Promise.all([on.people.person('Omar'), on.kindline.client('Alex')]);
    await omar.getByRole('button', { name: 'Notifications' }).click();
    await omar.getByRole('switch', { name: 'Offers' }).click({ force: true });
    const announce = (title: string, category: string): Promise<unknown> =>
      alex.request('POST', '/api/notifications', {
        title,
        body: 'Have a look',
        category,
        target: { roles: ['user'] },
      });
    await announce('Half price', 'promotional');
    await announce('New rooms', 'product');
    await omar.getByText('New rooms').first().waitFor();
    expect(await omar.getByText('Half price').count()).toBe(0);
  });

  it('let an administrator announce something to those it is for, and look up why somebody got it', async () => {
    const [dora, alex] = await Promise.all([on.people.person('Dora'), on.people.person('Alex')]);
    await alex.getByText('Open conversations').first().waitFor();
    await alex.getByRole('tab', { name: 'Announcements' }).click();
    await alex.getByRole('button', { name: 'New announcement' }).click();
    await alex.getByRole('textbox', { name: /^Title/ }).fill('Tea at four');
    await alex.getByRole('textbox', { name: /^Text/ }).fill('In the garden');
    await alex.getByRole('combobox', { name: 'Category' }).click();
    await alex.getByRole('option', { name: 'News about the product' }).click();
    await alex.getByRole('combobox', { name: /Roles/ }).click();
    await alex.getByRole('option', { name: 'Senior' }).click();
    await alex.getByText('1 person matches now').waitFor();
    await alex.getByRole('button', { name: 'Review and send' }).click();
    await alex.getByRole('button', { name: 'Send to 1 person' }).click();
    await dora.getByText('Tea at four').first().waitFor();
    await alex.getByRole('button', { name: 'Open Tea at four' }).click();
    const drawer = alex.getByRole('dialog');
    await drawer.getByRole('textbox', { name: 'ID' }).fill('demo-dora');
    await drawer.getByRole('button', { name: 'Look it up' }).click();
    await drawer.getByText('They were connected').waitFor();
  });

  it('are loaded when they are opened: a seeker never downloads charts', async () => {
    const scriptsOf = async (page: Page): Promise<string> => {
      const urls = await page.evaluate<string[]>(
        'performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => name.endsWith(".js"))',
      );
      return (await Promise.all(urls.map(async (url) => (await fetch(url)).text()))).join('\n');
    };
    const alex = await on.people.person('Alex');
    // A class name of the charts' library, which no minifier touches.
    await eventually('the charts are there', async () =>
      (await scriptsOf(alex)).includes('recharts-surface'),
    );
    const ada = await on.people.person('Ada');
    await ada.getByLabel('What is on your mind?').waitFor();
    const seekers = await scriptsOf(ada);
    expect(seekers).toContain('What is on your mind?');
    expect(seekers).not.toContain('recharts');
    expect(seekers).not.toContain('/api/statistics');
  });
});
