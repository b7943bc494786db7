import { betterTogether } from '../programs/better-together';
import type { Program } from '../programs/program';
import { conversationTimers, silenceLookAfter, unopenedStages, unopenedTimer } from './conversation-timers';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const program = (values: Partial<Program>): Program => ({ ...betterTogether, ...values });

describe('unopenedStages', () => {
  it('are the reminder, two follow-ups, the warning and the end', () => {
    expect(unopenedStages(betterTogether)).toEqual([
      { stage: 'reminder', after: 5 * MINUTE },
      { stage: 'follow_up_1', after: 6 * HOUR },
      { stage: 'follow_up_2', after: 10 * HOUR },
      { stage: 'expiry_warning', after: 23 * HOUR },
      { stage: 'end', after: 24 * HOUR },
    ]);
  });

  it.each([
    ['no follow-ups', { followUpsAfter: [] }, ['reminder', 'expiry_warning', 'end']],
    ['one follow-up', { followUpsAfter: [HOUR] }, ['reminder', 'follow_up_1', 'expiry_warning', 'end']],
    ['no reminder', { reminderAfter: null, followUpsAfter: [] }, ['expiry_warning', 'end']],
    ['no end', { unopenedEndAfter: null }, ['reminder', 'follow_up_1', 'follow_up_2']],
    ['no warning', { expiryWarningBefore: null, followUpsAfter: [] }, ['reminder', 'end']],
    ['an end before all of them', { unopenedEndAfter: MINUTE }, ['end']],
    ['a step at the end', { unopenedEndAfter: 6 * HOUR }, ['reminder', 'expiry_warning', 'end']],
    ['a warning at acceptance', { unopenedEndAfter: HOUR, followUpsAfter: [] }, ['reminder', 'end']],
    ['a warning before acceptance', { unopenedEndAfter: 30 * MINUTE }, ['reminder', 'end']],
    ['an end at once', { unopenedEndAfter: 0 }, ['end']],
  ])('with %s are %j', (_what, values, stages) => {
    expect(unopenedStages(program(values)).map(({ stage }) => stage)).toEqual(stages);
  });
});

describe('unopenedTimer', () => {
  const accepted = new Date('2030-01-01T00:00:00Z');

  it('is due when its stage is, counted from acceptance', () => {
    expect(unopenedTimer(betterTogether, 'c1', accepted, 1)).toEqual([
      {
        queue: 'timers',
        task: 'conversation.unopened',
        payload: { conversationId: 'c1', stage: 1 },
        runAt: new Date('2030-01-01T06:00:00Z'),
        key: 'conversation:c1:unopened',
      },
    ]);
  });

  it('is none after the last stage', () => {
    expect(unopenedTimer(betterTogether, 'c1', accepted, 5)).toEqual([]);
  });
});

describe('silenceLookAfter', () => {
  it.each([
    [6 * HOUR, HOUR, 5 * HOUR],
    [30 * MINUTE, HOUR, 30 * MINUTE],
    [HOUR, HOUR, HOUR],
    [HOUR, null, HOUR],
    [null, HOUR, null],
  ])('of an end after %p with a warning %p before it is %p', (inactivityAfter, expiryWarningBefore, look) => {
    expect(silenceLookAfter(program({ inactivityAfter, expiryWarningBefore }))).toBe(look);
  });
});

describe('conversationTimers', () => {
  it('are one unopened step and one look at the silence', () => {
    const tasks = conversationTimers(betterTogether, 'c1', new Date(0)).map(({ task, runAt }) => [
      task,
      runAt?.getTime(),
    ]);
    expect(tasks).toEqual([
      ['conversation.unopened', 5 * MINUTE],
      ['conversation.silence', 5 * HOUR],
    ]);
  });

  it('are none where a program knows neither', () => {
    const quiet = program({
      reminderAfter: null,
      followUpsAfter: [],
      unopenedEndAfter: null,
      inactivityAfter: null,
    });
    expect(conversationTimers(quiet, 'c1', new Date(0))).toEqual([]);
  });
});
