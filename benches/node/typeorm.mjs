// The import as it is written when an ORM is at hand: entities for the same tables, `save` in chunks of 1,000.
// It keeps nothing for an undo.

import { DataSource, EntitySchema, MoreThan, In } from 'typeorm';

import { CHUNK, address, main, newId } from './common.mjs';

const id = { type: 'binary', length: 16, primary: true };
const otherId = { type: 'binary', length: 16, nullable: true };
const text = (length) => ({ type: 'varchar', length });
const moment = { type: 'datetime', precision: 6 };

const Import = new EntitySchema({
  name: 'Import',
  tableName: 'imports',
  columns: {
    clinicId: { ...id, name: 'clinic_id' },
    id,
    state: text(12),
    sheetName: { ...text(255), name: 'sheet_name', nullable: true },
    columnNames: { type: 'json', name: 'column_names', nullable: true },
    rowsRead: { type: 'int', name: 'rows_read' },
    rowsCommitted: { type: 'int', name: 'rows_committed' },
    updatedAt: { ...moment, name: 'updated_at' },
  },
});

const ImportRow = new EntitySchema({
  name: 'ImportRow',
  tableName: 'import_rows',
  columns: {
    clinicId: { ...id, name: 'clinic_id' },
    importId: { ...id, name: 'import_id' },
    number: { type: 'int', unsigned: true, primary: true },
    name: text(1000),
    phoneText: { ...text(1000), name: 'phone_text' },
    phone: { ...text(16), nullable: true },
    groupName: { ...text(1000), name: 'group_name' },
    attributes: { type: 'json' },
    verdict: text(20),
    duplicateOf: { type: 'int', name: 'duplicate_of', nullable: true },
    deleted: { type: 'boolean' },
    customerId: { ...otherId, name: 'customer_id' },
  },
});

const CustomerGroup = new EntitySchema({
  name: 'CustomerGroup',
  tableName: 'customer_groups',
  columns: {
    clinicId: { ...id, name: 'clinic_id' },
    id,
    name: text(60),
    importId: { ...otherId, name: 'import_id' },
    createdAt: { ...moment, name: 'created_at' },
  },
});

const Customer = new EntitySchema({
  name: 'Customer',
  tableName: 'customers',
  columns: {
    clinicId: { ...id, name: 'clinic_id' },
    id,
    name: text(100),
    phone: text(16),
    attributes: { type: 'json' },
    importId: { ...otherId, name: 'import_id' },
    createdAt: { ...moment, name: 'created_at' },
    updatedAt: { ...moment, name: 'updated_at' },
  },
});

const Member = new EntitySchema({
  name: 'Member',
  tableName: 'customer_group_members',
  columns: {
    clinicId: { ...id, name: 'clinic_id' },
    groupId: { ...id, name: 'group_id' },
    customerId: { ...id, name: 'customer_id' },
  },
});

await main({ stage, commit });

async function connect(schema) {
  const { user, ...rest } = address();
  const entities = [Import, ImportRow, CustomerGroup, Customer, Member];
  return new DataSource({ type: 'mysql', ...rest, username: user, database: schema, entities, poolSize: 1 }).initialize();
}

async function stage({ schema, clinic, import: importId, file }) {
  const { readList } = await import('./list.mjs');
  const source = await connect(schema);
  const list = readList(file);
  await source.transaction('READ COMMITTED', async (manager) => {
    const found = await manager.findOneByOrFail(Import, { clinicId: clinic, id: importId });
    await manager.delete(ImportRow, { clinicId: clinic, importId });
    for (let at = 0; at < list.rows.length; at += CHUNK) {
      const rows = list.rows.slice(at, at + CHUNK).filter((row) => row.verdict === 'new');
      const known = await manager.findBy(Customer, { clinicId: clinic, phone: In(rows.map((row) => row.phone)) });
      const phones = new Set(known.map((customer) => customer.phone));
      for (const row of rows) if (phones.has(row.phone)) row.verdict = 'updates';
    }
    const rows = list.rows.map(({ group, ...row }) => ({
      ...row,
      clinicId: clinic,
      importId,
      groupName: group,
      deleted: false,
      customerId: newId(),
    }));
    await manager.save(ImportRow, rows, { chunk: CHUNK });
    Object.assign(found, { state: 'ready', sheetName: list.sheet, columnNames: list.columns, rowsRead: rows.length, updatedAt: new Date() });
    await manager.save(Import, found);
  });
  await source.destroy();
}

async function commit({ schema, clinic, import: importId }) {
  const source = await connect(schema);
  await source.transaction('READ COMMITTED', async (manager) => {
    const where = { clinicId: clinic, id: importId };
    const found = await manager.findOneOrFail(Import, { where, lock: { mode: 'pessimistic_write' } });
    if (found.state !== 'committing') throw new Error(`the import is ${found.state}`);
    const groups = new Map((await manager.findBy(CustomerGroup, { clinicId: clinic })).map((group) => [group.name, group]));
    let after = 0;
    let written = 0;
    for (;;) {
      const rows = await manager.find(ImportRow, {
        where: { clinicId: clinic, importId, number: MoreThan(after), verdict: In(['new', 'updates']), deleted: false },
        order: { number: 'ASC' },
        take: CHUNK,
      });
      if (!rows.length) break;
      await write(manager, { clinic, importId, rows, groups });
      after = rows.at(-1).number;
      written += rows.length;
    }
    Object.assign(found, { state: 'committed', rowsCommitted: written, updatedAt: new Date() });
    await manager.save(Import, found);
  });
  await source.destroy();
}

async function write(manager, { clinic, importId, rows, groups }) {
  const now = new Date();
  const missing = new Set(rows.map((row) => row.groupName).filter((name) => name && !groups.has(name)));
  const made = [...missing].map((name) => ({ clinicId: clinic, id: newId(), name, importId, createdAt: now }));
  for (const group of await manager.save(CustomerGroup, made)) groups.set(group.name, group);

  const known = await manager.findBy(Customer, { clinicId: clinic, phone: In(rows.map((row) => row.phone)) });
  const byPhone = new Map(known.map((customer) => [customer.phone, customer]));
  const customers = rows.map((row) => {
    const customer = byPhone.get(row.phone) ?? { clinicId: clinic, id: row.customerId, phone: row.phone, importId, createdAt: now };
    const attributes = { ...customer.attributes, ...row.attributes };
    return Object.assign(customer, { name: row.name, attributes, updatedAt: now });
  });
  await manager.save(Customer, customers, { chunk: CHUNK });

  const members = rows.flatMap((row, at) =>
    row.groupName ? [{ clinicId: clinic, groupId: groups.get(row.groupName).id, customerId: customers[at].id }] : [],
  );
  // Not `save`: to look for 1,000 keys of three columns before it inserts them takes it 2 s.
  await manager.createQueryBuilder().insert().into(Member).values(members).orIgnore().updateEntity(false).execute();
}
