-- Which group a name of the list stood for when a chunk of its rows was committed. A row that adds somebody is not written again:
-- by this, and by the customer, undoing knows what it did.
CREATE TABLE import_groups (
    clinic_id BINARY(16) NOT NULL,
    import_id BINARY(16) NOT NULL,
    name VARCHAR(60) NOT NULL COMMENT 'empty for the group that everybody goes to',
    last INT UNSIGNED NOT NULL COMMENT 'number of the last row of the chunk',
    group_id BINARY(16) NOT NULL,
    PRIMARY KEY (clinic_id, import_id, name, last),
    CONSTRAINT import_groups_import FOREIGN KEY (clinic_id, import_id) REFERENCES imports (clinic_id, id) ON DELETE CASCADE
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- The parts in which an import that is being committed is worked off, by two connections at once; they go when the last one is done.
CREATE TABLE import_chunks (
    clinic_id BINARY(16) NOT NULL,
    import_id BINARY(16) NOT NULL,
    last INT UNSIGNED NOT NULL COMMENT 'number of the last row',
    previous INT UNSIGNED NOT NULL COMMENT 'the number in front of the first row',
    done BOOLEAN NOT NULL DEFAULT FALSE,
    rows_committed INT UNSIGNED NOT NULL DEFAULT 0,
    rows_added INT UNSIGNED NOT NULL DEFAULT 0,
    rows_updated INT UNSIGNED NOT NULL DEFAULT 0,
    PRIMARY KEY (clinic_id, import_id, last),
    CONSTRAINT import_chunks_import FOREIGN KEY (clinic_id, import_id) REFERENCES imports (clinic_id, id) ON DELETE CASCADE
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;
