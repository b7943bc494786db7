import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { Kindline } from './kindline';
import { chatOf, People, PHONE, said, say, talk } from './people';

jest.setTimeout(300_000);

const FOLDER = process.env['SCREENSHOTS'] ?? join(__dirname, '..', '..', '..', 'docs', 'images');
const DESKTOP: BrowserContextOptions = { viewport: { width: 1200, height: 720 } };
const DARK: BrowserContextOptions = { viewport: { width: 1200, height: 720 }, colorScheme: 'dark' };
const HAND: BrowserContextOptions = { viewport: PHONE, deviceScaleFactor: 1.5 };
const DARK_HAND: BrowserContextOptions = { ...HAND, colorScheme: 'dark' };

// `npm run screenshots`: a short play with the demo people, and what they see, into docs/images.
test('the rooms', async () => {
  mkdirSync(FOLDER, { recursive: true });
  const kindline = await Kindline.start();
  const people = await People.start(kindline);
  try {
    await picking(people);
    await talking(people);
    await counselling(people);
    await supporting(people);
    await booking(people, kindline);
    await administering(people);
  } finally {
    await people.stop();
    await kindline.stop();
  }
});

async function shoot(page: Page, name: string): Promise<void> {
  // Whatever was just clicked has settled, and no cursor blinks.
  await page.mouse.move(0, 0);
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(FOLDER, `${name}.png`), caret: 'hide', animations: 'disabled' });
}

async function picking(people: People): Promise<void> {
  const page = await people.visitor(DESKTOP);
  await page.getByRole('button', { name: 'Be Ada' }).waitFor();
  await shoot(page, 'people');
}

async function talking(people: People): Promise<void> {
  const ada = await people.person('Ada', HAND);
  await ada.getByLabel('What is on your mind?').fill('I moved here for my studies and know nobody yet.');
  await shoot(ada, 'ask');
  await ada.getByRole('button', { name: 'Ask for a chat' }).click();
  await ada.getByText('Waiting for a volunteer').waitFor();
  await shoot(ada, 'waiting');
  const ben = await people.person('Ben', DARK);
  await ben.getByRole('button', { name: 'Accept' }).waitFor();
  await shoot(ben, 'request-dark');
  await ben.getByRole('button', { name: 'Accept' }).click();
  await Promise.all([chatOf(ada).waitFor(), chatOf(ben).waitFor()]);
  await say(ben, 'Hello! I am here. How long have you been in town?');
  await said(ada, 'How long').waitFor();
  await say(ada, 'Two weeks. The evenings are the hardest.');
  await said(ben, 'Two weeks').waitFor();
  await chatOf(ben)
    .getByRole('button', { name: /^Reply to: Two weeks/ })
    .click();
  await say(ben, 'That makes sense. What did your evenings look like at home?');
  await said(ada, 'That makes sense').waitFor();
  await say(ada, 'We cooked together, mostly.');
  await chatOf(ben).getByLabel('Write a message').pressSequentially('What');
  await ada.getByText('is writing').waitFor();
  await shoot(ada, 'chat-phone');
  await shoot(ben, 'chat-dark');
  const { seeker, helper } = await talk(people, 'Omar', 'Cleo');
  await say(seeker, 'Is anybody there?');
  await said(helper, 'Is anybody there?').waitFor();
  const lena = await people.person('Lena');
  await lena.getByRole('button', { name: 'Ask for a chat' }).click();
  await helper.getByRole('button', { name: 'Accept' }).click();
  await chatOf(lena).waitFor();
  await say(lena, 'Hello, do you have a moment?');
  await helper.getByText('Hello, do you have a moment?').first().waitFor();
  await helper.setViewportSize({ width: 1440, height: 720 });
  await shoot(helper, 'volunteer');
  const dora = await people.person('Dora', DARK_HAND);
  await dora.getByRole('button', { name: 'I would rather speak' }).click();
  await ben.getByRole('button', { name: 'Accept' }).click();
  await chatOf(dora).waitFor();
  await chatOf(dora).getByRole('button', { name: 'Call', exact: true }).click();
  await ben.getByRole('button', { name: 'Answer' }).click();
  await dora.getByText('Talking with Ben').waitFor();
  await shoot(dora, 'call-phone-dark');
  await dora.getByRole('button', { name: 'Hang up' }).click();
}

async function counselling(people: People): Promise<void> {
  const kim = await people.person('Kim', HAND);
  await kim.getByRole('button', { name: 'Navigation' }).click();
  await kim.getByRole('button', { name: 'Anonymous counselling' }).click();
  await kim.getByLabel('What is it about?').fill('Exams');
  await shoot(kim, 'anonymous-ask');
  await kim.getByRole('button', { name: 'Ask for a counsellor' }).click();
  await kim.getByText('You are number 1 in the queue').waitFor();
  await say(kim, 'I cannot sleep before exams, and then I cannot learn.');
  const noor = await people.person('Noor', DESKTOP);
  await noor.getByRole('button', { name: /^Exams/ }).click();
  await said(noor, 'I cannot sleep').waitFor();
  await say(noor, 'That sounds exhausting. When did it begin?');
  await said(kim, 'When did it begin').waitFor();
  await say(kim, 'In my second term.');
  await said(noor, 'In my second term').waitFor();
  await noor
    .getByRole('complementary', { name: 'Summary' })
    .getByText(/Of \d message/)
    .waitFor();
  await shoot(noor, 'counsellor');
  await shoot(kim, 'anonymous-chat');
}

async function supporting(people: People): Promise<void> {
  const ada = await people.person('Ada', DESKTOP);
  await ada.getByRole('button', { name: 'Support' }).click();
  await ada.getByRole('button', { name: 'New question' }).click();
  await ada.getByLabel('Subject').fill('My account');
  await ada.getByLabel('What can we do for you?').fill('I cannot change my e-mail address.');
  await ada.getByRole('button', { name: 'Send', exact: true }).click();
  const gus = await people.person('Gus', DESKTOP);
  await gus.getByRole('button', { name: /^My account/ }).click();
  await say(gus, 'Let me look. Which address is it now?');
  await said(ada, 'Let me look').waitFor();
  await shoot(gus, 'agent');
}

async function booking(people: People, kindline: Kindline): Promise<void> {
  await kindline.book('demo-fay', 'Morning meditation');
  const fay = await people.person('Fay', DESKTOP);
  await fay.getByText('came while you were away').waitFor();
  await kindline.book('demo-fay', 'Evening yoga');
  await fay.getByText('just came').waitFor();
  await shoot(fay, 'bookings');
}

async function administering(people: People): Promise<void> {
  const alex = await people.person('Alex', DESKTOP);
  await alex.getByRole('main').getByRole('heading').first().waitFor();
  await alex.waitForTimeout(1_500);
  await shoot(alex, 'admin');
}
