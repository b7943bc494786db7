import { randomFillSync } from 'node:crypto';

const RANDOM_BYTES = 8;
const pool = Buffer.alloc(RANDOM_BYTES * 512);
let offset = pool.length;
let lastTime = 0;
let count = 0;

/**
 * A UUID version 7 (RFC 9562): its first 48 bits are milliseconds since 1970, so that keys grow with time. Up to 4,096
 * that a process makes one after another for the same millisecond ascend, too (section 6.2, method 1).
 */
export function uuidV7(now: number = Date.now()): string {
  if (offset === pool.length) {
    randomFillSync(pool);
    offset = 0;
  }
  count = now === lastTime ? (count + 1) & 0xfff : 0;
  lastTime = now;
  const random = pool.toString('hex', offset, offset + RANDOM_BYTES);
  offset += RANDOM_BYTES;
  const time = now.toString(16).padStart(12, '0');
  const counter = count.toString(16).padStart(3, '0');
  const variant = ((parseInt(random.charAt(0), 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-${variant}${random.slice(1, 4)}-${random.slice(4)}`;
}
