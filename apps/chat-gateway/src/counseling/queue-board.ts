import { Injectable, Logger } from '@nestjs/common';
import type { CounselingServerEvents, ProgramName } from '@kindline/contracts';
import { AnonymousSessions, type Program } from '@kindline/domain';
import { Gatherer } from '@kindline/platform';
import { Connections } from '../sockets/connections';
import { ChatRooms } from './chat-rooms';

/** Changes of one moment share a look: what counts is where everybody stands after them. */
const GATHER_MS = 50;

/** Tells waiting seekers who are here their place in the queue, whenever it has changed. */
@Injectable()
export class QueueBoard {
  private readonly logger = new Logger(QueueBoard.name);
  /** By program, and session. */
  private readonly told = new Map<ProgramName, Map<string, number>>();
  private readonly looks = new Gatherer<Program, void>(
    async (programs) => {
      for (const program of new Set(programs)) await this.look(program);
      return [];
    },
    { most: Number.MAX_SAFE_INTEGER, gatherMs: GATHER_MS },
  );

  constructor(
    private readonly sessions: AnonymousSessions,
    private readonly connections: Connections,
    private readonly rooms: ChatRooms,
  ) {}

  /** Looks who stands where by now. */
  refresh(program: Program): void {
    this.looks
      .add(program)
      .catch((err: unknown) => this.logger.warn({ err }, 'the queue could not be shown'));
  }

  private async look(program: Program): Promise<void> {
    const queue = await this.sessions.queued(program.name);
    const told = this.told.get(program.name);
    const now = new Map<string, number>();
    this.told.set(program.name, now);
    queue.forEach(({ id: sessionId, seeker_id }, index) => {
      const position = index + 1;
      const here = this.connections.has(seeker_id) || this.rooms.has(sessionId, 'seeker');
      if (!here) return;
      now.set(sessionId, position);
      if (told?.get(sessionId) === position) return;
      this.tell(program, seeker_id, sessionId, position);
    });
  }

  private tell(program: Program, seekerId: string, sessionId: string, position: number): void {
    for (const role of program.seekerRoles) {
      this.connections.emitInRole<CounselingServerEvents, 'counseling:queue'>(
        role,
        [seekerId],
        'counseling:queue',
        {
          sessionId,
          position,
        },
      );
    }
    this.rooms.emit(sessionId, 'seeker', 'counseling:queue', { sessionId, position });
  }
}
