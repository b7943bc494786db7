import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A process that runs jobs, and when it last said so: jobs locked by a silent one are given back. */
@Entity('worker_heartbeats')
@Index('worker_heartbeats_seen', ['seenAt'])
export class WorkerHeartbeatRow {
  @PrimaryColumn('text')
  workerId!: string;

  @Column('text')
  queue!: string;

  @Column('timestamptz')
  seenAt!: Date;
}

/** One row per cron task and occurrence: the replica that inserts it runs it. */
@Entity('cron_runs')
export class CronRunRow {
  @PrimaryColumn('text')
  task!: string;

  @PrimaryColumn('timestamptz')
  occurrence!: Date;

  @Column('timestamptz')
  startedAt!: Date;
}
