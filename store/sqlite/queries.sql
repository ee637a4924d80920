-- name: begin
BEGIN IMMEDIATE;
-- name: snapshot
BEGIN;
-- name: commit
COMMIT;
-- name: rollback
ROLLBACK;

-- name: meta_set
INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2;
-- name: meta_get
SELECT value FROM meta WHERE name = ?1;

-- name: voter_add
INSERT INTO voter (number, name, birth_date, contact, unit, channel, disabled, words, contact2)
VALUES (?1, ?2, ?3, ?4, ?5, max(?6, 1), ?7, ?8, ?9);
-- name: voter_words_add
INSERT INTO voter_words (rowid, words) VALUES (?1, ?2);
-- name: voter_words_remove
INSERT INTO voter_words (voter_words, rowid, words) VALUES ('delete', ?1, ?2);
-- name: voter_words
SELECT words FROM voter WHERE id = ?1;
-- name: voter_update
UPDATE voter SET name = ?2, birth_date = ?3, contact = ?4, unit = ?5, channel = max(?6, 1),
    disabled = ?7, words = ?8, contact2 = ?9
WHERE id = ?1;
-- name: voter_remove
DELETE FROM voter WHERE id = ?1 AND voted = 0 RETURNING id;
-- name: voter_find
SELECT id, number, name, birth_date, contact, unit, channel, disabled, contact2, voted FROM voter
WHERE number = ?1;
-- name: voter_get
SELECT id, number, name, birth_date, contact, unit, channel, disabled, contact2, voted
FROM voter WHERE id = ?1;
-- name: voter_mark
UPDATE voter SET voted = ?2 WHERE id = ?1 RETURNING id;
-- name: voter_count
SELECT count(*) FROM voter;
-- name: voters_after
SELECT id, number, name, birth_date, contact, unit, channel, disabled, contact2, voted FROM voter
WHERE id > ?2 ORDER BY id LIMIT ?1;
-- name: voters_born
SELECT id, number, name, birth_date, contact, unit, channel, disabled, contact2, voted FROM voter
WHERE birth_date = ?2 AND id > ?3 ORDER BY id LIMIT ?1;
-- name: voters_numbered
SELECT id, number, name, birth_date, contact, unit, channel, disabled, contact2, voted FROM voter
WHERE number >= ?2 AND number < ?2 || char(0x10ffff) ORDER BY number LIMIT ?1;
-- name: voters_search
SELECT v.id, v.number, v.name, v.birth_date, v.contact, v.unit, v.channel, v.disabled,
       v.contact2, v.voted
FROM (SELECT rowid FROM voter_words WHERE voter_words MATCH ?2 ORDER BY rowid LIMIT ?1) w
JOIN voter v ON v.id = w.rowid;

-- name: enrolment_put
INSERT INTO enrolment (voter, id, state, code_sent, sends_full, tries_full, updated, lang,
                       credential, possession)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (voter) DO UPDATE SET id = ?2, state = ?3, code_sent = ?4, sends_full = ?5,
    tries_full = ?6, updated = ?7, lang = ?8, credential = ?9, possession = ?10;
-- name: enrolment_find
SELECT id, voter, state, code_sent, sends_full, tries_full, updated, lang, credential, possession
FROM enrolment WHERE id = ?1;
-- name: enrolment_of
SELECT id, voter, state, code_sent, sends_full, tries_full, updated, lang, credential, possession
FROM enrolment WHERE voter = ?1;
-- name: enrolment_by_credential
SELECT id, voter, state, code_sent, sends_full, tries_full, updated, lang, credential, possession
FROM enrolment WHERE credential = ?1;
-- name: enrolment_shown
SELECT e.id, e.voter, e.state, e.code_sent, e.sends_full, e.tries_full, e.updated, e.lang,
       e.credential, e.possession,
       v.id, v.number, v.name, v.birth_date, v.contact, v.unit, v.channel, v.disabled,
       v.contact2, v.voted
FROM evidence x JOIN enrolment e ON e.credential = x.credential JOIN voter v ON v.id = e.voter
WHERE e.state = 3 AND v.channel = 1 AND v.disabled = '' AND v.voted = 0
ORDER BY x.id LIMIT ?1;
-- name: enrolment_shown_last
SELECT e.id, e.voter, e.state, e.code_sent, e.sends_full, e.tries_full, e.updated, e.lang,
       e.credential, e.possession,
       v.id, v.number, v.name, v.birth_date, v.contact, v.unit, v.channel, v.disabled,
       v.contact2, v.voted
FROM evidence x JOIN enrolment e ON e.credential = x.credential JOIN voter v ON v.id = e.voter
WHERE e.state = 3 AND v.channel = 1 AND v.disabled = '' AND v.voted = 0
ORDER BY x.id DESC LIMIT ?1;
-- name: enrolment_waiting
SELECT e.id, e.voter, e.state, e.code_sent, e.sends_full, e.tries_full, e.updated, e.lang,
       e.credential, e.possession,
       v.id, v.number, v.name, v.birth_date, v.contact, v.unit, v.channel, v.disabled,
       v.contact2, v.voted
FROM enrolment e JOIN voter v ON v.id = e.voter
WHERE e.state = 3 AND v.channel = 1 AND v.disabled = '' AND v.voted = 0
    AND NOT EXISTS (SELECT 1 FROM evidence WHERE credential = e.credential)
ORDER BY e.updated, e.voter LIMIT ?1;
-- name: enrolment_counts
SELECT state, count(*) FROM enrolment GROUP BY state;

-- name: application_put
INSERT INTO application (id, voter, session, route, state, reason, created, updated, due, credential, possession, matched, source)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
ON CONFLICT (id) DO UPDATE SET session = ?3, state = ?5, reason = ?6, updated = ?8, due = ?9, source = ?13;
-- name: application_find
SELECT id, voter, session, route, state, reason, created, updated, due, credential, possession, matched, source
FROM application WHERE id = ?1;
-- name: application_by_session
SELECT id, voter, session, route, state, reason, created, updated, due, credential, possession, matched, source
FROM application WHERE session = ?1;
-- name: application_by_credential
SELECT id, voter, session, route, state, reason, created, updated, due, credential, possession, matched, source
FROM application WHERE credential = ?1;
-- name: application_near
SELECT id, voter, session, route, state, reason, created, updated, due, credential, possession, matched, source
FROM application WHERE id >= ?1 AND id <= ?2 ORDER BY state <> 2 LIMIT 1;
-- name: applications_of
SELECT id, voter, session, route, state, reason, created, updated, due, credential, possession, matched, source
FROM application WHERE voter = ?2 ORDER BY created DESC, id LIMIT ?1;
-- name: applications_waiting
SELECT a.id, a.voter, a.session, a.route, a.state, a.reason, a.created, a.updated, a.due,
       a.credential, a.possession, a.matched, a.source,
       v.id, v.number, v.name, v.birth_date, v.contact, v.unit, v.channel, v.disabled,
       v.contact2, v.voted
FROM application a JOIN voter v ON v.id = a.voter
WHERE a.state = 2 AND (?2 < 0 OR v.unit = ?2) AND v.channel = 1 AND v.disabled = ''
    AND v.voted = 0
ORDER BY a.due, a.id LIMIT ?1;
-- name: applications_stale
SELECT id, voter, session, route, state, reason, created, updated, due, credential, possession, matched, source
FROM application WHERE (state = 1 AND due <= ?2) OR (state = 2 AND updated <= ?3) LIMIT ?1;
-- name: applications_trim
DELETE FROM application WHERE voter = ?1 AND state = 5 AND id NOT IN
    (SELECT id FROM application WHERE voter = ?1 AND state = 5 ORDER BY created DESC, id LIMIT ?2);
-- name: upload_list
SELECT kind, len FROM upload WHERE application = ?1 ORDER BY kind;
-- name: upload_sums
SELECT coalesce((SELECT bytes FROM upload_unit WHERE unit = ?1), 0),
       coalesce((SELECT bytes FROM upload_source WHERE source = ?2), 0),
       coalesce((SELECT sum(max(bytes - ?3, 0)) FROM upload_unit WHERE unit <> ?1), 0);
-- name: uploads_wrong
SELECT (SELECT count(*) FROM (
            SELECT unit, sum(len) AS bytes FROM upload GROUP BY unit EXCEPT SELECT unit, bytes FROM upload_unit))
     + (SELECT count(*) FROM (
            SELECT unit, bytes FROM upload_unit WHERE bytes <> 0 EXCEPT SELECT unit, sum(len) FROM upload GROUP BY unit))
     + (SELECT count(*) FROM (
            SELECT source, sum(len) AS bytes FROM upload GROUP BY source EXCEPT SELECT source, bytes FROM upload_source))
     + (SELECT count(*) FROM (
            SELECT source, bytes FROM upload_source EXCEPT SELECT source, sum(len) FROM upload GROUP BY source));
-- name: upload_units_forget
DELETE FROM upload_unit;
-- name: upload_units_count
INSERT INTO upload_unit (unit, bytes) SELECT unit, sum(len) FROM upload GROUP BY unit;
-- name: upload_sources_forget
DELETE FROM upload_source;
-- name: upload_sources_count
INSERT INTO upload_source (source, bytes) SELECT source, sum(len) FROM upload GROUP BY source;
-- name: decision_add
INSERT INTO decision (application, voter, registrar, verdict, reason, time, credential, signature)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (credential, registrar, verdict) DO NOTHING;
-- name: decisions_after
SELECT id, application, voter, registrar, verdict, reason, time, credential, signature
FROM decision WHERE id > ?2 ORDER BY id LIMIT ?1;
-- name: upload_remove
DELETE FROM upload WHERE application = ?1 AND kind = ?2;
-- name: upload_put
INSERT INTO upload (application, kind, unit, source, len, bytes)
VALUES (?1, ?2, ?4, ?5, length(?3), ?3);
-- name: upload_get
SELECT bytes FROM upload WHERE application = ?1 AND kind = ?2;
-- name: uploads_delete
DELETE FROM upload WHERE application = ?1;

-- name: evidence_put
INSERT INTO evidence (credential, route, bytes, session) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (credential) DO UPDATE SET route = ?2, bytes = ?3, session = ?4;
-- name: evidence_get
SELECT route, bytes FROM evidence WHERE credential = ?1;
-- name: evidence_by
SELECT route, session FROM evidence WHERE credential = ?1;
-- name: evidence_remove
DELETE FROM evidence WHERE credential = ?1;

-- name: passkey_put
INSERT INTO passkey (voter, id, type, key, counter) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (voter) DO UPDATE SET id = ?2, type = ?3, key = ?4, counter = ?5;
-- name: passkey_of
SELECT id, type, key, counter FROM passkey WHERE voter = ?1;
-- name: passkey_remove
DELETE FROM passkey WHERE voter = ?1;

-- name: session_add
INSERT INTO session (hash, voter, time) VALUES (?1, ?2, ?3) ON CONFLICT (hash) DO NOTHING;
-- name: session_find
SELECT voter FROM session WHERE hash = ?1;

-- name: sessions_end
DELETE FROM session WHERE voter = ?1;

-- name: code_put
INSERT INTO code (session, voter, serial, expires, live, tries, message)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (session) DO UPDATE SET voter = ?2, serial = ?3, expires = ?4, live = ?5, tries = ?6,
    message = ?7;
-- name: code_of
SELECT session, voter, serial, expires, live, tries, message FROM code WHERE session = ?1;
-- name: codes_end
DELETE FROM code WHERE voter = ?1;
-- name: codes_trim
DELETE FROM code WHERE voter = ?1 AND expires < ?2;
-- name: source_put
INSERT INTO code_source (voter, source, full) VALUES (?1, ?2, ?3)
ON CONFLICT (voter, source) DO UPDATE SET full = ?3;
-- name: source_of
SELECT full FROM code_source WHERE voter = ?1 AND source = ?2;
-- name: sources_trim
DELETE FROM code_source WHERE voter = ?1 AND full <= ?2;

-- name: message_add
INSERT INTO message (voter, kind, lang, recipient, channel, parameters, time, expires, state, next,
                     updated, attempts, error)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13);
-- name: message_put
UPDATE message SET state = ?2, next = ?3, updated = ?4, attempts = ?5, error = ?6 WHERE id = ?1;
-- name: message_find
SELECT id, voter, kind, lang, recipient, channel, parameters, time, expires, state, next, updated,
       attempts, error
FROM message WHERE id = ?1;
-- name: message_newest
SELECT id, voter, kind, lang, recipient, channel, parameters, time, expires, state, next, updated,
       attempts, error
FROM message WHERE voter = ?1 AND kind = ?2 ORDER BY id DESC LIMIT 1;
-- name: messages
SELECT id, voter, kind, lang, recipient, channel, parameters, time, expires, state, next, updated,
       attempts, error
FROM message WHERE id < ?2 AND (?3 = 0 OR state = ?3) ORDER BY id DESC LIMIT ?1;
-- name: messages_to
SELECT id, voter, kind, lang, recipient, channel, parameters, time, expires, state, next, updated,
       attempts, error
FROM message WHERE recipient = ?4 AND id < ?2 AND (?3 = 0 OR state = ?3) ORDER BY id DESC LIMIT ?1;
-- name: messages_due
SELECT id, voter, kind, lang, recipient, channel, parameters, time, expires, state, next, updated,
       attempts, error
FROM message WHERE channel = ?2 AND state = 1 AND next <= ?3 ORDER BY expires, id LIMIT ?1;
-- name: messages_recover
UPDATE message SET state = 1, next = ?1 WHERE state = 2;
-- name: message_sharers
SELECT count(DISTINCT voter) FROM message WHERE recipient = ?1 AND kind = ?2 AND voter <> ?3;
-- name: message_counts
SELECT channel, state, count(*) FROM message GROUP BY channel, state;

-- name: letter_void
UPDATE letter SET state = 3, updated = ?2 WHERE voter = ?1 AND state = 1 AND key <> ?3;
-- name: letter_add
INSERT INTO letter (voter, key, state, printed, updated) VALUES (?1, ?2, 1, ?3, ?3);
-- name: letter_find
SELECT id, voter, key, state, printed, updated FROM letter WHERE key = ?1;
-- name: letter_of
SELECT id, voter, key, state, printed, updated FROM letter WHERE voter = ?1
ORDER BY id DESC LIMIT 1;
-- name: letter_put
UPDATE letter SET state = ?2, updated = ?3 WHERE id = ?1;
-- name: letters
SELECT id, voter, key, state, printed, updated FROM letter WHERE id < ?2
ORDER BY id DESC LIMIT ?1;
-- name: letter_counts
SELECT state, count(*) FROM letter GROUP BY state;

-- name: credential_put
INSERT INTO credential (key, unit, style, ready, on_board, cancelled, excluded, sequence, tip,
                        recorded, registration)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (key) DO UPDATE SET unit = ?2, style = ?3, ready = ?4, on_board = ?5, cancelled = ?6,
    excluded = ?7, sequence = ?8, tip = ?9, recorded = ?10, registration = ?11;
-- name: credential_find
SELECT key, unit, style, ready, on_board, cancelled, excluded, sequence, tip, recorded,
       registration
FROM credential WHERE key = ?1;
-- name: credentials_new
SELECT key, unit, style, ready, on_board, cancelled, excluded, sequence, tip, recorded,
       registration
FROM credential WHERE on_board = 0 AND ready = 1 ORDER BY key LIMIT ?1;
-- name: funnel
-- Each voter once, at the step furthest on (tp_funnel_step); of several applications the one that
-- waits, else the open one, else the newest.
SELECT unit, step,
       CASE step WHEN 1 THEN off WHEN 6 THEN age WHEN 7 THEN reason WHEN 8 THEN reason ELSE 0 END AS detail,
       count(*), sum(voted)
FROM (SELECT v.unit AS unit,
             CASE WHEN v.disabled <> '' THEN 1 WHEN v.voted THEN 4 ELSE v.channel END AS off, v.voted AS voted,
             (SELECT count(*) FROM (VALUES (86400), (259200), (604800)) AS d
              WHERE ?1 >= d.column1 + CASE WHEN e.state = 3 THEN e.updated ELSE a.updated END) AS age,
             a.reason AS reason,
             CASE WHEN e.state = 4 THEN 9 + coalesce((SELECT on_board FROM credential WHERE key = e.credential), 0)
                  WHEN v.disabled <> '' OR v.channel <> 1 OR v.voted THEN 1
                  WHEN e.state = 3 OR a.state = 2 THEN 6
                  WHEN a.state = 1 THEN 5
                  WHEN a.state = 4 AND a.updated >= coalesce(e.updated, 0) THEN 7
                  WHEN e.state = 2 THEN 4
                  WHEN a.state = 5 AND a.reason <> 1 AND a.updated >= coalesce(e.updated, 0) THEN 8
                  WHEN e.code_sent > 0 THEN 3
                  WHEN e.voter IS NOT NULL THEN 2
                  ELSE 0 END AS step
      FROM voter v LEFT JOIN enrolment e ON e.voter = v.id
      LEFT JOIN application a ON a.id = (SELECT id FROM application WHERE voter = v.id
          ORDER BY state = 2 DESC, state = 1 DESC, updated DESC, id LIMIT 1))
GROUP BY unit, step, detail ORDER BY unit, step, detail;
-- name: funnel_keys
SELECT unit, sum(cancelled = 0 AND known), sum(cancelled), sum(cancelled = 0 AND NOT known),
       sum(cancelled = 0 AND excluded = 0 AND recorded > 0)
FROM (SELECT unit, cancelled, excluded, recorded,
             EXISTS (SELECT 1 FROM enrolment WHERE credential = key AND state = 4) AS known
      FROM credential WHERE on_board = 1)
GROUP BY unit ORDER BY unit;
-- name: credential_tip
UPDATE credential SET sequence = ?2, tip = ?3
WHERE key = ?1 AND sequence = ?2 - 1;
-- name: credential_recorded
UPDATE credential SET recorded = max(recorded, ?2) WHERE key = ?1;

-- name: ballot_add
INSERT INTO ballot (hash, tracker, credential, sequence, deadline) VALUES (?1, ?2, ?3, ?4, ?5);
-- name: ballot_bytes_add
INSERT INTO ballot_bytes (id, bytes) VALUES (?1, ?2);
-- name: ballot_by_hash
SELECT id, hash, tracker, credential, sequence, deadline, leaf, batch FROM ballot WHERE hash = ?1;
-- name: ballot_by_tracker
SELECT id, hash, tracker, credential, sequence, deadline, leaf, batch
FROM ballot WHERE tracker = ?1 ORDER BY id LIMIT 1;
-- name: ballot_by_id
SELECT id, hash, tracker, credential, sequence, deadline, leaf, batch FROM ballot WHERE id = ?1;
-- name: ballots_pending
SELECT id, hash, tracker, credential, sequence, deadline, leaf, batch
FROM ballot WHERE leaf IS NULL ORDER BY hash;
-- name: ballot_record
UPDATE ballot SET leaf = ?2, batch = ?3 WHERE id = ?1 AND leaf IS NULL;
-- name: counts
SELECT coalesce((SELECT max(id) FROM ballot), 0),
       (SELECT count(*) FROM ballot WHERE leaf IS NULL);

-- name: entry_add
INSERT INTO entry (position, type, ballot, bytes) VALUES (?1, ?2, ?3, ?4);
-- name: entry
SELECT e.type, coalesce(e.bytes, (SELECT b.bytes FROM ballot_bytes b WHERE b.id = e.ballot))
FROM entry e WHERE e.position = ?1;
-- name: entries_admin
SELECT position FROM entry WHERE type NOT IN (9, 11) ORDER BY position;
-- name: size
SELECT coalesce(max(position) + 1, 0) FROM entry;

-- name: document_put
INSERT INTO document (hash, bytes) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING;
-- name: document_get
SELECT bytes FROM document WHERE hash = ?1;
