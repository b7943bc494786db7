import { eventually, scrape } from '@kindline/testing';
import { PushWorld } from './push-world';

jest.setTimeout(60_000);

describe("the worker's metrics", () => {
  it('count pushes by outcome, the requests to FCM, and the jobs', async () => {
    const world = await PushWorld.start();
    try {
      const before = await scrape(world.worker.port);
      expect(before.get('kindline_fcm_configured')).toBe(1);
      expect(before.get('kindline_push_call_seconds_count')).toBe(0);
      const [user, good, gone] = [
        await world.owner('user'),
        await world.volunteer(),
        await world.volunteer('unregistered-'),
      ];
      await world.request(user, good, gone);
      await eventually('both pushes are counted', async () => {
        const seen = await scrape(world.worker.port);
        return (
          seen.get('kindline_pushes_total{outcome="accepted"}') === 1 &&
          seen.get('kindline_pushes_total{outcome="rejected"}') === 1
        );
      });
      const seen = await scrape(world.worker.port);
      expect(seen.get('kindline_push_call_seconds_count')).toBe(2);
      const done =
        'kindline_job_duration_seconds_count{queue="push",task="notifications.send",outcome="done"}';
      await eventually(
        'the job is counted',
        async () => ((await scrape(world.worker.port)).get(done) ?? 0) > 0,
      );
    } finally {
      await world.stop();
    }
  });

  it('say that there are no credentials for FCM', async () => {
    const world = await PushWorld.start({ configured: false });
    try {
      expect((await scrape(world.worker.port)).get('kindline_fcm_configured')).toBe(0);
    } finally {
      await world.stop();
    }
  });
});
