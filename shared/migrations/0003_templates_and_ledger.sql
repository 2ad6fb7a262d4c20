-- Templates as the provider keeps them in full, where their variables come from, and a ledger of refusals that says who and why.

ALTER TABLE templates
    ADD COLUMN comments JSON NULL COMMENT 'what the reviewers wrote, oldest first',
    ADD COLUMN message_kind VARCHAR(2) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'BA' COMMENT 'BA, EX, AD or MI',
    ADD COLUMN emphasis_kind VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'NONE' COMMENT 'NONE, TEXT or IMAGE',
    ADD COLUMN emphasis_subtitle VARCHAR(200) NOT NULL DEFAULT '',
    ADD COLUMN provider_created_at DATETIME NULL COMMENT 'UTC',
    ADD COLUMN last_used_at DATETIME(6) NULL COMMENT 'when a campaign was last asked for: templates fall dormant after a year without use',
    ADD COLUMN sources JSON NULL COMMENT 'which column fills which variable, and what stands in for it';

-- What a campaign fills its variables from is a copy, like its text.
ALTER TABLE campaigns
    ADD COLUMN sources JSON NULL;

-- Where the text alone does not say what a recipient gets: a title or an address with variables of its own.
ALTER TABLE messages
    ADD COLUMN title VARCHAR(200) NULL,
    ADD COLUMN buttons JSON NULL;

-- A line has a name of its own, so that no address needs to hold a phone.
ALTER TABLE suppressions
    ADD COLUMN id BINARY(16) NULL,
    ADD COLUMN note VARCHAR(200) NULL COMMENT 'in the words of whoever added it',
    ADD COLUMN created_by BINARY(16) NULL COMMENT 'staff, NULL when the system learnt it';
-- Code of the release before gives no id: then the server makes one. Set by itself, because MySQL refuses to add a column with
-- such a default; and before the update, so that no line slips in between.
ALTER TABLE suppressions
    ALTER COLUMN id SET DEFAULT (RANDOM_BYTES(16));
UPDATE suppressions SET id = RANDOM_BYTES(16) WHERE id IS NULL;
ALTER TABLE suppressions
    ADD UNIQUE KEY suppressions_id (clinic_id, id),
    ADD KEY suppressions_by_time (clinic_id, created_at, id);

-- Suppressions that were lifted, by whom and why: the ledger forgets nothing.
CREATE TABLE lifted_suppressions (
    id BINARY(16) NOT NULL PRIMARY KEY,
    clinic_id BINARY(16) NOT NULL,
    phone VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    reason VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    note VARCHAR(200) NULL,
    suppressed_at DATETIME(6) NOT NULL,
    suppressed_by BINARY(16) NULL,
    lifted_at DATETIME(6) NOT NULL,
    lifted_by BINARY(16) NOT NULL,
    lifted_because VARCHAR(200) NOT NULL,
    KEY lifted_suppressions_by_time (clinic_id, lifted_at, id),
    CONSTRAINT lifted_suppressions_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;
