import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(10 * 512);
let offset = pool.length;

/** A UUID version 7 (RFC 9562): its first 48 bits are milliseconds since 1970, so that keys grow with time. */
export function uuidV7(now: number = Date.now()): string {
  if (offset === pool.length) {
    randomFillSync(pool);
    offset = 0;
  }
  const random = pool.toString('hex', offset, offset + 10);
  offset += 10;
  const time = now.toString(16).padStart(12, '0');
  const variant = ((parseInt(random.charAt(3), 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}
