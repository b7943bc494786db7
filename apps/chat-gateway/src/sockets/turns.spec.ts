import { Turns } from './turns';

describe('the turns of a socket', () => {
  let turns: Turns;
  let started: string[];

  beforeEach(() => {
    turns = new Turns();
    started = [];
  });
  const enter = (name: string, alone = false): void => turns.enter(alone, () => started.push(name));

  it('are taken side by side where order does not matter', () => {
    for (const name of ['a', 'b', 'c']) enter(name);
    expect(started).toEqual(['a', 'b', 'c']);
  });

  it('wait for everything before one that runs alone, and then for it', () => {
    enter('a');
    enter('b');
    enter('end', true);
    enter('c');
    enter('d');
    expect(started).toEqual(['a', 'b']);
    turns.done();
    expect(started).toEqual(['a', 'b']);
    turns.done();
    expect(started).toEqual(['a', 'b', 'end']);
    turns.done();
    expect(started).toEqual(['a', 'b', 'end', 'c', 'd']);
  });

  it('keep the order of several that run alone', () => {
    for (const name of ['ask', 'cancel', 'ask again']) enter(name, true);
    expect(started).toEqual(['ask']);
    turns.done();
    expect(started).toEqual(['ask', 'cancel']);
    turns.done();
    turns.done();
    enter('after');
    expect(started).toEqual(['ask', 'cancel', 'ask again', 'after']);
  });

  it('go on when one is done before it returns', () => {
    turns.enter(true, () => {
      started.push('at once');
      turns.done();
    });
    enter('next', true);
    expect(started).toEqual(['at once', 'next']);
  });
});
