import { Inject, Injectable } from '@nestjs/common';
import type { Person } from '@kindline/auth';
import {
  type ChannelState,
  type ChannelStatusFilter,
  type ChannelView,
  KindlineError,
} from '@kindline/contracts';
import { DataSource } from 'typeorm';
import { UNREAD } from '../conversations/unread';
import { decodeCursor, encodeCursor } from '../cursor';
import type { MemberRole } from '../conversations/conversations';
import type { Program } from '../programs/program';
import { ChannelAccess } from './channel-access';
import { CHANNELS_PROGRAM } from './channels-program';

interface Row {
  id: string;
  subject: string | null;
  status: 'active' | 'ended';
  last_seq: number;
  created_at: Date;
  ended_at: Date | null;
  last_message_at: Date | null;
  members: { sub: string; name: string | null; role: MemberRole; seq: number }[];
  unread: number;
  position: string;
}

export interface ChannelFilter {
  status?: ChannelStatusFilter | undefined;
  limit: number;
  cursor?: string | undefined;
}

/** A page is filled from these, in this order: what waits for somebody, the oldest first; then one's own. */
type Part = 'unclaimed' | 'own';

/** Channels as people see them. */
@Injectable()
export class ChannelList {
  constructor(
    private readonly dataSource: DataSource,
    private readonly access: ChannelAccess,
    @Inject(CHANNELS_PROGRAM) private readonly program: Program,
  ) {}

  /**
   * One's own channels, newest activity first; before them, for those who could take them and for supervisors, the
   * unclaimed ones.
   * @throws forbidden for others who ask for unclaimed ones
   */
  async page(
    person: Person,
    { status, limit, cursor }: ChannelFilter,
  ): Promise<{ channels: ChannelView[]; cursor: string | null }> {
    const parts = await this.partsFor(person, status);
    const [from, ...position] = cursor ? decodeCursor(cursor, 'part', 'time', 'id') : [];
    const rows: (Row & { part: Part })[] = [];
    for (const part of parts.slice(Math.max(0, parts.indexOf(from as Part)))) {
      const after = part === from ? position : [];
      const most = limit + 1 - rows.length;
      const found =
        part === 'unclaimed'
          ? await this.unclaimed(person.id, after, most)
          : await this.own(person.id, { status, withUnclaimed: parts.length === 1 }, after, most);
      rows.push(...found.map((row) => ({ ...row, part })));
      if (rows.length > limit) break;
    }
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      channels: page.map(view),
      cursor: rows.length > limit && last ? encodeCursor(last.part, last.position, last.id) : null,
    };
  }

  /** One channel as this person sees it; whether they may is the caller's to check. @throws not_found */
  async one(channelId: string, personId: string): Promise<ChannelView> {
    const [row] = await this.read(personId, 'c.id = $2 AND c.program = $3', [channelId, this.program.name]);
    if (!row) throw new KindlineError('not_found', 'There is no such channel');
    return view(row);
  }

  private async partsFor(person: Person, status: ChannelStatusFilter | undefined): Promise<Part[]> {
    const sees = this.access.supervises(person) || (await this.access.answers(person));
    if (status === 'unclaimed') {
      if (!sees) throw new KindlineError('forbidden', 'This is for those who answer');
      return ['unclaimed'];
    }
    return sees && status !== 'closed' ? ['unclaimed', 'own'] : ['own'];
  }

  /** Uses conversations_waiting_since. */
  private async unclaimed(personId: string, [at, id]: string[], limit: number): Promise<Row[]> {
    return this.read(
      personId,
      `c.program = $2 AND c.waiting_since IS NOT NULL
        AND ($3::text IS NULL OR (c.waiting_since, c.id) > ($3::timestamptz, $4::uuid))
      ORDER BY c.waiting_since, c.id LIMIT $5`,
      [this.program.name, at ?? null, id ?? null, limit],
      'c.waiting_since',
    );
  }

  /**
   * Open ones are few: conversation_members_open, and then sorted. Closed ones only grow: a page of them is read from
   * conversation_members_settled.
   */
  private async own(
    personId: string,
    { status, withUnclaimed }: { status: ChannelStatusFilter | undefined; withUnclaimed: boolean },
    [at, id]: string[],
    limit: number,
  ): Promise<Row[]> {
    return this.read(
      personId,
      `c.id = ANY (ARRAY(
        SELECT id FROM (
          (SELECT s.conversation_id AS id, s.settled_at AS at FROM conversation_members s
          WHERE s.person_id = $1 AND s.program = $2 AND s.settled_at IS NOT NULL AND $3::text IS DISTINCT FROM 'active'
            AND (s.settled_at, s.conversation_id) < ($5::timestamptz, $6::uuid)
          ORDER BY s.settled_at DESC, s.conversation_id DESC LIMIT $7)
          UNION ALL
          SELECT t.id, t.last_activity_at FROM conversation_members o JOIN conversations t ON t.id = o.conversation_id
          WHERE o.person_id = $1 AND o.program = $2 AND o.open AND $3::text IS DISTINCT FROM 'ended'
            AND ($4 OR t.waiting_since IS NULL)
            AND (t.last_activity_at, t.id) < ($5::timestamptz, $6::uuid)
        ) own ORDER BY at DESC, id DESC LIMIT $7))
      ORDER BY c.last_activity_at DESC, c.id DESC`,
      [
        this.program.name,
        status ? STATUS[status] : null,
        withUnclaimed,
        at ?? 'infinity',
        id ?? LAST_ID,
        limit,
      ],
    );
  }

  private async read(
    personId: string,
    where: string,
    parameters: unknown[],
    position = 'c.last_activity_at',
  ): Promise<Row[]> {
    return this.dataSource.query<Row[]>(
      `SELECT c.id, c.subject, c.status, c.last_seq, c.created_at, c.ended_at, c.last_message_at,
        ${position}::text AS position,
        (SELECT json_agg(json_build_object('sub', p.sub, 'name', p.name, 'role', o.role, 'seq', o.last_read_seq)
            ORDER BY o.role DESC, o.joined_at, p.id)
          FROM conversation_members o JOIN people p ON p.id = o.person_id WHERE o.conversation_id = c.id) AS members,
        ${UNREAD} AS unread
      FROM conversations c
      LEFT JOIN conversation_members m ON m.conversation_id = c.id AND m.person_id = $1
      WHERE ${where}`,
      [personId, ...parameters],
    );
  }
}

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const STATUS = { open: 'active', closed: 'ended', unclaimed: 'active' } as const;

function view({ unread, members, ...row }: Row): ChannelView {
  return {
    ...channelState({
      id: row.id,
      subject: row.subject,
      status: row.status,
      createdAt: row.created_at.toISOString(),
      endedAt: row.ended_at?.toISOString() ?? null,
      lastMessageAt: row.last_message_at?.toISOString() ?? null,
      lastSeq: row.last_seq,
      members: members.map(({ seq: readSeq, ...member }) => ({ ...member, readSeq })),
    }),
    unread,
  };
}

/** A channel as everybody is shown it. */
export function channelState(channel: {
  id: string;
  subject: string | null;
  status: 'active' | 'ended';
  createdAt: string;
  endedAt: string | null;
  lastMessageAt: string | null;
  lastSeq: number;
  members: { sub: string; name: string | null; role: MemberRole; readSeq: number }[];
}): ChannelState {
  const { members } = channel;
  return {
    id: channel.id,
    subject: channel.subject,
    status: channel.status === 'active' ? 'open' : 'closed',
    claimed: members.some(({ role }) => role === 'helper'),
    created_at: channel.createdAt,
    closed_at: channel.endedAt,
    last_message_at: channel.lastMessageAt,
    last_seq: channel.lastSeq,
    members: members.map(({ sub, name, role }) => ({ sub, name, role })),
    read_by: members.map(({ sub, readSeq: seq }) => ({ sub, seq })),
  };
}
