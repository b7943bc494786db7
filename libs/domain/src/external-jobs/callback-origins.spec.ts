import { callbackOrigins, refusedCallback } from './callback-origins';

describe('JOB_CALLBACK_ORIGINS', () => {
  it('is a list of origins, and empty by default', () => {
    expect(callbackOrigins.parse(undefined)).toEqual([]);
    expect(callbackOrigins.parse(' https://a.example.org, http://10.0.0.7:8080,http://[::1]:4000 ')).toEqual([
      'https://a.example.org',
      'http://10.0.0.7:8080',
      'http://[::1]:4000',
    ]);
  });

  it.each([
    'a.example.org',
    'https://a.example.org/',
    'https://a.example.org/hooks',
    'https://a.example.org?x',
    'https://user@a.example.org',
    'https://A.example.org',
    'https://a.example.org:443',
    'ftp://a.example.org',
    'https://*.example.org',
    'https://a.example.org;https://b.example.org',
    '*',
    'null',
    'https://ok.example.org,nonsense',
  ])('refuses %s', (value) => {
    expect(callbackOrigins.safeParse(value).success).toBe(false);
  });
});

describe('a callback URL', () => {
  const origins = ['http://127.0.0.1:4000', 'https://hooks.example.org', 'http://[::1]:4000'];

  it.each([
    'http://127.0.0.1:4000',
    'http://127.0.0.1:4000/a?b=c#d',
    'http://127.0.0.1:4000?b',
    'https://hooks.example.org/',
    'https://hooks.example.org:443/a@b',
    'HTTPS://Hooks.Example.org/',
    'http://[::1]:4000/x',
  ])('may be %s', (url) => {
    expect(refusedCallback(url, origins)).toBeUndefined();
  });

  it.each([
    // another origin
    'https://127.0.0.1:4000/',
    'http://127.0.0.1:4001/',
    'http://127.0.0.1/',
    'http://hooks.example.org/',
    'https://hooks.example.org.:443/',
    'https://hooks.example.org./',
    'https://hooks.example.org.evil.example/',
    'https://evil.example/https://hooks.example.org/',
    'https://evil.example?https://hooks.example.org/',
    'https://evilhooks.example.org/',
    'http://localhost:4000/',
    // user names and passwords
    'http://hooks.example.org@127.0.0.1/',
    'http://127.0.0.1:4000@evil.example/',
    'http://x:y@127.0.0.1:4000/',
    'http://@127.0.0.1:4000/',
    'https://hooks.example.org\\@evil.example/',
    'https://evil.example\\@hooks.example.org/',
    // other spellings
    'http://127.1:4000/',
    'http://2130706433:4000/',
    'http://0x7f.0.0.1:4000/',
    'http://0177.0.0.1:4000/',
    'http://127.0.0.1.:4000/',
    'http://[::ffff:127.0.0.1]:4000/',
    'http://[0:0:0:0:0:0:0:1]:4000/',
    'http://%31%32%37.0.0.1:4000/',
    'http://127。0。0。1:4000/',
    'http:127.0.0.1:4000/',
    'http:/127.0.0.1:4000/',
    'http:\\\\127.0.0.1:4000/',
    'http:///127.0.0.1:4000/',
    ' http://127.0.0.1:4000/',
    'http://127.0.0.1:4000\t/',
    'http://127.0.0.1:04000/',
    'http://127.0.0.1:',
    // other schemes
    'ftp://127.0.0.1:4000/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:,x',
    'ws://127.0.0.1:4000/',
    'unix:///var/run/docker.sock',
    '//127.0.0.1:4000/',
    '/path',
    '',
    'null',
  ])('may not be %s', (url) => {
    expect(refusedCallback(url, origins)).toEqual(expect.any(String));
  });

  it('may be none at all when the list is empty', () => {
    expect(refusedCallback('http://127.0.0.1:4000/', [])).toContain('JOB_CALLBACK_ORIGINS');
  });
});
