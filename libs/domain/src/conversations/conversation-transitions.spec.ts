import { conversationStatesBefore } from './conversation-transitions';

describe('the moves of a conversation', () => {
  it('end it once', () => {
    expect(conversationStatesBefore('ended')).toEqual(['active']);
  });

  it('never open it again', () => {
    expect(conversationStatesBefore('active')).toEqual([]);
  });
});
