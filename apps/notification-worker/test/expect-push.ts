import type { Owner, PushWorld } from './push-world';

export interface ExpectedPush {
  title: string;
  body: string | RegExp;
  channel: string;
  priority: 'high' | 'normal';
  screen: string;
  /** What else `data` has. */
  about: { chat_id: string } | { session_id: string } | object;
  ttl?: string;
}

/** It counts from the cause: what the way to the phone took is gone by then. */
function expectTtl(ttl: string | undefined, expected: string | undefined): void {
  if (ttl === undefined || expected === undefined) return expect(ttl).toBe(expected);
  expect(ttl).toMatch(/^\d+s$/);
  const spent = Number.parseInt(expected) - Number.parseInt(ttl);
  expect(spent).toBeGreaterThanOrEqual(0);
  expect(spent).toBeLessThan(10);
}

/** Expects exactly one push of this kind, in the log and on the phone. */
export async function expectPush(
  world: PushWorld,
  owner: Owner,
  kind: string,
  expected: ExpectedPush,
): Promise<void> {
  const delivery = await world.outcome(owner, kind);
  expect(delivery).toMatchObject({
    status: 'accepted',
    reason: null,
    attempts: 1,
    title: expected.title,
    channelKey: expected.channel,
    screen: expected.screen,
    chat_id: 'chat_id' in expected.about ? expected.about.chat_id : null,
  });
  const pushes = await world.pushes(owner, kind);
  expect(pushes).toHaveLength(1);
  const [push] = pushes;
  expect(push?.notification.title).toBe(expected.title);
  if (typeof expected.body === 'string') expect(push?.notification.body).toBe(expected.body);
  else expect(push?.notification.body).toMatch(expected.body);
  expect(push?.data).toEqual({
    kind,
    screen: expected.screen,
    channelKey: expected.channel,
    notification_id: delivery.notification_id,
    ...expected.about,
  });
  expect(push?.android).toMatchObject({
    priority: expected.priority,
    notification: { channelId: expected.channel },
  });
  expectTtl(push?.android.ttl, expected.ttl);
  expect(push?.validate_only).toBe(false);
}
