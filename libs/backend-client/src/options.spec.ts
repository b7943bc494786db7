import { type BackendClientOptions, readOptions } from './options';

const read = (more: Partial<Record<keyof BackendClientOptions, unknown>>) =>
  readOptions({ url: 'https://api.example.org', token: 'secret', ...more } as BackendClientOptions);

describe('options', () => {
  it.each([
    ['url', undefined],
    ['url', 'api.example.org'],
    ['url', 'ftp://api.example.org'],
    ['url', 'https://me:secret@api.example.org'],
    ['url', 'https://api.example.org/?token=secret'],
    ['gatewayUrl', 'https://chat.example.org/socket'],
    ['gatewayUrl', 5],
    ['token', undefined],
    ['token', ''],
    ['token', 'secret\n'],
    ['timeoutMs', 0],
    ['timeoutMs', 2 ** 31],
    ['requestTimeoutMs', 1.5],
    ['maxRequests', '4'],
  ])('%s %p is refused by its name, and nothing is quoted', (name, value) => {
    const refused = () => read({ [name]: value });
    expect(refused).toThrow(TypeError);
    expect(refused).toThrow(name);
    expect(refused).not.toThrow('secret');
  });

  it('has defaults', () => {
    expect(read({})).toMatchObject({
      endpoint: 'https://api.example.org/api/bookings/notifications',
      timeoutMs: 60_000,
      requestTimeoutMs: 10_000,
      maxRequests: 4,
    });
  });
});
