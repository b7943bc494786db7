import type { AppendedMessage } from '@kindline/contracts';
import { catchUpWith, changeMembers, type Followed, keepMembers } from './newcomers';

const message = (seq: number): AppendedMessage => ({
  id: `message-${seq}`,
  seq,
  conversationId: 'conversation',
  senderId: 'somebody',
  senderSub: 'somebody',
  senderEmail: null,
  content: 'hello',
  type: 'text',
  replyTo: null,
  createdAt: '2030-01-07T09:00:00.000Z',
});

describe('somebody who joins a conversation that is followed', () => {
  const newcomer = { id: 'new', joinedSeq: 2 };
  let followed: Followed;
  let shown: number[];

  beforeEach(() => {
    followed = { memberIds: ['old'], next: 5 };
    shown = [];
  });
  /** Reads two messages at a time; `meanwhile` happens during the first read. */
  const catchUp = (stored: number, meanwhile: () => void = () => undefined): Promise<void> => {
    let reads = 0;
    return catchUpWith(followed, newcomer, {
      repair: async () => {
        followed.next = stored + 1;
      },
      fetch: async (after) => {
        if (reads++ === 0) meanwhile();
        return [after + 1, after + 2].filter((seq) => seq <= stored).map(message);
      },
      show: ({ seq }) => shown.push(seq),
    });
  };

  it('is shown what came since, and only then counts among the others', async () => {
    expect(changeMembers(followed, ['old', 'new'], [newcomer])).toEqual([newcomer]);
    expect(followed.memberIds).toEqual(['old']);
    await catchUp(4);
    expect(shown).toEqual([3, 4]);
    expect(followed.memberIds).toEqual(['old', 'new']);
  });

  it('is shown in its order what the others are shown meanwhile', async () => {
    changeMembers(followed, ['old', 'new'], [newcomer]);
    await catchUp(7, () => (followed.next = 8));
    expect(shown).toEqual([3, 4, 5, 6, 7]);
  });

  it('is shown nothing older where the others are behind', async () => {
    followed.next = 1;
    changeMembers(followed, ['old', 'new'], [newcomer]);
    await catchUp(3);
    expect(shown).toEqual([3]);
  });

  it('counts among the others at once where there is nothing between', () => {
    expect(changeMembers(followed, ['old', 'new'], [{ id: 'new', joinedSeq: 4 }])).toEqual([]);
    expect(followed.memberIds).toEqual(['old', 'new']);
  });

  it('is no member any more who has left meanwhile', async () => {
    changeMembers(followed, ['old', 'new'], [newcomer]);
    await catchUp(4, () => void changeMembers(followed, ['old'], []));
    expect(followed.memberIds).toEqual(['old']);
    expect(shown).toEqual([]);
  });

  it('is shown nothing more, as the others are, who is not kept', async () => {
    followed.memberIds = ['old', 'older'];
    changeMembers(followed, ['old', 'older', 'new'], [newcomer]);
    await catchUp(4, () => keepMembers(followed, ['older', 'somebody else']));
    expect(followed.memberIds).toEqual(['older']);
    expect(shown).toEqual([]);
  });

  it('counts among the others also when what came since could not be read', async () => {
    changeMembers(followed, ['old', 'new'], [newcomer]);
    const failing = catchUp(4, () => {
      throw new Error('no database');
    });
    await expect(failing).rejects.toThrow('no database');
    expect(followed.memberIds).toEqual(['old', 'new']);
  });
});
