// What the Node contenders have in common.

import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createConnection } from 'mysql2/promise';

/** Rows of one statement. */
export const CHUNK = 1000;

/** Runs one step of the import as the only work of this process, and says how much memory it took. */
export async function main(steps) {
  const [step, schema, clinic, importId, file] = process.argv.slice(2);
  await steps[step]({ schema, clinic: bytes(clinic), import: bytes(importId), file });
  const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  console.log(JSON.stringify({ peakKib: Number(peak[1]) }));
}

/** A connection as the functions set theirs up. */
export async function connect(schema) {
  const connection = await createConnection({ ...address(), database: schema });
  await connection.query("SET SESSION innodb_lock_wait_timeout = 4, sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')");
  await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
  return connection;
}

/** Where the server is. */
export function address() {
  const url = new URL(process.env.BENCH_DATABASE_URL);
  return {
    host: url.hostname,
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    charset: 'utf8mb4_general_ci',
    timezone: 'Z',
  };
}

/** Cuts a list into chunks. */
export function* chunks(list, size = CHUNK) {
  for (let at = 0; at < list.length; at += size) yield list.slice(at, at + size);
}

/** The 16 bytes of an id as the API shows it: `imp_` and 32 hexadecimal digits. */
export function bytes(id) {
  return Buffer.from(id.slice(id.indexOf('_') + 1), 'hex');
}

const random = Buffer.alloc(10 * CHUNK);
let used = random.length;

/** A new UUIDv7 in its 16 bytes. */
export function newId() {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const id = Buffer.allocUnsafe(16);
  id.writeUIntBE(Date.now(), 0, 6);
  random.copy(id, 6, used, used + 10);
  used += 10;
  id[6] = (id[6] & 0x0f) | 0x70;
  id[8] = (id[8] & 0x3f) | 0x80;
  return id;
}
