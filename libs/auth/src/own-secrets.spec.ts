import { ChatTokens } from './chat-tokens';
import { TokenVerifier } from './tokens';

const OLD = 'the-old-secret-5sHj8NcF2gUa0vB7mYw3';
const NEW = 'the-new-secret-q9Zr1TzLx0vB7mYw3KpD';
const refused = { code: 'unauthenticated' };
const verifier = (JWT_SECRET: string, JWT_SECRET_PREVIOUS?: string) =>
  new TokenVerifier({ JWT_SECRET, JWT_SECRET_PREVIOUS, BACKEND_SERVICE_TOKEN: [] });
const chat = (JWT_SECRET: string, JWT_SECRET_PREVIOUS?: string) =>
  new ChatTokens({ JWT_SECRET, JWT_SECRET_PREVIOUS });
const seat = { sessionId: 'session', anonymousId: 'anonymous', role: 'student' } as const;

describe('a secret is rotated', () => {
  it("accepts the previous one's tokens and signs with the new one", async () => {
    const rotating = verifier(NEW, OLD);
    const { token: before } = await verifier(OLD).mint({ sub: 'ann', roles: ['user'] });
    expect(await rotating.verify(before)).toMatchObject({ sub: 'ann' });
    const { token: after } = await rotating.mint({ sub: 'ann', roles: ['user'] });
    expect(await verifier(NEW).verify(after)).toMatchObject({ sub: 'ann' });
    await expect(verifier(OLD).verify(after)).rejects.toMatchObject(refused);
  });

  it('accepts tokens of a secret that is yet to come', async () => {
    const { token } = await verifier(NEW).mint({ sub: 'ann', roles: ['user'] });
    expect(await verifier(OLD, NEW).verify(token)).toMatchObject({ sub: 'ann' });
  });

  it("refuses the previous one's once it is gone, and any other secret's", async () => {
    const { token } = await verifier(OLD).mint({ sub: 'ann', roles: ['user'] });
    await expect(verifier(NEW).verify(token)).rejects.toMatchObject(refused);
    const { token: forged } = await verifier('x'.repeat(40)).mint({ sub: 'ann', roles: ['admin'] });
    await expect(verifier(NEW, OLD).verify(forged)).rejects.toMatchObject(refused);
  });

  it("refuses a previous one's token that has expired", async () => {
    const { token } = await verifier(OLD).mint({ sub: 'ann', roles: ['user'], expiresIn: -1 });
    await expect(verifier(NEW, OLD).verify(token)).rejects.toMatchObject({
      ...refused,
      message: 'The token has expired',
    });
  });

  it('is the same for chat tokens', async () => {
    const token = await chat(OLD).mint(seat);
    expect(await chat(NEW, OLD).verify(token)).toMatchObject(seat);
    await expect(chat(NEW).verify(token)).rejects.toMatchObject(refused);
    await expect(chat(OLD).verify(await chat(NEW, OLD).mint(seat))).rejects.toMatchObject(refused);
  });
});
