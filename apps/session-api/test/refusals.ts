import { ERROR_CATALOGUE, type ErrorCode } from '@kindline/contracts';
import type { Pool } from 'pg';
import type { Answer } from './api-world';

/** Asserts an RFC 9457 problem with this code and the status that the catalogue ties to it. */
export function expectProblem(answer: Answer, code: ErrorCode): void {
  const { status, body, headers } = answer;
  expect({ status, code: body['code'] }).toEqual({ status: ERROR_CATALOGUE[code].status, code });
  expect(headers.get('content-type')).toContain('application/problem+json');
  expect(body).toMatchObject({
    type: `urn:kindline:error:${code}`,
    title: ERROR_CATALOGUE[code].title,
    status,
    detail: expect.any(String),
  });
}

/** Asserts that the input was refused and that the answer names the field. */
export function expectRefusedField(answer: Answer, field: string, what: unknown): void {
  const { status, body } = answer;
  const errors = (body['errors'] ?? []) as { path: string; message: string }[];
  const names = errors.some(({ path, message }) => path.split('.')[0] === field || message.includes(field));
  expect({ what, status, code: body['code'], names, body }).toMatchObject({
    status: 400,
    code: 'validation_failed',
    names: true,
  });
  expectProblem(answer, 'validation_failed');
}

/** Every row of every table, but for what changes by itself: heartbeats, and when a role was last seen. */
export async function contentsOf(sql: Pool): Promise<Record<string, string[]>> {
  const { rows: tables } = await sql.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'worker_heartbeats' ORDER BY 1`,
  );
  const contents: Record<string, string[]> = {};
  for (const { name } of tables) {
    const { rows } = await sql.query<{ row: string }>(
      `SELECT (to_jsonb(t) - 'seen_at')::text AS row FROM "${name}" t ORDER BY 1`,
    );
    contents[name] = rows.map(({ row }) => row);
  }
  return contents;
}
