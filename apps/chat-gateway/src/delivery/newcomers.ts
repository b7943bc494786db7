import type { AppendedMessage } from '@kindline/contracts';

/** A conversation whose members change while its messages are shown. */
export interface Followed {
  memberIds: string[];
  /** The `seq` to show next. */
  next: number;
  /** New members who are being shown what came since they joined; then they are among the others. */
  joining?: Set<string>;
}

export interface Newcomer {
  id: string;
  joinedSeq: number;
}

/**
 * Sets who its members are now.
 * @param here those of them who are connected here
 * @returns whom `catchUpWith` is for: who joined at another place than the others have been shown up to
 */
export function changeMembers(
  followed: Followed,
  memberIds: readonly string[],
  here: readonly Newcomer[],
): Newcomer[] {
  const joining = new Set([...(followed.joining ?? [])].filter((id) => memberIds.includes(id)));
  const newcomers = here.filter(
    ({ id, joinedSeq }) =>
      !followed.memberIds.includes(id) && !joining.has(id) && joinedSeq !== followed.next - 1,
  );
  for (const { id } of newcomers) joining.add(id);
  followed.joining = joining;
  followed.memberIds = memberIds.filter((id) => !joining.has(id));
  return newcomers;
}

/** Who is none of these is a member no more. */
export function keepMembers(followed: Followed, memberIds: readonly string[]): void {
  followed.memberIds = followed.memberIds.filter((id) => memberIds.includes(id));
  if (followed.joining)
    followed.joining = new Set([...followed.joining].filter((id) => memberIds.includes(id)));
}

/** Shows somebody, alone, what came between their joining and what the others have been shown. */
export async function catchUpWith(
  followed: Followed,
  { id, joinedSeq }: Newcomer,
  ways: {
    /** Shows the others what is missing. */
    repair: () => Promise<void>;
    fetch: (after: number) => Promise<readonly AppendedMessage[]>;
    show: (message: AppendedMessage) => void;
  },
): Promise<void> {
  try {
    // The others may not have been shown yet what is older: that is not for the new one.
    if (followed.next <= joinedSeq) await ways.repair();
    let after = joinedSeq;
    // What the others are shown while this reads is read as well.
    while (after < followed.next - 1) {
      const fetched = await ways.fetch(after);
      // They may have left meanwhile.
      if (!followed.joining?.has(id)) return;
      const shown = fetched.filter(({ seq }) => seq < followed.next);
      shown.forEach(ways.show);
      const last = shown.at(-1);
      if (!last) break;
      after = last.seq;
    }
  } finally {
    const stays = followed.joining?.delete(id) && !followed.memberIds.includes(id);
    if (stays) followed.memberIds = [...followed.memberIds, id];
  }
}
