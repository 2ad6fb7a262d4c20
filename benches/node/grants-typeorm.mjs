// Grants as they are written when an ORM is at hand: a transaction for each message, which inserts the line of the ledger on its unique
// key and moves the balance. A line that is there already means that nothing is left to do. With `upsert` the balance moves by one
// statement written by hand; with `at-once` the messages of a batch are worked off at the same time besides, on ten connections.

import { DataSource, EntitySchema } from 'typeorm';

import { address, newId } from './common.mjs';
import { turns } from './grants-common.mjs';

const [schema, file, manner] = process.argv.slice(2);
const atOnce = manner === 'at-once';
const move = manner ? upsert : increment;

const id = { type: 'binary', length: 16 };

const Entry = new EntitySchema({
  name: 'Entry',
  tableName: 'point_entries',
  columns: {
    id: { ...id, primary: true },
    grantKey: { type: 'varchar', length: 80, name: 'grant_key' },
    clinicId: { ...id, name: 'clinic_id' },
    userId: { ...id, name: 'user_id' },
    reason: { type: 'varchar', length: 10 },
    amount: { type: 'int' },
    referralId: { ...id, name: 'referral_id', nullable: true },
    createdAt: { type: 'datetime', precision: 6, name: 'created_at' },
  },
});

const Balance = new EntitySchema({
  name: 'Balance',
  tableName: 'point_balances',
  columns: {
    clinicId: { ...id, primary: true, name: 'clinic_id' },
    userId: { ...id, primary: true, name: 'user_id' },
    balance: { type: 'bigint' },
  },
});

const { user, ...rest } = address();
const source = await new DataSource({
  type: 'mysql',
  ...rest,
  username: user,
  database: schema,
  entities: [Entry, Balance],
  poolSize: atOnce ? 10 : 1,
}).initialize();

await turns(file, async (records) => {
  if (atOnce) await Promise.all(records.map(grant));
  else for (const record of records) await grant(record);
});
await source.destroy();

async function grant({ body }) {
  const { grantKey, clinicId, userId, reason, amount, referralId } = JSON.parse(body);
  const clinic = bytes(clinicId);
  const member = bytes(userId);
  try {
    await source.transaction(async (manager) => {
      const line = { id: newId(), grantKey, clinicId: clinic, userId: member, reason, amount, referralId: bytes(referralId) };
      // Not `save`, which would look for the line first, and again afterwards.
      await manager.insert(Entry, { ...line, createdAt: new Date() });
      await move(manager, clinic, member, amount);
    });
  } catch (error) {
    if (error.code !== 'ER_DUP_ENTRY') throw error;
  }
}

async function increment(manager, clinicId, userId, amount) {
  const { affected } = await manager.increment(Balance, { clinicId, userId }, 'balance', amount);
  if (!affected) await manager.insert(Balance, { clinicId, userId, balance: amount });
}

async function upsert(manager, clinicId, userId, amount) {
  await manager.query(
    `INSERT INTO point_balances (clinic_id, user_id, balance) VALUES (?, ?, ?)
     ON DUPLICATE KEY UPDATE balance = balance + VALUES(balance)`,
    [clinicId, userId, amount],
  );
}

/** The 16 bytes of an id as the API shows it: `usr_` and 32 hexadecimal digits. */
function bytes(id) {
  return Buffer.from(id.slice(4), 'hex');
}
