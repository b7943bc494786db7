import type { Page } from 'playwright-core';
import { eventually } from '@kindline/testing';
import { Issuer } from './issuer';
import { Kindline } from './kindline';
import { People, withBrowser } from './people';

jest.setTimeout(60_000);

const EXPIRES_IN_S = 2;

withBrowser('signing in at an issuer', () => {
  let kindline: Kindline;
  let people: People;
  let issuer: Issuer;
  let ada: Page;

  beforeAll(async () => {
    kindline = await Kindline.start();
    people = await People.start(kindline);
    issuer = await Issuer.start(await kindline.tokenOf('Ada'), EXPIRES_IN_S);
    // The policy of a server without demo people would name the issuer.
    ada = await people.blank({ bypassCSP: true });
    await ada.route('**/console/config.json', async (route) => {
      const config = (await (await route.fetch()).json()) as object;
      const oidc = { authority: issuer.url, clientId: 'console', scope: 'openid offline_access' };
      await route.fulfill({ json: { ...config, demo: false, oidc } });
    });
  });
  afterAll(async () => {
    issuer?.stop();
    await people?.stop();
    await kindline?.stop();
  });

  const isSignedIn = (): Promise<void> => ada.getByRole('banner').getByText('Ada', { exact: true }).waitFor();

  it('leads there, asks who one is, and back, and leaves no code in the address', async () => {
    await ada.goto(kindline.console);
    await ada.getByRole('button', { name: 'Sign in' }).click();
    await isSignedIn();
    expect(ada.url()).toBe(kindline.console);
    expect(issuer.prompt).toBe('login');
  });

  it('stays signed in while the issuer cannot be reached, and uses no refresh token twice', async () => {
    issuer.isAway = true;
    await ada.context().setOffline(true);
    await ada.getByText('You are offline').waitFor();
    await ada.waitForTimeout(EXPIRES_IN_S * 1000);
    await ada.context().setOffline(false);
    // Some tries later.
    await ada.waitForTimeout(2_000);
    await isSignedIn();
    issuer.isAway = false;
    const before = issuer.renewals;
    await eventually('it has a new token', () => issuer.renewals > before);
    await ada.getByText('You are offline').waitFor({ state: 'hidden' });
    await isSignedIn();
    expect(issuer.reused).toBe(0);
  });
});
