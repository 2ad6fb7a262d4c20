-- SQL here stays inside what MySQL 8 and MariaDB 10.11 both accept. Times are UTC. Ids are UUIDv7 in 16 bytes.
-- Every table but `users`, `outbox` and `idempotency_keys` belongs to a clinic, and its keys begin with the clinic wherever a clinic looks things up.

CREATE TABLE clinics (
    id BINARY(16) NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    time_zone VARCHAR(40) NOT NULL DEFAULT 'Asia/Seoul',
    sender_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'a KakaoTalk channel belongs to one clinic',
    sender_phone VARCHAR(20) NULL,
    points_enabled BOOLEAN NOT NULL DEFAULT TRUE,
    join_points INT UNSIGNED NOT NULL DEFAULT 1000,
    invite_points INT UNSIGNED NOT NULL DEFAULT 1000,
    points_notice VARCHAR(500) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    UNIQUE KEY clinics_sender_key (sender_key)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- Links of a clinic's campaigns may lead to these hosts only.
CREATE TABLE link_hosts (
    clinic_id BINARY(16) NOT NULL,
    host VARCHAR(253) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    PRIMARY KEY (clinic_id, host),
    CONSTRAINT link_hosts_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

CREATE TABLE staff (
    id BINARY(16) NOT NULL PRIMARY KEY,
    clinic_id BINARY(16) NOT NULL,
    subject VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name VARCHAR(100) NOT NULL,
    role VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    created_at DATETIME(6) NOT NULL,
    UNIQUE KEY staff_subject (subject),
    KEY staff_by_clinic (clinic_id),
    CONSTRAINT staff_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- `groups` is a reserved word in MySQL 8. The unassigned group has a row, but never a member: its members are the
-- customers without a row in customer_group_members, so the rule "exactly those in no other group" cannot be broken.
CREATE TABLE customer_groups (
    clinic_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    name VARCHAR(60) NOT NULL,
    unassigned BOOLEAN NULL COMMENT 'TRUE for the one unassigned group of the clinic, otherwise NULL',
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE KEY customer_groups_name (clinic_id, name),
    UNIQUE KEY customer_groups_unassigned (clinic_id, unassigned),
    CONSTRAINT customer_groups_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

CREATE TABLE customers (
    clinic_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    name VARCHAR(100) NOT NULL,
    phone VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    attributes JSON NOT NULL,
    import_id BINARY(16) NULL COMMENT 'the import that added this customer',
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE KEY customers_phone (clinic_id, phone),
    CONSTRAINT customers_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

CREATE TABLE customer_group_members (
    clinic_id BINARY(16) NOT NULL,
    group_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    PRIMARY KEY (clinic_id, group_id, customer_id),
    KEY customer_group_members_by_customer (clinic_id, customer_id),
    CONSTRAINT customer_group_members_group FOREIGN KEY (clinic_id, group_id)
        REFERENCES customer_groups (clinic_id, id) ON DELETE CASCADE,
    CONSTRAINT customer_group_members_customer FOREIGN KEY (clinic_id, customer_id)
        REFERENCES customers (clinic_id, id) ON DELETE CASCADE
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- Who must not be written to. Keyed by the phone, so that deleting and importing a customer again does not lift it.
CREATE TABLE suppressions (
    clinic_id BINARY(16) NOT NULL,
    phone VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    reason VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (clinic_id, phone),
    CONSTRAINT suppressions_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

CREATE TABLE imports (
    clinic_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    file_name VARCHAR(255) NOT NULL,
    state VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    failure VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'stable reason when state = failed',
    sheet_name VARCHAR(255) NULL,
    column_names JSON NULL COMMENT 'what each column of the file was taken for',
    rows_read INT UNSIGNED NOT NULL DEFAULT 0,
    rows_committed INT UNSIGNED NOT NULL DEFAULT 0,
    created_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (clinic_id, id),
    CONSTRAINT imports_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- One line per row of the file that holds anything. `number` is the row's number in the spreadsheet, from 1.
CREATE TABLE import_rows (
    clinic_id BINARY(16) NOT NULL,
    import_id BINARY(16) NOT NULL,
    number INT UNSIGNED NOT NULL,
    name VARCHAR(1000) NOT NULL,
    phone_text VARCHAR(1000) NOT NULL COMMENT 'as it stands in the file',
    phone VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL,
    group_name VARCHAR(1000) NOT NULL,
    attributes JSON NOT NULL,
    verdict VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    duplicate_of INT UNSIGNED NULL,
    deleted BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (clinic_id, import_id, number),
    KEY import_rows_by_verdict (clinic_id, import_id, verdict, deleted, number),
    CONSTRAINT import_rows_import FOREIGN KEY (clinic_id, import_id) REFERENCES imports (clinic_id, id) ON DELETE CASCADE
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

CREATE TABLE templates (
    clinic_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    code VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name VARCHAR(200) NOT NULL,
    content TEXT NOT NULL,
    emphasis_title VARCHAR(200) NOT NULL DEFAULT '',
    buttons JSON NOT NULL,
    inspection VARCHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'REG, REQ, APR or REJ',
    status VARCHAR(1) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'S, A or R',
    synced_at DATETIME(6) NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE KEY templates_code (clinic_id, code),
    CONSTRAINT templates_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- What is sent is a copy of the template as it was when the campaign was asked for.
CREATE TABLE campaigns (
    clinic_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    name VARCHAR(100) NOT NULL,
    template_id BINARY(16) NOT NULL,
    template_code VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    content TEXT NOT NULL,
    emphasis_title VARCHAR(200) NOT NULL DEFAULT '',
    buttons JSON NOT NULL,
    sender_key VARCHAR(64) NOT NULL,
    sender_phone VARCHAR(20) NOT NULL,
    destination VARCHAR(2000) NOT NULL,
    state VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'requested, sending, finished, failed',
    failure VARCHAR(200) NULL,
    created_by BINARY(16) NOT NULL,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (clinic_id, id),
    UNIQUE KEY campaigns_id (id),
    CONSTRAINT campaigns_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

CREATE TABLE campaign_groups (
    clinic_id BINARY(16) NOT NULL,
    campaign_id BINARY(16) NOT NULL,
    group_id BINARY(16) NOT NULL,
    PRIMARY KEY (clinic_id, campaign_id, group_id),
    CONSTRAINT campaign_groups_campaign FOREIGN KEY (clinic_id, campaign_id) REFERENCES campaigns (clinic_id, id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- prepared -> calling -> accepted | rejected | unknown. Once `calling` is written the call may have been made. Whatever does not
-- get its answer becomes `unknown` and is never posted again; it stays so until the call is found in the provider's history.
CREATE TABLE bundles (
    clinic_id BINARY(16) NOT NULL,
    id BINARY(16) NOT NULL,
    campaign_id BINARY(16) NOT NULL,
    position INT UNSIGNED NOT NULL,
    state VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    provider_id VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'mid of the provider',
    answer_code INT NULL,
    answer_message VARCHAR(500) NULL,
    called_at DATETIME(6) NULL COMMENT 'when it was last handed over or announced',
    answered_at DATETIME(6) NULL,
    polls INT UNSIGNED NOT NULL DEFAULT 0,
    poll_at DATETIME(6) NULL COMMENT 'when to ask for results next, NULL when there is nothing to ask',
    PRIMARY KEY (clinic_id, id),
    UNIQUE KEY bundles_position (campaign_id, position),
    KEY bundles_due (poll_at),
    KEY bundles_by_state (state, called_at),
    CONSTRAINT bundles_campaign FOREIGN KEY (clinic_id, campaign_id) REFERENCES campaigns (clinic_id, id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- One line per requested recipient. The link token carries (campaign_id, number).
CREATE TABLE messages (
    clinic_id BINARY(16) NOT NULL,
    campaign_id BINARY(16) NOT NULL,
    number INT UNSIGNED NOT NULL,
    bundle_id BINARY(16) NULL,
    customer_id BINARY(16) NOT NULL,
    name VARCHAR(100) NOT NULL,
    phone VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    body TEXT NOT NULL,
    link VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    state VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    reason VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'why failed or excluded',
    result_code VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'rslt of the provider, raw',
    result_message VARCHAR(200) NULL,
    sent_at DATETIME(6) NULL,
    resulted_at DATETIME(6) NULL,
    first_click_at DATETIME(6) NULL,
    PRIMARY KEY (campaign_id, number),
    UNIQUE KEY messages_phone (campaign_id, phone),
    KEY messages_by_bundle (bundle_id),
    KEY messages_by_state (clinic_id, campaign_id, state, number),
    CONSTRAINT messages_campaign FOREIGN KEY (clinic_id, campaign_id) REFERENCES campaigns (clinic_id, id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- One line per answered visit of a link; the id is made at the redirect, so a second delivery cannot count twice.
CREATE TABLE clicks (
    id BINARY(16) NOT NULL PRIMARY KEY,
    clinic_id BINARY(16) NOT NULL,
    campaign_id BINARY(16) NOT NULL,
    message_number INT UNSIGNED NOT NULL,
    class VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    reason VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    rule_version SMALLINT UNSIGNED NOT NULL,
    agent VARCHAR(300) NOT NULL,
    clicked_at DATETIME(6) NOT NULL,
    KEY clicks_by_message (campaign_id, message_number, clicked_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- Roll-up of the ledgers above, moved in the same transaction as their lines. `hour` is the beginning of the hour, UTC.
CREATE TABLE hourly_counts (
    clinic_id BINARY(16) NOT NULL,
    hour DATETIME NOT NULL,
    campaign_id BINARY(16) NOT NULL,
    sent INT UNSIGNED NOT NULL DEFAULT 0,
    delivered INT UNSIGNED NOT NULL DEFAULT 0,
    failed INT UNSIGNED NOT NULL DEFAULT 0,
    human_clicks INT UNSIGNED NOT NULL DEFAULT 0,
    unique_clicks INT UNSIGNED NOT NULL DEFAULT 0,
    previews INT UNSIGNED NOT NULL DEFAULT 0,
    prefetches INT UNSIGNED NOT NULL DEFAULT 0,
    bots INT UNSIGNED NOT NULL DEFAULT 0,
    PRIMARY KEY (clinic_id, hour, campaign_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

CREATE TABLE users (
    id BINARY(16) NOT NULL PRIMARY KEY,
    subject VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    name VARCHAR(100) NOT NULL,
    phone VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL,
    created_at DATETIME(6) NOT NULL,
    withdrawn_at DATETIME(6) NULL,
    UNIQUE KEY users_subject (subject)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

CREATE TABLE memberships (
    clinic_id BINARY(16) NOT NULL,
    user_id BINARY(16) NOT NULL,
    state VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'pending, confirmed, ended',
    created_at DATETIME(6) NOT NULL,
    confirmed_at DATETIME(6) NULL,
    PRIMARY KEY (clinic_id, user_id),
    KEY memberships_by_user (user_id),
    CONSTRAINT memberships_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id),
    CONSTRAINT memberships_user FOREIGN KEY (user_id) REFERENCES users (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- A user has at most one code per clinic; a clinic (user_id NULL) may have several.
CREATE TABLE referral_codes (
    code CHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    clinic_id BINARY(16) NOT NULL,
    user_id BINARY(16) NULL,
    label VARCHAR(60) NOT NULL DEFAULT '',
    created_at DATETIME(6) NOT NULL,
    UNIQUE KEY referral_codes_owner (clinic_id, user_id),
    KEY referral_codes_by_user (user_id),
    CONSTRAINT referral_codes_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id),
    CONSTRAINT referral_codes_user FOREIGN KEY (user_id) REFERENCES users (id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- One referral per user and clinic, and nobody refers themselves: the rules are keys, not questions.
CREATE TABLE referrals (
    id BINARY(16) NOT NULL PRIMARY KEY,
    clinic_id BINARY(16) NOT NULL,
    user_id BINARY(16) NOT NULL COMMENT 'who joined',
    code CHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    referrer_id BINARY(16) NULL COMMENT 'the user who owns the code, NULL when the clinic does',
    created_at DATETIME(6) NOT NULL,
    UNIQUE KEY referrals_once (user_id, clinic_id),
    KEY referrals_by_referrer (referrer_id, clinic_id),
    CONSTRAINT referrals_no_self CHECK (referrer_id IS NULL OR referrer_id <> user_id),
    CONSTRAINT referrals_clinic FOREIGN KEY (clinic_id) REFERENCES clinics (id),
    CONSTRAINT referrals_code FOREIGN KEY (code) REFERENCES referral_codes (code)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- The ledger: append-only. `grant_key` says what the line is for ('join:<user>', 'invite:<invited user>') and is
-- remembered for ever, so a grant is paid once however often it is asked for.
CREATE TABLE point_entries (
    id BINARY(16) NOT NULL PRIMARY KEY,
    grant_key VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    clinic_id BINARY(16) NOT NULL,
    user_id BINARY(16) NOT NULL,
    reason VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    amount INT NOT NULL,
    referral_id BINARY(16) NULL,
    created_at DATETIME(6) NOT NULL,
    UNIQUE KEY point_entries_grant (grant_key),
    KEY point_entries_by_user (user_id, clinic_id, id),
    KEY point_entries_by_clinic (clinic_id, created_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

CREATE TABLE point_balances (
    clinic_id BINARY(16) NOT NULL,
    user_id BINARY(16) NOT NULL,
    balance BIGINT NOT NULL,
    PRIMARY KEY (clinic_id, user_id),
    CONSTRAINT point_balances_never_negative CHECK (balance >= 0)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- Facts that are committed but not yet published. Publishing deletes the line.
CREATE TABLE outbox (
    id BINARY(16) NOT NULL PRIMARY KEY,
    topic VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    body TEXT NOT NULL,
    created_at DATETIME(6) NOT NULL,
    KEY outbox_by_age (created_at)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- Answers to POSTs that start work, kept by the caller's Idempotency-Key, written in the transaction of the work.
CREATE TABLE idempotency_keys (
    subject VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    route VARCHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    idempotency_key VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    request_hash BINARY(32) NOT NULL,
    status SMALLINT UNSIGNED NULL,
    body TEXT NULL,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (subject, route, idempotency_key)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;
