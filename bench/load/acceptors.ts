import { Agent, request } from 'node:http';
import { Histogram } from './histogram';
import type { AcceptResult, Contest, Player } from './protocol';

interface Answer {
  status: number;
  code: string | undefined;
  milliseconds: number;
}

/** Lets everybody who was asked accept at the same moment, `side` requests side by side. */
export async function acceptAll(url: string, contests: Contest[], side: number): Promise<AcceptResult> {
  const agent = new Agent({ keepAlive: true });
  const winners = Histogram.empty();
  const answers = Histogram.empty();
  const result = { won: 0, late: 0, wrong: 0 };
  const waiting = [...contests];
  const began = performance.now();

  const work = async (): Promise<void> => {
    for (let contest = waiting.shift(); contest; contest = waiting.shift()) {
      const { seekerEmail, volunteers } = contest;
      const all = await Promise.all(volunteers.map((helper) => accept(agent, url, seekerEmail, helper)));
      const won = all.filter(({ status }) => status === 201);
      const late = all.filter(({ code }) => code === 'already_accepted');
      for (const { milliseconds } of all) answers.record(milliseconds);
      for (const { milliseconds } of won) winners.record(milliseconds);
      result.won += won.length;
      result.late += late.length;
      result.wrong += all.length - won.length - late.length + Math.abs(won.length - 1);
    }
  };
  await Promise.all(Array.from({ length: side }, work));
  const seconds = (performance.now() - began) / 1_000;
  agent.destroy();
  return {
    kind: 'accepted',
    seconds,
    ...result,
    winnerLatency: winners.toJSON(),
    answerLatency: answers.toJSON(),
  };
}

function accept(agent: Agent, url: string, seekerEmail: string, { email, token }: Player): Promise<Answer> {
  const body = JSON.stringify({ volunteer_email: email, user_email: seekerEmail });
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const call = request(
      `${url}/accept_chat_request`,
      {
        agent,
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('end', () => {
          const { code } = JSON.parse(text) as { code?: string };
          resolve({ status: response.statusCode ?? 0, code, milliseconds: performance.now() - began });
        });
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}
