import { PROGRAMS } from '@kindline/contracts';
import { ConfigError } from '@kindline/platform';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { betterTogether } from './better-together';
import { companion as companionProgram } from './companion';
import { Programs } from './programs';
import { support as supportProgram } from './support';

describe('Programs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kindline-programs-'));
  const path = join(folder, 'programs.json');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const load = (content: unknown): Programs => {
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return Programs.fromFile(path);
  };
  const sentencesOf = (content: unknown): readonly string[] => {
    try {
      load(content);
    } catch (error) {
      if (error instanceof ConfigError) return error.sentences;
      throw error;
    }
    throw new Error('the file was taken');
  };

  it('are the built-in ones without a file', () => {
    expect(Programs.fromFile(undefined).get('better_together')).toEqual(betterTogether);
  });

  it("lay the file's values over the built-in ones and keep the rest", () => {
    const program = load({
      better_together: { inactivityAfter: '30s', followUpsAfter: ['1m'], capacity: 5 },
    });
    expect(program.get('better_together')).toEqual({
      ...betterTogether,
      inactivityAfter: 30_000,
      followUpsAfter: [60_000],
      capacity: 5,
    });
  });

  it("take every key of the contract's", () => {
    const better_together = {
      inviteSize: 15,
      fallbackSize: 10,
      reinviteEvery: '10m',
      expireAfter: '24h',
      reminderAfter: '5m',
      followUpsAfter: ['6h', '10h'],
      expiryWarningBefore: '1h',
      unopenedEndAfter: '24h',
      inactivityAfter: '6h',
      sessionTimer: '40m',
      escalateAfter: '30m',
      capacity: 2,
    };
    const companion = {
      expireAfter: '5m',
      inactivityAfter: '2h',
      pushEvery: '1m',
      offlinePushSize: 50,
      capacity: 5,
    };
    const counseling = { retention: '24h', lostAfter: '2m', capacity: 3 };
    const programs = load({ better_together, companion, counseling, support: { capacity: 20 } });
    expect(programs.get('better_together')).toEqual(betterTogether);
    expect(programs.get('companion')).toEqual(companionProgram);
    expect(programs.get('support')).toEqual(supportProgram);
    expect(load({ support: { capacity: 7 } }).get('support')).toEqual({ ...supportProgram, capacity: 7 });
  });

  it.each([
    ['an unknown key', { better_together: { inactivityafter: '6h' } }, /better_together.*inactivityafter/],
    ['an unknown program', { better_togther: {} }, /better_togther/],
    ['a bad duration', { better_together: { reinviteEvery: '10 minutes' } }, /reinviteEvery.*such as 500ms/],
    ['a number for a duration', { better_together: { expireAfter: 5 } }, /expireAfter.*must be a duration/],
    ['a bad follow-up', { better_together: { followUpsAfter: ['6h', 'x'] } }, /followUpsAfter\.1.*duration/],
    ['too many follow-ups', { better_together: { followUpsAfter: ['1h', '2h', '3h'] } }, /followUpsAfter/],
    ['a negative capacity', { better_together: { capacity: -1 } }, /capacity/],
    ['a list', [], /the file/],
  ])('refuse %s with one sentence that names the file and the place', (_what, content, expected) => {
    const sentences = sentencesOf(content);
    expect(sentences).toHaveLength(1);
    expect(sentences[0]).toContain(`PROGRAMS_FILE ${path}`);
    expect(sentences[0]).toMatch(expected);
    expect(sentences[0]).toContain('(example: {"better_together":');
  });

  it('name every wrong value at once', () => {
    const wrong = { better_together: { capacity: 'two', expireAfter: 'never' } };
    expect(sentencesOf(wrong)).toHaveLength(2);
  });

  it('refuse a file that is missing or not JSON', () => {
    const missing = join(folder, 'missing.json');
    expect(() => Programs.fromFile(missing)).toThrow(`PROGRAMS_FILE ${missing} could not be read as JSON`);
    expect(sentencesOf('{ not json')).toEqual([expect.stringContaining('could not be read as JSON')]);
  });

  it('have every program that a client can name', () => {
    expect(new Programs().all().map(({ name }) => name)).toEqual([...PROGRAMS]);
  });
});
