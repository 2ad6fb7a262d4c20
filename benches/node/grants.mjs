// Grants as a careful Node engineer writes them who has seen ours: mysql2 with the same two statements for a batch. The unique key
// holds here, too; that two workers write one key at the same moment does not happen in this benchmark, and is not handled.

import { bytes, connect, newId } from './common.mjs';
import { turns } from './grants-common.mjs';

const [schema, file] = process.argv.slice(2);

const LINES = (count) => `INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, referral_id, created_at)
  VALUES ${Array(count).fill('(?, ?, ?, ?, ?, ?, ?, ?)').join(', ')} ON DUPLICATE KEY UPDATE grant_key = grant_key`;

const BALANCES = (count) => `INSERT INTO point_balances (clinic_id, user_id, balance)
  SELECT clinic_id, user_id, amount FROM point_entries FORCE INDEX (PRIMARY) WHERE id IN (${Array(count).fill('?').join(', ')})
  ORDER BY id ON DUPLICATE KEY UPDATE balance = balance + VALUES(balance)`;

const connection = await connect(schema);
await turns(file, async (records) => {
  const earned = new Map();
  for (const { body } of records) {
    const message = JSON.parse(body);
    if (!earned.has(message.grantKey)) earned.set(message.grantKey, message);
  }
  const lines = [...earned.values()].map((line) => ({ ...line, balance: line.clinicId + line.userId }));
  // Ids in the order of the balances, and lines in that of their keys, as ours.
  const ids = lines.map(newId).sort(Buffer.compare);
  lines.sort((one, other) => (one.balance < other.balance ? -1 : 1)).forEach((line, at) => (line.id = ids[at]));
  lines.sort((one, other) => (one.grantKey < other.grantKey ? -1 : 1));
  const now = new Date();
  const values = lines.flatMap(({ id, grantKey, clinicId, userId, reason, amount, referralId }) => {
    return [id, grantKey, bytes(clinicId), bytes(userId), reason, amount, bytes(referralId), now];
  });
  await connection.beginTransaction();
  await connection.execute(LINES(lines.length), values);
  await connection.execute(BALANCES(ids.length), ids);
  await connection.commit();
});
await connection.end();
