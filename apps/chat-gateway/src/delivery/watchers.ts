import { Injectable } from '@nestjs/common';
import { type ProgramName, SUPERVISING_ROLES } from '@kindline/contracts';
import type { PersonSocket } from '../sockets/connections';
import { HelpersHere } from '../sockets/helpers-here';

const NOBODY: readonly PersonSocket[] = [];

/** Sockets that are shown a conversation whose members their people are not. They count for nothing else. */
@Injectable()
export class Watchers {
  /** Each with the newest version of the conversation that it may look into as a helper. */
  private readonly watched = new Map<string, Map<PersonSocket, number>>();

  constructor(private readonly helpers: HelpersHere) {}

  has(conversationId: string): boolean {
    return this.watched.has(conversationId);
  }

  of(conversationId: string): PersonSocket[] {
    return [...(this.watched.get(conversationId)?.keys() ?? NOBODY)];
  }

  /** Those who may hear what is said in this version of it. What they are may have changed since they came. */
  hearing(conversationId: string, program: ProgramName, version = 0): readonly PersonSocket[] {
    const watches = this.watched.get(conversationId);
    if (!watches) return NOBODY;
    return this.of(conversationId).filter((own) => {
      if (SUPERVISING_ROLES.some((role) => own.person.roles.includes(role))) return true;
      return version <= (watches.get(own) ?? 0) && this.helpers.programsOf(own.person).includes(program);
    });
  }

  set(conversationId: string, own: PersonSocket, version: number): void {
    const watches = this.watched.get(conversationId) ?? new Map<PersonSocket, number>();
    this.watched.set(conversationId, watches.set(own, version));
  }

  remove(conversationId: string, own: PersonSocket): void {
    const watches = this.watched.get(conversationId);
    if (watches?.delete(own) && watches.size === 0) this.watched.delete(conversationId);
  }

  left(own: PersonSocket): void {
    for (const id of this.watched.keys()) this.remove(id, own);
  }
}
