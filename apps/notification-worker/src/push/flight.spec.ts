import { Agent, request } from 'node:https';
import { FCM_HOST, Flight } from './flight';

/** A request as the SDK makes it; settles with its error's code. */
function send(agent: Agent, host = FCM_HOST): Promise<string | undefined> {
  return new Promise((resolve) => {
    request({ host, method: 'POST', agent })
      .on('error', (error: Error & { code?: string }) => resolve(error.code))
      .end();
  });
}

class NowhereAgent extends Agent {
  override createConnection(...[options, callback]: Parameters<Agent['createConnection']>) {
    return super.createConnection({ ...options, host: '127.0.0.1', port: 1 }, callback);
  }
}

it('has not left while no connection stands', async () => {
  const flight = new Flight();
  expect(await flight.run(() => send(new NowhereAgent()))).toBe('ECONNREFUSED');
  expect(flight.left).toBe(false);
});

it('breaks off a request that is only made after it was cancelled', async () => {
  const flight = new Flight();
  flight.cancel();
  expect(await flight.run(() => send(new NowhereAgent()))).toBe('ECONNRESET');
  expect(flight.left).toBe(false);
});

it("does not take an access token's request for the push", async () => {
  const flight = new Flight();
  flight.cancel();
  expect(await flight.run(() => send(new NowhereAgent(), 'oauth2.googleapis.com'))).toBe('ECONNREFUSED');
});
