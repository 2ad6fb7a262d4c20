// The import as a careful Node engineer writes it: SheetJS, mysql2, 1,000 rows in a statement, one transaction per step.

import { CHUNK, chunks, connect, main, newId } from './common.mjs';

await main({ stage, commit });

async function stage({ schema, clinic, import: importId, file }) {
  const { readList } = await import('./list.mjs');
  const connection = await connect(schema);
  const key = [clinic, importId];
  await connection.query("UPDATE imports SET state = 'parsing', updated_at = ? WHERE clinic_id = ? AND id = ?", [new Date(), ...key]);
  const list = readList(file);
  await connection.beginTransaction();
  await connection.query('DELETE FROM import_rows WHERE clinic_id = ? AND import_id = ?', key);
  for (const rows of chunks(list.rows)) {
    await settle(connection, clinic, rows);
    await connection.query(
      `INSERT INTO import_rows (clinic_id, import_id, number, name, phone_text, phone, group_name, attributes, verdict,
         duplicate_of, customer_id) VALUES ?`,
      [
        rows.map((row) => [
          clinic,
          importId,
          row.number,
          row.name,
          row.phoneText,
          row.phone,
          row.group,
          JSON.stringify(row.attributes),
          row.verdict,
          row.duplicateOf,
          newId(),
        ]),
      ],
    );
  }
  await connection.query(
    `UPDATE imports SET state = 'ready', sheet_name = ?, header_row = ?, column_names = ?, rows_read = ?, updated_at = ?
     WHERE clinic_id = ? AND id = ?`,
    [list.sheet, list.headerRow, JSON.stringify(list.columns), list.rows.length, new Date(), ...key],
  );
  await connection.commit();
  await connection.end();
}

/** Completes the verdicts by what the clinic knows of the phones. */
async function settle(connection, clinic, rows) {
  const phones = rows.filter((row) => row.verdict === 'new').map((row) => row.phone);
  if (!phones.length) return;
  const [known] = await connection.query(
    `SELECT phone, 'updates' AS verdict FROM customers WHERE clinic_id = ? AND phone IN (?)
     UNION ALL SELECT phone, 'suppressed' FROM suppressions WHERE clinic_id = ? AND phone IN (?)`,
    [clinic, phones, clinic, phones],
  );
  if (!known.length) return;
  const verdicts = new Map(known.map(({ phone, verdict }) => [phone, verdict]));
  for (const row of rows) {
    if (row.verdict === 'new') row.verdict = verdicts.get(row.phone) ?? 'new';
  }
}

async function commit({ schema, clinic, import: importId }) {
  const connection = await connect(schema);
  const key = [clinic, importId];
  await connection.beginTransaction();
  const [[{ state }]] = await connection.query('SELECT state FROM imports WHERE clinic_id = ? AND id = ? FOR UPDATE', key);
  if (state !== 'committing') throw new Error(`the import is ${state}`);
  const groups = await ensureGroups(connection, clinic, importId);
  let after = 0;
  let added = 0;
  for (;;) {
    const [rows] = await connection.query(
      `SELECT number, name, phone, group_name, attributes, customer_id FROM import_rows FORCE INDEX (PRIMARY)
       WHERE clinic_id = ? AND import_id = ? AND number > ? AND verdict IN ('new', 'updates') AND deleted = FALSE
       ORDER BY number LIMIT ?`,
      [...key, after, CHUNK],
    );
    if (!rows.length) break;
    await write(connection, clinic, importId, rows, groups);
    after = rows.at(-1).number;
    added += rows.length;
  }
  await connection.query(
    "UPDATE imports SET state = 'committed', rows_committed = ?, rows_added = ?, updated_at = ? WHERE clinic_id = ? AND id = ?",
    [added, added, new Date(), ...key],
  );
  await connection.commit();
  await connection.end();
}

/** The ids of the groups that the list names, by name; those that do not exist yet are made. */
async function ensureGroups(connection, clinic, importId) {
  const [named] = await connection.query(
    `SELECT DISTINCT r.group_name AS name, g.id FROM import_rows r
     LEFT JOIN customer_groups g ON g.clinic_id = r.clinic_id AND g.name = r.group_name
     WHERE r.clinic_id = ? AND r.import_id = ? AND r.group_name <> '' AND r.deleted = FALSE`,
    [clinic, importId],
  );
  const missing = named.filter(({ id }) => !id);
  for (const group of missing) group.id = newId();
  if (missing.length) {
    await connection.query('INSERT INTO customer_groups (clinic_id, id, name, import_id, created_at) VALUES ?', [
      missing.map(({ id, name }) => [clinic, id, name, importId, new Date()]),
    ]);
  }
  return new Map(named.map(({ id, name }) => [name, id]));
}

async function write(connection, clinic, importId, rows, groups) {
  const phones = rows.map((row) => row.phone);
  const [known] = await connection.query('SELECT phone, id FROM customers WHERE clinic_id = ? AND phone IN (?)', [clinic, phones]);
  const ids = new Map(known.map(({ phone, id }) => [phone, id]));
  const now = new Date();
  for (const row of rows) row.customer_id = ids.get(row.phone) ?? row.customer_id;
  await connection.query(
    `INSERT INTO customers (clinic_id, id, name, phone, attributes, import_id, created_at, updated_at) VALUES ?
     ON DUPLICATE KEY UPDATE name = VALUES(name), attributes = JSON_MERGE_PATCH(attributes, VALUES(attributes)),
       updated_at = VALUES(updated_at)`,
    [rows.map((row) => [clinic, row.customer_id, row.name, row.phone, json(row.attributes), importId, now, now])],
  );
  const members = rows.filter((row) => row.group_name).map((row) => [clinic, groups.get(row.group_name), row.customer_id]);
  if (members.length) {
    await connection.query('INSERT IGNORE INTO customer_group_members (clinic_id, group_id, customer_id) VALUES ?', [members]);
  }
  if (process.env.BENCH_WITHOUT_UNDO) return;
  // What undoing the import needs to know.
  await connection.query(
    `UPDATE import_rows r FORCE INDEX (PRIMARY)
     LEFT JOIN customer_groups g ON g.clinic_id = r.clinic_id AND g.name = r.group_name
     SET r.outcome = 'added', r.written_at = ?, r.joined_group_id = COALESCE(g.id, r.joined_group_id)
     WHERE r.clinic_id = ? AND r.import_id = ? AND r.number BETWEEN ? AND ? AND r.verdict IN ('new', 'updates') AND r.deleted = FALSE`,
    [now, clinic, importId, rows[0].number, rows.at(-1).number],
  );
}

/** MariaDB hands JSON over as text, MySQL as an object. */
function json(value) {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
