import type { KindlineClient } from '@kindline/client';
import type { Page } from 'playwright-core';
import { eventually } from '@kindline/testing';
import { chatOf, messagesOf, said, say, stateOfLast, talk, withBrowser, stage } from './people';

jest.setTimeout(120_000);

withBrowser('talking with a volunteer', () => {
  const on = stage();

  it('begins with a request that others lose, and ends with thanks and a rating', async () => {
    const [ada, ben, cleo] = await Promise.all(['Ada', 'Ben', 'Cleo'].map((name) => on.people.person(name)));
    if (!ada || !ben || !cleo) throw new Error('nobody came');

    await ada.getByLabel('What is on your mind?').fill('I cannot sleep');
    await ada.getByRole('button', { name: 'Ask for a chat' }).click();
    await ada.getByText('Waiting for a volunteer').waitFor();
    for (const volunteer of [ben, cleo]) await volunteer.getByText('I cannot sleep').waitFor();
    await ben.getByRole('button', { name: 'Accept' }).click();
    await ada.getByText('Connected!').waitFor();
    await cleo.getByText('Nobody is waiting right now').waitFor();
    await Promise.all([chatOf(ada).waitFor(), chatOf(ben).waitFor()]);

    await say(ada, 'Hello?');
    await said(ben, 'Hello?').waitFor();
    await eventually('Ada sees that Ben has read it', async () => (await stateOfLast(ada)) === 'read');
    await chatOf(ben).getByLabel('Write a message').pressSequentially('I');
    await ada.getByText('Ben is writing').waitFor();
    await chatOf(ben).getByRole('button', { name: 'Reply to: Hello?' }).click();
    await say(ben, 'I am here');
    await said(ada, 'I am here').getByRole('blockquote').getByText('Hello?').waitFor();
    await ada.getByText(/About \d+ minutes left/).waitFor();

    await chatOf(ada).getByRole('button', { name: 'End', exact: true }).click();
    await ada.getByRole('button', { name: 'End it' }).click();
    await chatOf(ben).getByText('Ada has ended this conversation').waitFor();
    await ben.getByText('Thank you for making a difference').waitFor();
    await ada.getByRole('radio', { name: '5 stars of 5' }).locator('xpath=../label').click();
    await ada.getByRole('button', { name: 'Send', exact: true }).click();
    await ada.getByText('Thank you for telling us').waitFor();
    expect(await messagesOf(ada)).toEqual(['Hello?', 'I am here']);
  });

  it('can be cancelled, and then nobody is shown it any more', async () => {
    const [omar, cleo] = await Promise.all([on.people.person('Omar'), on.people.person('Cleo')]);
    await omar.getByRole('button', { name: 'Ask for a chat' }).click();
    await cleo.getByRole('button', { name: 'Accept' }).waitFor();
    await omar.getByRole('button', { name: 'Cancel the request' }).click();
    await omar.getByRole('button', { name: 'Ask for a chat' }).waitFor();
    await cleo.getByText('Nobody is waiting right now').waitFor();
  });

  it('shows older messages as one scrolls up', async () => {
    const { helper } = await talk(on.people, 'Omar', 'Cleo');
    const lines = Array.from({ length: 70 }, (_, index) => `line ${index + 1}`);
    const omar = await on.kindline.client('Omar');
    omar.connect();
    const chat = omar.betterTogether.conversation(await openConversation(omar));
    for (const line of lines) await chat.send(line);
    await eventually('all are stored', () => chat.get().messages.at(-1)?.seq === lines.length);
    omar.close();
    await helper.reload();
    await helper.getByRole('navigation', { name: 'Your conversations' }).getByRole('button').first().click();
    await said(helper, 'line 70').waitFor();
    const log = chatOf(helper).getByRole('log');
    await eventually('the first one was loaded', async () => {
      await log.evaluate((element) => element.scrollTo(0, 0));
      return (await messagesOf(helper))[0] === 'line 1';
    });
    expect(await messagesOf(helper)).toEqual(lines);
  });

  it('can be a call in which both hear each other', async () => {
    const [dora, ben] = await Promise.all([on.people.person('Dora'), on.people.person('Ben')]);
    await dora.getByRole('button', { name: 'I would rather speak' }).click();
    await ben.getByRole('button', { name: 'Accept' }).click();
    await chatOf(dora).waitFor();
    await chatOf(dora).getByRole('button', { name: 'Call', exact: true }).click();
    await ben.getByRole('region', { name: 'Voice call' }).getByRole('button', { name: 'Answer' }).click();
    for (const [page, name] of [
      [dora, 'Ben'],
      [ben, 'Dora'],
    ] as const) {
      await page.getByText(`Talking with ${name}`).waitFor();
      await eventually('a voice is heard', () => hears(page));
    }
    await dora.getByRole('button', { name: 'Hang up' }).click();
    await ben.getByText('The call has ended').waitFor();
    const client = await on.kindline.client('Dora');
    const id = await openConversation(client);
    const calls = await client.request<object[]>('GET', `/api/conversations/${id}/calls`);
    expect(calls).toHaveLength(1);
  });

  async function openConversation(client: KindlineClient): Promise<string> {
    const route = '/api/conversations?status=active&limit=1';
    const { conversations } = await client.request<{ conversations: { id: string }[] }>('GET', route);
    return conversations[0]?.id ?? '';
  }

  /** Whether sound other than silence comes out of the page's element. */
  const hears = (page: Page): Promise<boolean> =>
    page.evaluate(async () => {
      const element = document.querySelector('audio');
      if (!(element?.srcObject instanceof MediaStream)) return false;
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      context.createMediaStreamSource(element.srcObject).connect(analyser);
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      const samples = new Float32Array(analyser.fftSize);
      analyser.getFloatTimeDomainData(samples);
      await context.close();
      return samples.some((sample) => Math.abs(sample) > 0.001);
    });
});
