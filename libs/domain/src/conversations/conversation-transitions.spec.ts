import { conversationStatesBefore } from './conversation-transitions';

describe('the moves of a conversation', () => {
  it('end it once', () => {
    expect(conversationStatesBefore('ended')).toEqual(['active']);
  });

  it('open it again only after its end', () => {
    expect(conversationStatesBefore('active')).toEqual(['ended']);
  });
});
