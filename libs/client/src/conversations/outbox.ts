import type { Me, Program } from '../api';
import type { Connection } from '../connection/connection';
import type { Shelf } from '../storage/storage';
import type { Dialect, Draft } from './dialect';
import { Lane } from './lane';

/** Drafts are sent in their order, also after a reload. */
type KeptDraft = Draft & { order: number };

/** Drafts of all conversations; they are kept on the device, each under a key of its own, until they are stored. */
export class Outbox {
  private readonly lanes = new Map<string, Lane>();
  private readonly owner: Promise<Me>;
  private order = 0;

  constructor(
    private readonly connection: Connection,
    private readonly shelf: Shelf,
    private readonly dialectOf: (program: Program) => Dialect | undefined,
  ) {
    this.owner = this.restore();
  }

  lane(conversationId: string): Lane {
    let lane = this.lanes.get(conversationId);
    if (!lane) {
      lane = new Lane({
        connection: this.connection,
        send: async (draft) => {
          const dialect = this.dialectOf(draft.program);
          if (!dialect) throw new RangeError(`no program ${draft.program}`);
          return dialect.send(draft, await this.owner);
        },
        keep: (draft) => this.keep(draft),
        drop: async (draft) => this.shelf.remove(keyOf(await this.owner, draft.clientId)),
      });
      this.lanes.set(conversationId, lane);
    }
    return lane;
  }

  /** Waits for what earlier pages have left, because it has its place after that. */
  private async keep(draft: Draft): Promise<void> {
    const owner = await this.owner;
    this.order = Math.max(this.order + 0.001, Date.now());
    const kept: KeptDraft = { ...draft, order: this.order };
    await this.shelf.set(keyOf(owner, draft.clientId), JSON.stringify(kept));
  }

  /** Sends what an earlier page has left. */
  private async restore(): Promise<Me> {
    const me = await known(this.connection);
    const drafts: KeptDraft[] = [];
    for (const key of await this.shelf.keys(keyOf(me, ''))) {
      const draft = parsed(await this.shelf.get(key));
      if (draft) drafts.push(draft);
    }
    drafts.sort((one, other) => one.order - other.order);
    for (const draft of drafts) {
      this.order = Math.max(this.order, draft.order);
      this.lane(draft.conversationId).restore(draft);
    }
    return me;
  }
}

/** Encoded, because a colon in one person's `sub` must not lead to another one's. */
const keyOf = ({ sub }: Me, clientId: string): string => `outbox:${encodeURIComponent(sub)}:${clientId}`;

function known({ me }: Connection): Promise<Me> {
  return new Promise((resolve) => {
    const look = (): void => {
      const who = me.get();
      if (!who) return;
      stop();
      resolve(who);
    };
    const stop = me.subscribe(look);
    look();
  });
}

function parsed(text: string | null): KeptDraft | undefined {
  try {
    return text === null ? undefined : (JSON.parse(text) as KeptDraft);
  } catch {
    return undefined;
  }
}
