-- Memberships, referrals and points in full. What may happen once is a key, what may not happen is a check.

-- Invitations: whether new members are taken at all, and how many invitations of one member are paid without a look at them.
ALTER TABLE clinics
    ADD COLUMN accepts_members BOOLEAN NOT NULL DEFAULT TRUE,
    ADD COLUMN invites_per_day INT UNSIGNED NULL DEFAULT 20 COMMENT 'paid invitations of one member in a day of the clinic, NULL for no limit',
    ADD COLUMN invites_in_total INT UNSIGNED NULL DEFAULT 200 COMMENT 'paid invitations of one member, NULL for no limit',
    ADD COLUMN pays_for_known BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'whether somebody whom the clinic knew before pays invite points',
    ADD COLUMN holds_unproven BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'whether points of people without a proven phone are held for review';

-- A person who no longer works for the clinic stays as a line for the audit log, under another subject.
ALTER TABLE staff
    ADD COLUMN phone VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'only when proven',
    ADD COLUMN removed_at DATETIME(6) NULL,
    ADD KEY staff_by_phone (clinic_id, phone);

-- Links by which people begin to work for a clinic. The token is shown once, kept is its hash.
CREATE TABLE staff_invitations (
    clinic_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    token_hash BINARY(32) NOT NULL,
    name VARCHAR(100) NOT NULL COMMENT 'whom it is for',
    role VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    invited_by BINARY(16) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    accepted_by BINARY(16) NULL COMMENT 'the staff member it made',
    accepted_at DATETIME(6) NULL,
    revoked_at DATETIME(6) NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE KEY staff_invitations_token (token_hash),
    CONSTRAINT staff_invitations_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- Who of the staff did what with whose data, and when: ids only.
CREATE TABLE audit_entries (
    clinic_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    staff_id BINARY(16) NOT NULL,
    action VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    subject_kind VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'customer, user, staff, import, campaign, ...',
    subject_id BINARY(16) NULL COMMENT 'whose data or which list, NULL when it is about many',
    people INT UNSIGNED NOT NULL COMMENT 'how many people it was about',
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (clinic_id, id),
    KEY audit_entries_by_staff (clinic_id, staff_id, id),
    KEY audit_entries_by_subject (clinic_id, subject_id, id),
    KEY audit_entries_by_action (clinic_id, action, id),
    CONSTRAINT audit_entries_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- One membership is one customer of the clinic at most, and the other way round.
ALTER TABLE memberships
    ADD COLUMN ended_at DATETIME(6) NULL,
    ADD COLUMN ended_because VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'declined, removed, left, withdrawn',
    ADD COLUMN customer_id BINARY(16) NULL COMMENT 'the customer who is the same person',
    ADD COLUMN customer_made BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'whether joining made that customer',
    ADD UNIQUE KEY memberships_customer (clinic_id, customer_id),
    ADD KEY memberships_by_state (clinic_id, state, created_at, user_id),
    ADD KEY memberships_by_age (clinic_id, created_at, user_id);
UPDATE memberships SET ended_at = created_at, ended_because = 'removed' WHERE state = 'ended';
ALTER TABLE memberships
    ADD CONSTRAINT memberships_ends CHECK ((state = 'ended') = (ended_because IS NOT NULL));

ALTER TABLE referral_codes
    ADD COLUMN disabled_at DATETIME(6) NULL,
    ADD COLUMN expires_at DATETIME(6) NULL;

-- Why an invitation earned nothing, when it did not: known_customer, known_member, staff, not_first, points_off, no_points.
ALTER TABLE referrals
    ADD COLUMN unpaid_because VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN join_points INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'what the new member was told to get at once, to be told again';
UPDATE referrals r JOIN point_entries e ON e.user_id = r.user_id AND e.clinic_id = r.clinic_id AND e.reason = 'join'
    SET r.join_points = e.amount;

-- Who joined before people were remembered by hashes is known by the phone.
ALTER TABLE users
    ADD KEY users_by_phone (phone);

-- Who has joined a clinic, by peppered hashes of the proven phones and e-mail: points of joining are paid once per person,
-- also when the person comes back under another account.
CREATE TABLE person_keys (
    person_key BINARY(32) NOT NULL PRIMARY KEY,
    user_id BINARY(16) NOT NULL COMMENT 'who came with it first',
    created_at DATETIME(6) NOT NULL,
    forget_at DATETIME(6) NULL COMMENT 'set when the person withdraws',
    KEY person_keys_by_user (user_id),
    KEY person_keys_by_end (forget_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- How many invitations of a member were paid: moved under a lock in the transaction of the join, so that a cap is exact.
CREATE TABLE invite_counts (
    clinic_id BINARY(16) NOT NULL,
    referrer_id BINARY(16) NOT NULL,
    day DATE NOT NULL COMMENT 'the clinic''s day that `that_day` counts',
    that_day INT UNSIGNED NOT NULL,
    in_total INT UNSIGNED NOT NULL,
    burst_since DATETIME(6) NOT NULL,
    in_burst INT UNSIGNED NOT NULL,
    PRIMARY KEY (clinic_id, referrer_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;
INSERT INTO invite_counts (clinic_id, referrer_id, day, that_day, in_total, burst_since, in_burst)
    SELECT clinic_id, user_id, DATE(MAX(created_at)), 0, COUNT(*), MAX(created_at), 0
    FROM point_entries WHERE reason = 'invite' GROUP BY clinic_id, user_id;

-- Points that somebody of the clinic is to look at first. A key is either here or published, never both, until it is released.
CREATE TABLE held_grants (
    clinic_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    grant_key VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    user_id BINARY(16) NOT NULL COMMENT 'who would earn them',
    reason VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    amount INT UNSIGNED NOT NULL,
    referral_id BINARY(16) NOT NULL,
    held_because VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'daily_cap, total_cap, burst, staff, unproven_phone',
    state VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'held' COMMENT 'held, released, refused',
    note VARCHAR(200) NOT NULL DEFAULT '',
    decided_by BINARY(16) NULL,
    decided_at DATETIME(6) NULL,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE KEY held_grants_grant (grant_key),
    KEY held_grants_by_state (clinic_id, state, id),
    KEY held_grants_by_user (user_id, clinic_id, state),
    CONSTRAINT held_grants_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id),
    CONSTRAINT held_grants_decision CHECK ((state = 'held') = (decided_at IS NULL))
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- A line is reversed once, and its sign says what it is.
ALTER TABLE point_entries
    ADD COLUMN staff_id BINARY(16) NULL COMMENT 'who of the staff did it',
    ADD COLUMN note VARCHAR(200) NOT NULL DEFAULT '',
    ADD COLUMN reverses BINARY(16) NULL COMMENT 'the line that this one takes back',
    ADD UNIQUE KEY point_entries_reverses (reverses),
    ADD KEY point_entries_by_line (clinic_id, id),
    ADD KEY point_entries_by_reason (clinic_id, reason, id, amount),
    ADD CONSTRAINT point_entries_signs CHECK (
        (reason IN ('join', 'invite') AND amount > 0) OR (reason = 'spend' AND amount < 0)
        OR (reason = 'adjust' AND amount <> 0) OR (reason = 'reverse' AND amount <> 0)),
    ADD CONSTRAINT point_entries_reversals CHECK ((reason = 'reverse') = (reverses IS NOT NULL));

-- How many codes that do not exist somebody has shown lately, under a pseudonym.
CREATE TABLE code_guesses (
    guesser BINARY(32) NOT NULL PRIMARY KEY,
    since DATETIME(6) NOT NULL,
    guesses INT UNSIGNED NOT NULL,
    KEY code_guesses_by_age (since)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- Who has withdrawn, until nothing is left of them: the account is to be deleted, and messages are to forget them.
CREATE TABLE withdrawals (
    user_id BINARY(16) NOT NULL PRIMARY KEY,
    subject VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of the account, while tokens of it may be around',
    requested_at DATETIME(6) NOT NULL,
    account_deleted_at DATETIME(6) NULL,
    finished_at DATETIME(6) NULL,
    UNIQUE KEY withdrawals_subject (subject),
    KEY withdrawals_by_state (finished_at, requested_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- The customers that went with a withdrawal, until their messages have forgotten them too: a line for each phone that they had.
CREATE TABLE withdrawn_customers (
    user_id BINARY(16) NOT NULL,
    clinic_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    phone VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'to find the messages by, deleted with the line',
    is_edited BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'whether messages may hold other phones too, which are looked for',
    campaigns_through BINARY(16) NULL COMMENT 'the last campaign that was looked through for them',
    imports_through BINARY(16) NULL COMMENT 'the last import',
    PRIMARY KEY (user_id, clinic_id, phone),
    KEY withdrawn_customers_by_customer (clinic_id, customer_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;
