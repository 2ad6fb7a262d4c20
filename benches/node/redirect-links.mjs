// What both redirects in Node do: read a token, tell who visits, find the way and count, as a careful engineer writes it.

import { createHmac, randomFillSync, randomInt, timingSafeEqual } from 'node:crypto';
import Redis from 'ioredis';

const KEYS = JSON.parse(process.env.BENCH_LINK_KEYS);
const LINK_LIFE_SECONDS = 90 * 24 * 3600;
/** The classes that the benchmark's visitors have, by the words that tell them; the function in Rust knows many more. */
const PREVIEW = /kakaotalk-scrap|facebookexternalhit|slackbot-linkexpanding|twitterbot|telegrambot|whatsapp/i;
const BOT = /\b(?:\w*bot|crawler|spider|curl|wget|python-requests|headlesschrome)\b/i;

// A visitor waits for it 50 ms and no longer.
const store = new Redis(process.env.REDIS_URL, { commandTimeout: 50, connectTimeout: 50, maxRetriesPerRequest: 0 });
const warn = (error) => console.warn(JSON.stringify({ event: 'store.failed', error: error.message }));
store.on('error', warn);

/** With `--memory`, where campaigns' links lead is asked once, as Dangol does; without, at each visit together with the counting. */
const remembers = process.argv.includes('--memory');
/** The campaigns that this process has seen: where their links lead, and how many visits it has answered. */
const known = new Map();

/** The message of a token, or nothing: who it is for, and 96 bits of a proof. */
export function read(token) {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== 33 || token.length !== 44) return undefined;
  const key = KEYS[bytes[0]];
  if (!key) return undefined;
  const mac = createHmac('sha256', key).update('dangol link v1').update(bytes.subarray(0, 21)).digest();
  if (!timingSafeEqual(mac.subarray(0, 12), bytes.subarray(21))) return undefined;
  return { campaign: `cmp_${bytes.toString('hex', 1, 17)}`, number: bytes.readUInt32BE(17) };
}

/** Who visits, and why it is thought so. */
export function classify(method, agent, purpose) {
  if (method === 'HEAD') return ['prefetch', 'head'];
  if (purpose && /prefetch/i.test(purpose)) return ['prefetch', 'purpose'];
  if (!agent) return ['bot', 'no_agent'];
  if (PREVIEW.test(agent)) return ['preview', 'preview'];
  if (BOT.test(agent)) return ['bot', 'program'];
  return ['human', agent.includes('KAKAOTALK') ? 'kakaotalk_in_app' : 'browser'];
}

/** Where a campaign's links lead. The visit is counted, and `meanwhile` done with its number, before this answers. */
export async function follow(campaign, visitorClass, meanwhile) {
  const live = `live:${campaign}`;
  let way = known.get(campaign);
  if (remembers && way) {
    way.answered += 1;
    await Promise.all([store.hincrby(live, visitorClass, 1).catch(warn), meanwhile(way)]);
    return way.destination;
  }
  const [[error, value]] = await store
    .pipeline()
    .get(`link:${campaign}`)
    .hincrby(live, visitorClass, 1)
    .expire(live, LINK_LIFE_SECONDS)
    .exec();
  if (error || !value) return undefined;
  if (!way) {
    way = { origin: randomInt(2 ** 48 - 1), answered: 0 };
    known.set(campaign, way);
  }
  way.destination = JSON.parse(value);
  way.answered += 1;
  await meanwhile(way);
  return way.destination;
}

/** What every answer says to browsers, caches and search engines. */
export const PRIVATE = { 'cache-control': 'no-store', 'x-robots-tag': 'noindex, nofollow', 'referrer-policy': 'no-referrer' };

const random = Buffer.alloc(4096);
let used = random.length;

/** A new click's id: a UUIDv7. */
export function newClickId() {
  if (used + 10 > random.length) {
    randomFillSync(random);
    used = 0;
  }
  const id = Buffer.allocUnsafe(16);
  id.writeUIntBE(Date.now(), 0, 6);
  random.copy(id, 6, used, used + 10);
  used += 10;
  id[6] = (id[6] & 0x0f) | 0x70;
  id[8] = (id[8] & 0x3f) | 0x80;
  return `clk_${id.toString('hex')}`;
}
