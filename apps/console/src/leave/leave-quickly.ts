import type { KindlineClient } from '@kindline/client';
import type { SignIn } from '../session/sign-in';
import { tellOtherTabs } from './other-tabs';

/** A new page that has not come by then is asked for again by the next key press. */
const PATIENCE_MS = 3000;

let leftAt = -Infinity;

/**
 * Puts another page in place of this one, at once. Afterwards nothing of it is on the screen, in the storage of
 * this browser or behind its Back button: the app never adds an entry to the history, and its only one is
 * replaced. Unsent messages are gone as well. Other tabs of the same person leave, too.
 */
export function leaveQuickly(client: KindlineClient | null, signIn: SignIn, leaveUrl: string): void {
  // Somebody in a hurry presses more than once: beginning anew each time would only take longer.
  if (performance.now() - leftAt < PATIENCE_MS) return;
  leftAt = performance.now();
  // First of all what can be seen: the new page may take a while.
  document.body.replaceChildren();
  const sub = client?.me.get()?.sub;
  if (sub !== undefined) tellOtherTabs(sub);
  keepNothing();
  signIn.forget();
  // Without waiting: until this page is gone it may still be busy with what it wanted to send.
  client?.forget().catch(() => undefined);
  location.replace(leaveUrl);
}

/** Empties the storage of this browser, and has whatever this page still does leave nothing in it. */
function keepNothing(): void {
  Storage.prototype.setItem = () => undefined;
  const clear = (): void => {
    localStorage.clear();
    sessionStorage.clear();
  };
  clear();
  window.addEventListener('pagehide', clear);
}
