-- Sending in full: schedules and pauses, a canary before the rest, fair turns between clinics, a gate before the provider, and
-- numbers per group.

-- Consent to advertising is not consent to information.
ALTER TABLE customers
    ADD COLUMN advertising_consent_at DATETIME(6) NULL;

-- States: scheduled, requested, preparing, sending, paused, finished, canceled, failed.
ALTER TABLE campaigns
    MODIFY COLUMN state VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    MODIFY COLUMN failure VARCHAR(200) NULL COMMENT 'why it failed or is paused',
    ADD COLUMN kind VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'information' COMMENT 'information, advertising or test',
    ADD COLUMN scheduled_at DATETIME(6) NULL COMMENT 'when it is to begin, NULL for at once',
    ADD COLUMN stale_after_minutes INT UNSIGNED NOT NULL DEFAULT 60 COMMENT 'later than this it asks instead of firing',
    ADD COLUMN resumed_from VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'the state before a pause',
    ADD COLUMN source_campaign_id BINARY(16) NULL COMMENT 'the campaign to some of whose recipients this one goes',
    ADD COLUMN source_part VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'failed or not_clicked',
    ADD COLUMN test_phones JSON NULL COMMENT 'where a test goes',
    ADD COLUMN test_customer_id BINARY(16) NULL COMMENT 'whose values a test shows',
    ADD COLUMN prepared_through BINARY(16) NULL COMMENT 'the last customer that was looked at',
    ADD COLUMN prepared_source_number INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the last message of the source campaign that was looked at',
    ADD COLUMN prepared_messages INT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN prepared_bundles INT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN released_at DATETIME(6) NULL COMMENT 'when its first bundle had come back well, so that the others may go',
    ADD COLUMN resumed_at DATETIME(6) NULL COMMENT 'when its time had come, or when it was last resumed',
    ADD COLUMN started_at DATETIME(6) NULL COMMENT 'when its first bundle was handed over',
    ADD COLUMN finished_at DATETIME(6) NULL COMMENT 'when it came to an end of any kind',
    ADD KEY campaigns_by_state (state, scheduled_at),
    ADD KEY campaigns_by_source (source_campaign_id);
-- Whatever is under way when this arrives has no canary to wait for.
UPDATE campaigns SET released_at = created_at WHERE state = 'sending';

ALTER TABLE campaign_groups
    ADD COLUMN position SMALLINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the place in which it was named';

-- `attempt` is a fencing token: what came of an attempt may be stored only while the bundle still remembers that attempt.
ALTER TABLE bundles
    MODIFY COLUMN called_at DATETIME(6) NULL COMMENT 'when it was last handed over',
    ADD COLUMN attempt INT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN refusals INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'how often the provider said no',
    ADD COLUMN not_before DATETIME(6) NULL COMMENT 'when a bundle that was put back may be tried again',
    ADD COLUMN taken INT UNSIGNED NULL COMMENT 'how many messages the provider says it has',
    ADD COLUMN absent_since DATETIME(6) NULL COMMENT 'when a complete look through the history first did not show an unknown bundle',
    ADD KEY bundles_waiting (campaign_id, state, position);

-- The state of a message changes several times; an index over it costs five times as much as the change, and saves little:
-- a campaign is read in one go.
ALTER TABLE messages
    ADD KEY messages_by_campaign (clinic_id, campaign_id),
    DROP KEY messages_by_state,
    MODIFY COLUMN customer_id BINARY(16) NULL COMMENT 'NULL for a test',
    ADD COLUMN group_id BINARY(16) NULL COMMENT 'the group through which it was reached, the first that was named',
    ADD COLUMN substitute_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'smid of the SMS that went instead';

-- Whose turn it is: the clinic that was served longest ago comes first.
CREATE TABLE sending_turns (
    clinic_id BINARY(16) NOT NULL PRIMARY KEY,
    served_at DATETIME(6) NOT NULL,
    CONSTRAINT sending_turns_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- One line: how soon the provider may be called again, and whether it is worth calling at all.
CREATE TABLE provider_gate (
    id TINYINT UNSIGNED NOT NULL PRIMARY KEY,
    next_call_at DATETIME(6) NOT NULL COMMENT 'the next free place in the queue of calls',
    failures INT UNSIGNED NOT NULL COMMENT 'calls in a row without an answer',
    closed_until DATETIME(6) NULL COMMENT 'nobody calls before that, and then one tries',
    reason VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'down, or access_refused'
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;
INSERT INTO provider_gate (id, next_call_at, failures) VALUES (1, '2000-01-01', 0);
