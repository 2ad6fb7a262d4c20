-- Links may end, visits carry what their class was judged by and their number at the process that answered them, and the numbers of
-- every hour are kept for a clinic, a template, a group and a campaign.

ALTER TABLE campaigns
    ADD COLUMN link_expires_at DATETIME(6) NULL COMMENT 'from then on its links lead to a page that says so, NULL for never',
    ADD COLUMN counts_checked_at DATETIME(6) NULL COMMENT 'when its counts were last compared with its rows',
    ADD KEY campaigns_by_check (counts_checked_at, created_at);

-- A process that answers visits numbers those of each campaign from 1 under a random number of its own. A number that is missing
-- between 1 and the highest is a visit that was answered and is not recorded.
ALTER TABLE clicks
    ADD COLUMN method VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'GET',
    ADD COLUMN purpose VARCHAR(60) NOT NULL DEFAULT '' COMMENT 'Sec-Purpose or Purpose',
    ADD COLUMN origin BIGINT UNSIGNED NULL COMMENT 'which process answered it',
    ADD COLUMN sequence INT UNSIGNED NULL COMMENT 'its number there, from 1';
UPDATE clicks SET method = 'HEAD' WHERE reason = 'head';
UPDATE clicks SET purpose = 'prefetch' WHERE reason = 'purpose';

-- The first click of a message is its earliest human click, in whatever order clicks arrive.
UPDATE messages m JOIN (
        SELECT campaign_id, message_number, MIN(clicked_at) AS first_click_at FROM clicks WHERE class = 'human'
        GROUP BY campaign_id, message_number) c ON c.campaign_id = m.campaign_id AND c.message_number = m.number
    SET m.first_click_at = c.first_click_at
    WHERE m.first_click_at IS NULL OR m.first_click_at <> c.first_click_at;

-- A campaign knows how many messages it has. Those that were prepared before it was counted learn it now.
UPDATE campaigns c JOIN (SELECT campaign_id, COUNT(*) AS messages FROM messages GROUP BY campaign_id) m ON m.campaign_id = c.id
    SET c.prepared_messages = m.messages
    WHERE c.prepared_messages = 0 AND c.state IN ('sending', 'paused', 'finished', 'canceled', 'failed');

-- Who joined when, and who was invited when, counted from their rows.
ALTER TABLE memberships
    ADD KEY memberships_by_confirmation (clinic_id, confirmed_at);
ALTER TABLE referrals
    ADD KEY referrals_by_clinic (clinic_id, created_at, referrer_id);

-- What reconcile found to differ and cannot mend by itself, for as long as it stands: each difference is told once.
CREATE TABLE standing_differences (
    campaign_id BINARY(16) NOT NULL,
    kind VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    place VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    clinic_id BINARY(16) NOT NULL,
    expected VARCHAR(300) NOT NULL,
    found VARCHAR(300) NOT NULL,
    found_at DATETIME(6) NOT NULL,
    PRIMARY KEY (campaign_id, kind, place)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- Roll-up of messages and clicks by the hour (its beginning, UTC), moved in the same transaction as their rows. It takes the place of
-- hourly_counts, which the version before this one goes on writing until it is replaced, and which a later migration drops.
-- scope_id is the clinic, a template, a group or a campaign. part_id is zeros for the whole, and within a campaign the group through
-- which recipients were reached, or the campaign itself for those who were reached through none. The parts of a campaign add up to its
-- whole, and the campaigns to their template and clinic. Tests are counted in their campaign alone.
-- Both tables get their names when they are full: the version that counts in them may run already, and what it writes before that is rolled
-- back and tried again, instead of being counted twice.
CREATE TABLE hourly_totals_filling (
    clinic_id BINARY(16) NOT NULL,
    scope_id BINARY(16) NOT NULL,
    part_id BINARY(16) NOT NULL,
    hour DATETIME NOT NULL,
    sent INT NOT NULL DEFAULT 0 COMMENT 'by sent_at',
    delivered INT NOT NULL DEFAULT 0 COMMENT 'by resulted_at, as are failed',
    failed INT NOT NULL DEFAULT 0,
    human_clicks INT NOT NULL DEFAULT 0 COMMENT 'by clicked_at, as are all visits but unique',
    unique_clicks INT NOT NULL DEFAULT 0 COMMENT 'by first_click_at',
    previews INT NOT NULL DEFAULT 0,
    prefetches INT NOT NULL DEFAULT 0,
    bots INT NOT NULL DEFAULT 0,
    rejected INT NOT NULL DEFAULT 0 COMMENT 'visits of a link that had ended',
    PRIMARY KEY (clinic_id, scope_id, part_id, hour),
    KEY hourly_totals_by_hour (clinic_id, hour)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

CREATE TABLE hourly_failures_filling (
    clinic_id BINARY(16) NOT NULL,
    scope_id BINARY(16) NOT NULL,
    part_id BINARY(16) NOT NULL,
    hour DATETIME NOT NULL,
    reason VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    failed INT NOT NULL,
    PRIMARY KEY (clinic_id, scope_id, part_id, hour, reason),
    KEY hourly_failures_by_hour (clinic_id, hour)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;

-- What there is already: the parts from the rows, then the wholes from the parts.
INSERT INTO hourly_totals_filling (clinic_id, scope_id, part_id, hour, sent, delivered, failed, human_clicks, unique_clicks, previews,
        prefetches, bots, rejected)
    SELECT clinic_id, campaign_id, part_id, hour, SUM(sent), SUM(delivered), SUM(failed), SUM(human), SUM(first), SUM(preview),
        SUM(prefetch), SUM(bot), 0
    FROM (
        SELECT clinic_id, campaign_id, COALESCE(group_id, campaign_id) AS part_id,
            CAST(DATE_FORMAT(sent_at, '%Y-%m-%d %H:00:00') AS DATETIME) AS hour, 1 AS sent, 0 AS delivered, 0 AS failed, 0 AS human,
            0 AS first, 0 AS preview, 0 AS prefetch, 0 AS bot
        FROM messages WHERE sent_at IS NOT NULL
        UNION ALL
        SELECT clinic_id, campaign_id, COALESCE(group_id, campaign_id),
            CAST(DATE_FORMAT(resulted_at, '%Y-%m-%d %H:00:00') AS DATETIME), 0, state = 'delivered', state = 'failed', 0, 0, 0, 0, 0
        FROM messages WHERE resulted_at IS NOT NULL AND state IN ('delivered', 'failed')
        UNION ALL
        SELECT clinic_id, campaign_id, COALESCE(group_id, campaign_id),
            CAST(DATE_FORMAT(first_click_at, '%Y-%m-%d %H:00:00') AS DATETIME), 0, 0, 0, 0, 1, 0, 0, 0
        FROM messages WHERE first_click_at IS NOT NULL
        UNION ALL
        SELECT c.clinic_id, c.campaign_id, COALESCE(m.group_id, c.campaign_id),
            CAST(DATE_FORMAT(c.clicked_at, '%Y-%m-%d %H:00:00') AS DATETIME), 0, 0, 0, c.class = 'human', 0, c.class = 'preview',
            c.class = 'prefetch', c.class = 'bot'
        FROM clicks c JOIN messages m ON m.campaign_id = c.campaign_id AND m.number = c.message_number
    ) moments GROUP BY clinic_id, campaign_id, part_id, hour;
INSERT INTO hourly_failures_filling (clinic_id, scope_id, part_id, hour, reason, failed)
    SELECT clinic_id, campaign_id, part_id, hour, reason, COUNT(*) FROM (
        SELECT clinic_id, campaign_id, COALESCE(group_id, campaign_id) AS part_id,
            CAST(DATE_FORMAT(resulted_at, '%Y-%m-%d %H:00:00') AS DATETIME) AS hour, COALESCE(reason, 'other') AS reason
        FROM messages WHERE resulted_at IS NOT NULL AND state = 'failed'
    ) failures GROUP BY clinic_id, campaign_id, part_id, hour, reason;
INSERT INTO hourly_totals_filling (clinic_id, scope_id, part_id, hour, sent, delivered, failed, human_clicks, unique_clicks, previews,
        prefetches, bots, rejected)
    SELECT clinic_id, whole_id, X'00000000000000000000000000000000', hour, SUM(sent), SUM(delivered), SUM(failed), SUM(human_clicks),
        SUM(unique_clicks), SUM(previews), SUM(prefetches), SUM(bots), SUM(rejected)
    FROM (
        SELECT t.*, CASE s.kind WHEN 'campaign' THEN c.id WHEN 'clinic' THEN c.clinic_id WHEN 'template' THEN c.template_id
            ELSE t.part_id END AS whole_id
        FROM hourly_totals_filling t JOIN campaigns c ON c.id = t.scope_id
        JOIN (SELECT 'campaign' AS kind UNION ALL SELECT 'clinic' UNION ALL SELECT 'template' UNION ALL SELECT 'group') s
            ON s.kind = 'campaign' OR c.kind <> 'test' AND (s.kind <> 'group' OR t.part_id <> t.scope_id)
    ) wholes GROUP BY clinic_id, whole_id, hour;
INSERT INTO hourly_failures_filling (clinic_id, scope_id, part_id, hour, reason, failed)
    SELECT clinic_id, whole_id, X'00000000000000000000000000000000', hour, reason, SUM(failed)
    FROM (
        SELECT t.*, CASE s.kind WHEN 'campaign' THEN c.id WHEN 'clinic' THEN c.clinic_id WHEN 'template' THEN c.template_id
            ELSE t.part_id END AS whole_id
        FROM hourly_failures_filling t JOIN campaigns c ON c.id = t.scope_id
        JOIN (SELECT 'campaign' AS kind UNION ALL SELECT 'clinic' UNION ALL SELECT 'template' UNION ALL SELECT 'group') s
            ON s.kind = 'campaign' OR c.kind <> 'test' AND (s.kind <> 'group' OR t.part_id <> t.scope_id)
    ) wholes GROUP BY clinic_id, whole_id, hour, reason;

RENAME TABLE hourly_totals_filling TO hourly_totals, hourly_failures_filling TO hourly_failures;
