import { createCalls } from '../src/calls/calls';
import { SocketConnection } from '../src/connection/socket-connection';
import { Tokens } from '../src/tokens';

describe('calls where there is no browser', () => {
  it('say so, and nothing else happens', async () => {
    const connection = new SocketConnection('http://127.0.0.1:1', new Tokens(() => null));
    const calls = createCalls(connection);
    await expect(calls.start('a conversation')).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('browser'),
    });
    expect(calls.current.get()).toBeNull();
  });
});
