import { Inject, Injectable } from '@nestjs/common';
import { isUuid, type ProgramName } from '@kindline/contracts';
import { inTransaction } from '@kindline/database';
import { type NewNotification, Notifications, OnlineHelpers, type Program, Programs } from '@kindline/domain';
import { CLOCK, type Clock } from '@kindline/platform';
import { DataSource, type EntityManager } from 'typeorm';

interface UnpushedRequest {
  id: string;
  seeker_id: string;
}

/** Pushes new requests to helpers, in programs that ask everyone online. */
@Injectable()
export class RequestPushes {
  constructor(
    private readonly dataSource: DataSource,
    private readonly programs: Programs,
    private readonly helpers: OnlineHelpers,
    private readonly notifications: Notifications,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Pushes a pending request to everyone online, or, while nobody is, to some who have a device; once, however often
   * it is called. Other requests of the program that wait for their push go with it: those of one moment ask the
   * same people.
   * @throws while Redis is away
   */
  async run(requestId: string): Promise<void> {
    const name = await this.programOf(requestId);
    if (!name) return;
    const program = this.programs.get(name);
    const online = await this.helpers.of(program);
    await inTransaction(this.dataSource, async (manager) => {
      // The jobs of one moment wait for each other here; those who waited find that theirs was done. The requests
      // are marked last: somebody wants to accept them meanwhile.
      await manager.query(`SELECT pg_advisory_xact_lock(hashtext('request pushes'), hashtext($1))`, [name]);
      const requests = await manager.query<UnpushedRequest[]>(
        `SELECT id, seeker_id FROM help_requests
        WHERE program = $1 AND status = 'pending' AND pushed_at IS NULL`,
        [name],
      );
      const asked = await this.asked(manager, program, requests, online);
      await this.notifications.create(manager, program, 'request_invited', asked);
      await manager.query(`UPDATE help_requests SET pushed_at = $2 WHERE id = ANY ($1)`, [
        requests.map(({ id }) => id),
        this.clock.now(),
      ]);
    });
  }

  private async programOf(requestId: string): Promise<ProgramName | undefined> {
    if (!isUuid(requestId)) return undefined;
    const [request] = await this.dataSource.query<{ program: ProgramName }[]>(
      `SELECT program FROM help_requests WHERE id = $1 AND status = 'pending' AND pushed_at IS NULL`,
      [requestId],
    );
    return request?.program;
  }

  private async asked(
    manager: EntityManager,
    program: Program,
    requests: UnpushedRequest[],
    online: string[],
  ): Promise<NewNotification[]> {
    const someone = ({ seeker_id }: UnpushedRequest): boolean => online.some((id) => id !== seeker_id);
    const asked = await this.reachable(manager, requests.filter(someone), online);
    for (const request of requests.filter((one) => !someone(one))) {
      const others = await this.helpers.withDevice(
        program,
        request.seeker_id,
        program.offlinePushSize,
        manager,
      );
      asked.push(...(await this.reachable(manager, [request], others)));
    }
    return asked;
  }

  /** For each request those who have a device and have not rejected it. Uses push_tokens_person and invitations_pkey. */
  private async reachable(
    manager: EntityManager,
    requests: UnpushedRequest[],
    helperIds: string[],
  ): Promise<NewNotification[]> {
    return manager.query<{ personId: string; requestId: string }[]>(
      `SELECT h.person_id AS "personId", r.id AS "requestId"
      FROM unnest($1::uuid[], $2::uuid[]) AS r (id, seeker_id)
      CROSS JOIN unnest($3::uuid[]) AS h (person_id)
      WHERE h.person_id <> r.seeker_id
        AND EXISTS (SELECT FROM push_tokens t WHERE t.person_id = h.person_id)
        AND NOT EXISTS (SELECT FROM invitations i
          WHERE i.request_id = r.id AND i.helper_id = h.person_id AND i.status = 'rejected')
      ORDER BY r.id`,
      [requests.map(({ id }) => id), requests.map(({ seeker_id }) => seeker_id), helperIds],
    );
  }
}
