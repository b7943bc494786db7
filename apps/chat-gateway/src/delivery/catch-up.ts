import { Injectable, Logger } from '@nestjs/common';
import { HELPER_ROLES } from '@kindline/contracts';
import type { Person } from '@kindline/auth';
import { NewsReader } from '@kindline/domain';
import { DataSource } from 'typeorm';
import { Connections } from '../sockets/connections';
import { HelpersHere } from '../sockets/helpers-here';
import { asks, type PendingInvitation, PendingInvitations } from '../sockets/pending-invitations';
import { Delivery } from './delivery';
import { MissedMessages } from './missed-messages';
import { NewsDesk } from './news-desk';
import { Watchers } from './watchers';

/** How often heads and memberships are compared with Postgres. */
export const CATCH_UP_EVERY_MS = 15_000;

/**
 * Finds what a lost piece of news would have told: requests that ask someone here or are over, conversations
 * that began, started or ended, messages. Runs every 15 s and after every reconnect of Redis; a few queries when
 * nothing was lost.
 */
@Injectable()
export class CatchUp {
  private readonly logger = new Logger(CatchUp.name);
  private running = false;
  private wanted = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly connections: Connections,
    private readonly missed: MissedMessages,
    private readonly delivery: Delivery,
    private readonly desk: NewsDesk,
    private readonly reader: NewsReader,
    private readonly invitations: PendingInvitations,
    private readonly helpers: HelpersHere,
    private readonly watchers: Watchers,
  ) {
    delivery.onUnannounced((id) => this.began([id]));
  }

  async run(): Promise<void> {
    this.wanted = true;
    if (this.running) return;
    this.running = true;
    // What was lost during a run may be what it had looked at already.
    while (this.wanted) {
      this.wanted = false;
      await this.compare().catch((err: unknown) =>
        this.logger.warn({ err }, 'could not compare with the database'),
      );
    }
    this.running = false;
  }

  private async compare(): Promise<void> {
    this.delivery.sweep();
    const personIds = [...this.connections.personIds()];
    if (personIds.length > 0) await this.compareRequests();
    // Also where nobody is: what waits by then is not news to those who come.
    await this.compareWaiting();
    if (personIds.length === 0) return;
    // Heads first: what is emitted while the query runs is then behind, never ahead of, what it answers.
    const heads = this.delivery.heads();
    const open = await this.missed.openConversationsOf(personIds);
    const behind: string[] = [];
    const unknown: string[] = [];
    const started: string[] = [];
    for (const conversation of open) {
      const head = heads.get(conversation.id);
      heads.delete(conversation.id);
      if (!this.delivery.isAnnounced(conversation.id)) unknown.push(conversation.id);
      else if (conversation.requestId === null && !this.desk.knows(conversation))
        unknown.push(conversation.id);
      if (conversation.started && !this.desk.isStarted(conversation.id)) started.push(conversation.id);
      if (head !== undefined) {
        if (conversation.lastSeq > head) behind.push(conversation.id);
      } else if (conversation.requestId !== null) {
        // It began since its members came; of others its news say since when they are members.
        this.delivery.track({ ...conversation, lastSeq: 0 });
        if (conversation.lastSeq > 0) behind.push(conversation.id);
      }
    }
    await this.began(unknown);
    for (const id of started) {
      const news = await this.reader.started(id);
      if (news) this.desk.handlers['conversation.started.v1'](news);
    }
    await this.delivery.repair(behind);
    await this.ended([...heads.keys()]);
  }

  /** Requests that ask a helper here whose dashboard does not show them, and shown ones that ask nobody any more. */
  private async compareRequests(): Promise<void> {
    const helpers = new Set<string>();
    const people: Person[] = [];
    for (const { person } of this.connections.all()) {
      people.push(person);
      if (HELPER_ROLES.some((role) => person.roles.includes(role))) helpers.add(person.id);
    }
    // What is shown while the queries run is not among these, so it is not taken for closed.
    const unasked = new Set(this.desk.shownRequests());
    const invitations = await this.invitations.of([...helpers]);
    const open = await this.invitations.open(this.helpers.programs);
    for (const { requestId } of [...invitations, ...open]) unasked.delete(requestId);
    // What is over goes first, and does not take away what its seeker has asked since.
    for (const request of open) this.desk.know(request);
    for (const id of unasked) await this.close(id);
    for (const invitation of invitations) this.showOn(invitation.helperId, invitation);
    // Also those whose arrival failed, or who have shown another token since.
    await this.helpers.arrived(people);
    for (const request of open) {
      for (const helperId of this.helpers.of(request.program)) {
        if (asks(request, helperId)) this.showOn(helperId, { ...request, helperId });
      }
    }
  }

  private showOn(helperId: string, invitation: PendingInvitation): void {
    if (this.desk.isShown(invitation.requestId, helperId)) return;
    for (const socket of this.connections.socketsOf(helperId)) this.desk.invite(socket, invitation);
  }

  /** A request that asks nobody here any more: accepted, cancelled, expired, or those it asks have left. */
  private async close(requestId: string): Promise<void> {
    const accepted = await this.reader.accepted(requestId);
    if (accepted) return this.desk.handlers['request.accepted.v1'](accepted);
    const closed = await this.reader.closed(requestId);
    if (closed) this.desk.handlers['request.closed.v1'](closed);
    else this.desk.forget(requestId);
  }

  private async began(conversationIds: string[]): Promise<void> {
    if (conversationIds.length === 0) return;
    const conversations = await this.dataSource.query<{ id: string; request_id: string | null }[]>(
      `SELECT id, request_id FROM conversations WHERE id = ANY ($1)`,
      [conversationIds],
    );
    for (const { id, request_id } of conversations) {
      if (request_id === null) await this.changed(id);
      else {
        const news = await this.reader.accepted(request_id);
        if (news) this.desk.handlers['request.accepted.v1'](news);
      }
    }
  }

  private async changed(conversationId: string): Promise<void> {
    const news = await this.reader.changed(conversationId);
    if (news) this.desk.handlers['conversation.changed.v1'](news);
    else this.desk.forgetWaiting(conversationId);
  }

  /** Conversations that wait for a helper and were not shown here, and shown ones that do not wait any more. */
  private async compareWaiting(): Promise<void> {
    const over = new Set(this.desk.shownWaiting());
    const untold: string[] = [];
    for (const { id, program } of await this.missed.waiting()) {
      if (over.delete(id)) continue;
      // Where nobody could take it, whoever comes finds it in the list.
      if (this.helpers.of(program).length === 0) this.desk.foundWaiting(id);
      else untold.push(id);
    }
    for (const id of [...untold, ...over]) await this.changed(id);
  }

  /** Tracked conversations that are not open any more: their last messages, then their end. */
  private async ended(conversationIds: string[]): Promise<void> {
    if (conversationIds.length === 0) return;
    // First, who was a member when its news got lost, and is not any more.
    for (const members of await this.missed.membersOf(conversationIds)) this.delivery.retain(members);
    await this.delivery.repair(conversationIds);
    for (const id of conversationIds) {
      const news = await this.reader.ended(id);
      if (news) this.desk.handlers['conversation.ended.v1'](news);
      if (news?.conversation.requestId === null || this.watchers.has(id)) await this.changed(id);
      // Without a member here it may be watched, and open.
      if (!this.watchers.has(id)) this.delivery.untrack(id);
    }
  }
}
