import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';
import { CHROMIUM, CHROMIUM_FLAGS } from '@kindline/testing';
import { Kindline } from './kindline';

/** `describe`, or one clear line where there is no Chromium. */
export const withBrowser: typeof describe = CHROMIUM ? describe : describe.skip;
if (!CHROMIUM) process.stderr.write('no Chromium on the PATH: the console is not tried in a browser\n');

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 360, height: 740 };

/** A browser in which everybody has a profile of their own. */
export class People {
  private constructor(
    private readonly browser: Browser,
    private readonly kindline: Kindline,
  ) {}

  static async start(kindline: Kindline): Promise<People> {
    const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: CHROMIUM_FLAGS });
    return new People(browser, kindline);
  }

  /** A profile of its own with nothing in it, and no page opened. */
  async blank(options: BrowserContextOptions = {}): Promise<Page> {
    const context: BrowserContext = await this.browser.newContext({
      viewport: DESKTOP,
      locale: 'en-GB',
      reducedMotion: 'reduce',
      ...options,
    });
    context.setDefaultTimeout(10_000);
    return context.newPage();
  }

  /** The console as somebody who is not signed in sees it. */
  async visitor(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.blank(options);
    await page.goto(this.kindline.console);
    return page;
  }

  /** One of the demo people, signed in and connected, in a profile of their own. */
  async person(name: string, options: BrowserContextOptions = {}): Promise<Page> {
    return this.signIn(await this.blank(options), name);
  }

  /** The same in a page that is there. */
  async signIn(page: Page, name: string): Promise<Page> {
    await page.goto(this.kindline.console);
    await page.getByRole('button', { name: `Be ${name}`, exact: true }).click();
    await page.getByRole('banner').getByText(name, { exact: true }).waitFor();
    return page;
  }

  async stop(): Promise<void> {
    await this.browser.close();
  }
}

/** For a whole spec file: what `npm start` starts, and a browser. */
export function stage(more: () => Record<string, string> = () => ({})): {
  kindline: Kindline;
  people: People;
} {
  const started = {} as { kindline: Kindline; people: People };
  beforeAll(async () => {
    started.kindline = await Kindline.start(more());
    started.people = await People.start(started.kindline);
  });
  afterAll(async () => {
    await started.people?.stop();
    await started.kindline?.stop();
  });
  return started;
}

/** The chat on the screen; the first one where there are several. */
export const chatOf = (page: Page): Locator => page.getByRole('region', { name: /^Conversation/ }).first();

/** What somebody has said, on the screen. */
export const said = (page: Page, content: string): Locator =>
  chatOf(page).locator('[data-message]').filter({ hasText: content });

export async function say(page: Page, content: string): Promise<void> {
  const field = chatOf(page).getByLabel('Write a message');
  await field.fill(content);
  await field.press('Enter');
}

/** What has been said, as the page shows it. */
export const messagesOf = (page: Page): Promise<string[]> =>
  chatOf(page).locator('[data-message] [dir=auto]').allTextContents();

/** What became of the newest own message. */
export const stateOfLast = (page: Page): Promise<string | null> =>
  chatOf(page).locator('[data-state]').last().getAttribute('data-state');

/** Two people who talk, each on a page of their own. */
export async function talk(
  people: People,
  seeking: string,
  helping: string,
): Promise<{ seeker: Page; helper: Page }> {
  const [seeker, helper] = await Promise.all([people.person(seeking), people.person(helping)]);
  await seeker.getByRole('button', { name: 'Ask for a chat' }).click();
  await helper.getByRole('button', { name: 'Accept' }).click();
  await Promise.all([chatOf(seeker).waitFor(), chatOf(helper).waitFor()]);
  return { seeker, helper };
}
