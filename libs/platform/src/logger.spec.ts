import { serializeError } from './logger';

const coded = (message: string, code: string) => Object.assign(new Error(message), { code });

describe('an error in the log', () => {
  it('of Postgres is without the message, which quotes values', () => {
    const line = serializeError(coded('invalid input: "what Noor wrote"', '22P02'));
    expect(line).toMatchObject({ message: 'the database refused a statement', code: '22P02' });
    expect(JSON.stringify(line)).not.toContain('Noor');
  });

  it.each(['EPIPE', 'ECONNREFUSED', 'EBUSY'])('of the system keeps it: %s', (code) => {
    expect(serializeError(coded(`write ${code}`, code))).toMatchObject({ message: `write ${code}`, code });
  });
});
