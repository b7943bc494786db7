import { readEnv } from '@kindline/platform';
import { sessionApiEnv } from './session-api-env';

const good = {
  DATABASE_URL: 'postgres://kindline@127.0.0.1/kindline',
  REDIS_URL: 'redis://127.0.0.1:6379',
  JWT_SECRET: 'q9Zr1TzLx0vB7mYw3KpD5sHj8NcF2gUa',
};
const SUMMARY_API_URL = 'https://api.example.org/v1';
const SUMMARY_API_KEY = 'sk-a-key';
const SUMMARY_MODEL = 'some-model';

describe('the settings of summaries', () => {
  it.each([
    {},
    { SUMMARY_API_URL, SUMMARY_MODEL },
    { SUMMARY_API_URL, SUMMARY_API_KEY, SUMMARY_MODEL },
    { SUMMARY_API_URL: 'http://127.0.0.1:8080/v1', SUMMARY_MODEL },
    { SUMMARY_API_URL: '', SUMMARY_API_KEY: '', SUMMARY_MODEL: '' },
  ])('take %j', (more) => {
    const given = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== ''));
    expect(readEnv(sessionApiEnv, { ...good, ...more })).toMatchObject(given);
  });

  it.each([
    [
      { SUMMARY_API_URL },
      'SUMMARY_API_URL: needs SUMMARY_MODEL as well (example: https://api.example.org/v1)',
    ],
    [{ SUMMARY_MODEL }, 'SUMMARY_MODEL: needs SUMMARY_API_URL as well (example: gpt-5-mini)'],
    [{ SUMMARY_API_KEY }, 'SUMMARY_API_KEY: needs SUMMARY_API_URL as well'],
    [
      { SUMMARY_API_URL: 'api.example.org', SUMMARY_MODEL },
      'SUMMARY_API_URL: must be an http:// or https:// URL',
    ],
    [
      { SUMMARY_API_URL: 'ftp://example.org', SUMMARY_MODEL },
      'SUMMARY_API_URL: must be an http:// or https:// URL',
    ],
    [
      { SUMMARY_API_URL: 'https://a:b@example.org', SUMMARY_MODEL },
      'SUMMARY_API_URL: must be an http:// or https:// URL',
    ],
    [
      { SUMMARY_API_URL, SUMMARY_MODEL, SUMMARY_API_KEY: 'two words' },
      'SUMMARY_API_KEY: must be visible ASCII characters',
    ],
  ])('refuse %j', (more, sentence) => {
    expect(() => readEnv(sessionApiEnv, { ...good, ...more })).toThrow(sentence);
  });
});
