import { Mailbox } from './mailbox';

it('forgets the oldest rather than growing for ever', () => {
  const mailbox = new Mailbox();
  const rest = { notification: null, data: null, android: null, validate_only: false, received_at: '' };
  for (let number = 0; number <= 200_000; number++) mailbox.add({ token: String(number), ...rest });
  expect(mailbox.size).toBe(180_001);
  expect(mailbox.newest(1)).toMatchObject([{ token: '200000' }]);
  expect(mailbox.list('0')).toEqual([]);
});
