-- What people at the desk look up and set: the messages of one customer, and the hours in which a clinic sends nothing.

ALTER TABLE messages
    ADD KEY messages_by_customer (clinic_id, customer_id, campaign_id);

-- Minutes of the day in Korea: from `quiet_from` until before `quiet_to`, over midnight when that is less. Both or neither.
ALTER TABLE clinics
    ADD COLUMN quiet_from SMALLINT UNSIGNED NULL,
    ADD COLUMN quiet_to SMALLINT UNSIGNED NULL,
    ADD CONSTRAINT clinics_quiet_hours CHECK (
        (quiet_from IS NULL) = (quiet_to IS NULL)
        AND (quiet_from IS NULL OR quiet_from < 1440 AND quiet_to < 1440 AND quiet_from <> quiet_to));
