-- Imports that can be corrected, chosen from, resumed and undone; lists of customers sorted by name.

-- The columns that a clinic's customers have beyond name and phone, in the order in which they were first seen.
CREATE TABLE customer_columns (
    clinic_id BINARY(16) NOT NULL,
    name VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    import_id BINARY(16) NULL COMMENT 'the import that brought this column',
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (clinic_id, name),
    CONSTRAINT customer_columns_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- A name that is too long to be a column comes out of JSON_TABLE as NULL (MySQL) or cut (MariaDB): the 101st character tells.
INSERT INTO customer_columns (clinic_id, name, created_at)
    SELECT clinic_id, name, MIN(created_at) FROM (
        SELECT c.clinic_id, c.created_at, k.name COLLATE utf8mb4_bin AS name
        FROM customers c, JSON_TABLE(JSON_KEYS(c.attributes), '$[*]' COLUMNS (name VARCHAR(101) CHARACTER SET utf8mb4 PATH '$')) k
        WHERE CHAR_LENGTH(k.name) <= 100) seen
    GROUP BY clinic_id, name;

ALTER TABLE customers
    ADD KEY customers_by_name (clinic_id, name, id);

ALTER TABLE customer_groups
    ADD COLUMN import_id BINARY(16) NULL COMMENT 'the import that made this group';

ALTER TABLE imports
    ADD COLUMN created_by BINARY(16) NULL COMMENT 'staff',
    ADD COLUMN failure_at VARCHAR(300) NULL COMMENT 'where in the file the failure is, for people: sheet and cell',
    ADD COLUMN wish JSON NULL COMMENT 'which sheet, header row and columns staff asked for, NULL when everything is to be found',
    ADD COLUMN sheets JSON NULL COMMENT 'names of the sheets to choose from',
    ADD COLUMN header_row INT UNSIGNED NULL COMMENT 'number of the row that was taken for the header, 0 for none',
    ADD COLUMN sample JSON NULL COMMENT 'the first rows as they stand in the sheet, for whoever corrects the columns',
    ADD COLUMN target_group_id BINARY(16) NULL COMMENT 'where everybody goes instead of the groups of the file',
    ADD COLUMN update_existing BOOLEAN NOT NULL DEFAULT TRUE COMMENT 'FALSE leaves customers alone that the clinic has already',
    ADD COLUMN worked_through INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'number of the last row that was committed, or undone',
    ADD COLUMN rows_added INT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN rows_updated INT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN rows_undone INT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN rows_kept INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'not undone, because somebody edited the customer since',
    ADD COLUMN rows_expired BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the rows were deleted because of their age, and with them what undoing needs',
    ADD KEY imports_by_state (state, rows_expired, updated_at);

-- What became of a row, and what was there before it. What every commit writes has its place from the beginning: rows that grow
-- do not stay where they are, and to move them takes the server four times as long.
ALTER TABLE import_rows
    ADD COLUMN customer_id BINARY(16) NULL COMMENT 'reserved when the row was read, then who it became',
    ADD COLUMN outcome CHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'none yet, added, updated, unchanged, left, suppressed, and later undone or kept',
    ADD COLUMN joined_group_id BINARY(16) NOT NULL DEFAULT X'00000000000000000000000000000000' COMMENT 'the group that the row put its customer into, zeros for none',
    ADD COLUMN previous_name VARCHAR(100) NULL,
    ADD COLUMN previous_attributes JSON NULL,
    ADD COLUMN previous_updated_at DATETIME(6) NULL,
    ADD COLUMN written_at DATETIME(6) NOT NULL DEFAULT '1000-01-01' COMMENT 'updated_at of the customer after the row was committed',
    ADD KEY import_rows_by_phone (clinic_id, import_id, phone, number);
