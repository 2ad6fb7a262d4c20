// Sending as a careful Node engineer writes it: axios, mysql2, 1,000 rows in a statement, ten calls at once, and nothing kept that
// Dangol keeps besides: no gate, no turns between clinics, no look at who refused meanwhile.

import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import axios from 'axios';
import { createPool } from 'mysql2/promise';
import { CHUNK, address, chunks, connect, newId } from './common.mjs';

/** Messages of one call. */
const BUNDLE = 500;

const [step, schema, clinicId, campaignId, provider, concurrency] = process.argv.slice(2);
const clinic = bytes(clinicId);
const campaign = bytes(campaignId);
await { prepare, deliver }[step]();
const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
console.log(JSON.stringify({ peakKib: Number(peak[1]) }));

async function prepare() {
  const connection = await connect(schema);
  const asked = await find(connection);
  let after = Buffer.alloc(16);
  let number = 0;
  const bundles = [];
  await connection.beginTransaction();
  for (;;) {
    const [people] = await connection.query(
      `SELECT c.id, c.name, c.phone, c.attributes,
         EXISTS (SELECT 1 FROM suppressions s WHERE s.clinic_id = c.clinic_id AND s.phone = c.phone) AS suppressed
       FROM customers c WHERE c.clinic_id = ? AND c.id > ? AND EXISTS (
         SELECT 1 FROM customer_group_members m
         JOIN campaign_groups g ON g.clinic_id = m.clinic_id AND g.campaign_id = ? AND g.group_id = m.group_id
         WHERE m.clinic_id = c.clinic_id AND m.customer_id = c.id)
       ORDER BY c.id LIMIT ?`,
      [clinic, after, campaign, CHUNK],
    );
    if (!people.length) break;
    after = people.at(-1).id;
    const rows = people.map((person) => {
      if (number % BUNDLE === 0) bundles.push(newId());
      number += 1;
      const body = asked.content.replaceAll('#{고객명}', person.name);
      return [clinic, campaign, number, bundles.at(-1), person.id, person.name, person.phone, body, token(number), 'queued'];
    });
    await connection.query(
      'INSERT INTO messages (clinic_id, campaign_id, number, bundle_id, customer_id, name, phone, body, link, state) VALUES ?',
      [rows],
    );
  }
  for (const some of chunks(bundles.map((id, position) => [clinic, id, campaign, position, 'prepared']))) {
    await connection.query('INSERT INTO bundles (clinic_id, id, campaign_id, position, state) VALUES ?', [some]);
  }
  await connection.query("UPDATE campaigns SET state = 'sending' WHERE clinic_id = ? AND id = ?", [clinic, campaign]);
  await connection.commit();
  await connection.end();
}

async function deliver() {
  const pool = createPool({ ...address(), database: schema, connectionLimit: Number(concurrency) });
  const asked = await find(pool);
  const [waiting] = await pool.query("SELECT id FROM bundles WHERE campaign_id = ? AND state = 'prepared' ORDER BY position", [campaign]);
  const next = waiting.values();
  const worker = async () => {
    for (const { id } of next) await handOver(pool, asked, id);
  };
  await Promise.all(Array.from({ length: Number(concurrency) }, worker));
  await pool.query("UPDATE campaigns SET state = 'finished' WHERE clinic_id = ? AND id = ?", [clinic, campaign]);
  await pool.end();
}

async function handOver(pool, asked, bundle) {
  const now = new Date();
  const [claimed] = await pool.query(
    "UPDATE bundles SET state = 'calling', attempt = attempt + 1, called_at = ? WHERE clinic_id = ? AND id = ? AND state = 'prepared'",
    [now, clinic, bundle],
  );
  if (!claimed.affectedRows) return;
  const [messages] = await pool.query('SELECT phone, body, link FROM messages WHERE bundle_id = ? ORDER BY number', [bundle]);
  const form = new URLSearchParams({
    apikey: process.env.BENCH_ALIGO_KEY,
    userid: process.env.BENCH_ALIGO_USER,
    senderkey: asked.sender_key,
    tpl_code: asked.template_code,
    sender: asked.sender_phone,
  });
  messages.forEach(({ phone, body, link }, index) => {
    const button = asked.buttons.map((button) => ({
      ...button,
      linkMo: button.linkMo.replaceAll('#{link}', link),
      linkPc: button.linkPc.replaceAll('#{link}', link),
    }));
    form.append(`receiver_${index + 1}`, `0${phone.slice(3)}`);
    form.append(`subject_${index + 1}`, asked.template_code);
    form.append(`message_${index + 1}`, body);
    form.append(`button_${index + 1}`, JSON.stringify({ button }));
  });
  const { data } = await axios.post(`${provider}/akv10/alimtalk/send/`, form);
  if (Number(data.code) !== 0) throw new Error(`the provider refused: ${data.message}`);
  const connection = await pool.getConnection();
  await connection.beginTransaction();
  const answeredAt = new Date();
  await connection.query(
    `UPDATE bundles SET state = 'accepted', provider_id = ?, answer_code = 0, answered_at = ?, poll_at = ?
     WHERE clinic_id = ? AND id = ?`,
    [data.info.mid, answeredAt, new Date(answeredAt.getTime() + 300_000), clinic, bundle],
  );
  await connection.query("UPDATE messages SET state = 'sent', sent_at = ? WHERE bundle_id = ? AND state = 'queued'", [answeredAt, bundle]);
  await connection.commit();
  connection.release();
}

/** What is to be sent. MariaDB hands JSON over as text, MySQL as an object. */
async function find(connection) {
  const [[asked]] = await connection.query('SELECT * FROM campaigns WHERE clinic_id = ? AND id = ?', [clinic, campaign]);
  return { ...asked, buttons: typeof asked.buttons === 'string' ? JSON.parse(asked.buttons) : asked.buttons };
}

/** The token of a message: who it is for, and 96 bits of a proof. */
function token(number) {
  const ids = Buffer.alloc(21);
  ids[0] = 1;
  campaign.copy(ids, 1);
  ids.writeUInt32BE(number, 17);
  const mac = createHmac('sha256', 'k'.repeat(64)).update('dangol link v1').update(ids).digest().subarray(0, 12);
  return Buffer.concat([ids, mac]).toString('base64url');
}

/** The 16 bytes of an id as the API shows it: `cmp_` and 32 hexadecimal digits. */
function bytes(id) {
  return Buffer.from(id.slice(id.indexOf('_') + 1), 'hex');
}
