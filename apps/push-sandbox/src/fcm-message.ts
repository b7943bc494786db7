import { z } from 'zod';

/** FCM's limit for what reaches the device. */
const MOST_PAYLOAD_BYTES = 4096;
/** Keys that FCM keeps for itself. */
const RESERVED_KEY = /^(from|message_type|google|gcm)/;

const sendRequest = z.object({
  validate_only: z.boolean().optional(),
  message: z.looseObject({
    token: z.string().min(1),
    notification: z
      .strictObject({ title: z.string(), body: z.string(), image: z.string() })
      .partial()
      .optional(),
    data: z.record(z.string(), z.string()).optional(),
    android: z.looseObject({ priority: z.enum(['normal', 'high', 'NORMAL', 'HIGH']).optional() }).optional(),
  }),
});

/** What a caller asks FCM to send. */
export type SendRequest = z.output<typeof sendRequest>;

/** A request that FCM would refuse whatever the token is: the sentence, and the field where it is at fault. */
export interface Unreadable {
  fault: string;
  field?: string;
}

/** Reads a body as strictly as FCM does, so that what it would refuse is refused in development already. */
export function readSendRequest(raw: string): SendRequest | Unreadable {
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch {
    // The caller's fault, and answered as such.
    return { fault: 'Invalid JSON payload received.' };
  }
  const parsed = sendRequest.safeParse(json);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.') ?? '';
    return { fault: `Invalid value at '${field}'`, field };
  }
  const { notification, data = {} } = parsed.data.message;
  const reserved = Object.keys(data).find((key) => RESERVED_KEY.test(key));
  if (reserved !== undefined)
    return { fault: `Invalid data payload key: ${reserved}`, field: 'message.data' };
  if (Buffer.byteLength(JSON.stringify({ notification, data })) > MOST_PAYLOAD_BYTES) {
    return { fault: 'Android message is too big', field: 'message' };
  }
  return parsed.data;
}
