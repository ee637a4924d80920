-- The daemon's tables. Ballots' bytes lie apart from what is updated, so that marking a ballot as
-- recorded rewrites a short row. Invariant 4 of store.h: a contact is never beside a ballot.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE voter (
    id         INTEGER PRIMARY KEY,
    number     TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    birth_date TEXT NOT NULL,
    contact    TEXT NOT NULL,
    unit       INTEGER NOT NULL,
    channel    INTEGER NOT NULL,
    disabled   TEXT NOT NULL,
    words      TEXT NOT NULL,
    contact2   TEXT NOT NULL,
    voted      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX voter_born ON voter (birth_date);

-- Finds voters by words and by their beginnings. Beginnings of up to eight letters have indexes of
-- their own: longer ones match few words, whose lists are merged at the time.
CREATE VIRTUAL TABLE voter_words USING fts5(words, content = 'voter', content_rowid = 'id',
    tokenize = 'ascii', detail = none, columnsize = 0, prefix = '1 2 3 4 5 6 7 8');

CREATE TABLE enrolment (
    voter        INTEGER PRIMARY KEY REFERENCES voter,
    id           BLOB NOT NULL UNIQUE,
    state        INTEGER NOT NULL,
    code_sent    INTEGER NOT NULL,
    sends_full   INTEGER NOT NULL,
    tries_full   INTEGER NOT NULL,
    updated      INTEGER NOT NULL,
    lang         TEXT NOT NULL,
    credential   BLOB,
    possession   BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX enrolment_credential ON enrolment (credential) WHERE credential IS NOT NULL;
CREATE INDEX enrolment_waiting ON enrolment (updated, voter) WHERE state = 3;
CREATE INDEX enrolment_state ON enrolment (state);

-- Applications of people whom an officer must recognise: many a voter, each owned by one token.
CREATE TABLE application (
    id         BLOB PRIMARY KEY,
    voter      INTEGER NOT NULL REFERENCES voter,
    session    BLOB NOT NULL UNIQUE,
    route      INTEGER NOT NULL,
    state      INTEGER NOT NULL,
    reason     INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    updated    INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    credential BLOB NOT NULL UNIQUE,
    possession BLOB NOT NULL,
    matched    INTEGER NOT NULL,
    source     BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX application_voter ON application (voter);
CREATE INDEX application_waiting ON application (due, id) WHERE state = 2;

-- What an application shows to the registrars: sealed to their keys, deleted after the decision.
CREATE TABLE upload (
    application BLOB NOT NULL REFERENCES application,
    kind        INTEGER NOT NULL,
    unit        INTEGER NOT NULL,
    source      BLOB NOT NULL,
    len         INTEGER NOT NULL,
    bytes       BLOB NOT NULL,
    PRIMARY KEY (application, kind)
) STRICT;
CREATE INDEX upload_len ON upload (unit, source, len);

-- The lengths of uploads added up, by the voter's unit and by who handed in; kept by triggers.
CREATE TABLE upload_unit (
    unit  INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;
CREATE TABLE upload_source (
    source BLOB PRIMARY KEY,
    bytes  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER upload_added AFTER INSERT ON upload BEGIN
    INSERT INTO upload_unit (unit, bytes) VALUES (new.unit, new.len)
    ON CONFLICT (unit) DO UPDATE SET bytes = bytes + new.len;
    INSERT INTO upload_source (source, bytes) VALUES (new.source, new.len)
    ON CONFLICT (source) DO UPDATE SET bytes = bytes + new.len;
END;
CREATE TRIGGER upload_removed AFTER DELETE ON upload BEGIN
    UPDATE upload_unit SET bytes = bytes - old.len WHERE unit = old.unit;
    UPDATE upload_source SET bytes = bytes - old.len WHERE source = old.source;
    DELETE FROM upload_source WHERE source = old.source AND bytes = 0;
END;

-- What registrars decided, with their signatures; rows are only added.
CREATE TABLE decision (
    id          INTEGER PRIMARY KEY,
    application BLOB NOT NULL,
    voter       INTEGER NOT NULL REFERENCES voter,
    registrar   INTEGER NOT NULL,
    verdict     INTEGER NOT NULL,
    reason      INTEGER NOT NULL,
    time        INTEGER NOT NULL,
    credential  BLOB NOT NULL,
    signature   BLOB NOT NULL,
    UNIQUE (credential, registrar, verdict)
) STRICT;

-- What a voter showed for a credential that waits: the registrars check it themselves. Deleted when it
-- is decided.
CREATE TABLE evidence (
    id         INTEGER PRIMARY KEY,
    credential BLOB NOT NULL UNIQUE,
    session    BLOB NOT NULL,
    route      INTEGER NOT NULL,
    bytes      BLOB NOT NULL
) STRICT;

CREATE TABLE passkey (
    voter   INTEGER PRIMARY KEY REFERENCES voter,
    id      BLOB NOT NULL UNIQUE,
    type    INTEGER NOT NULL,
    key     BLOB NOT NULL,
    counter INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
    hash  BLOB PRIMARY KEY,
    voter INTEGER NOT NULL REFERENCES voter,
    time  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One-time codes, each of the token that asked for it.
CREATE TABLE code (
    session BLOB PRIMARY KEY,
    voter   INTEGER NOT NULL REFERENCES voter,
    serial  INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    live    INTEGER NOT NULL,
    tries   INTEGER NOT NULL,
    message INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX code_voter ON code (voter);

-- Where a voter's codes were asked from: a keyed hash of the address.
CREATE TABLE code_source (
    voter  INTEGER NOT NULL REFERENCES voter,
    source BLOB NOT NULL,
    full   INTEGER NOT NULL,
    PRIMARY KEY (voter, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE message (
    id         INTEGER PRIMARY KEY,
    voter      INTEGER NOT NULL REFERENCES voter,
    kind       TEXT NOT NULL,
    lang       TEXT NOT NULL,
    recipient  TEXT NOT NULL COLLATE NOCASE,
    channel    INTEGER NOT NULL,
    parameters TEXT NOT NULL,
    time       INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    state      INTEGER NOT NULL,
    next       INTEGER NOT NULL,
    updated    INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    error      TEXT NOT NULL
) STRICT;

CREATE INDEX message_recipient ON message (recipient, kind, voter);
CREATE INDEX message_voter ON message (voter, kind);
CREATE INDEX message_due ON message (channel, expires) WHERE state = 1;
CREATE INDEX message_sending ON message (id) WHERE state = 2;
CREATE INDEX message_state ON message (channel, state);

CREATE TABLE letter (
    id      INTEGER PRIMARY KEY,
    voter   INTEGER NOT NULL REFERENCES voter,
    key     BLOB NOT NULL UNIQUE,
    state   INTEGER NOT NULL,
    printed INTEGER NOT NULL,
    updated INTEGER NOT NULL
) STRICT;
CREATE INDEX letter_voter ON letter (voter);
CREATE INDEX letter_state ON letter (state);

CREATE TABLE credential (
    key          BLOB PRIMARY KEY,
    unit         INTEGER NOT NULL,
    style        INTEGER NOT NULL,
    ready        INTEGER NOT NULL,
    on_board     INTEGER NOT NULL,
    cancelled    INTEGER NOT NULL,
    excluded     INTEGER NOT NULL,
    sequence     INTEGER NOT NULL,
    tip          BLOB NOT NULL,
    recorded     INTEGER NOT NULL,
    registration BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX credential_new ON credential (key) WHERE on_board = 0 AND ready = 1;

CREATE TABLE ballot (
    id         INTEGER PRIMARY KEY,
    hash       BLOB NOT NULL UNIQUE,
    tracker    BLOB NOT NULL,
    credential BLOB NOT NULL,
    sequence   INTEGER NOT NULL,
    deadline   INTEGER NOT NULL,
    leaf       INTEGER,
    batch      INTEGER
) STRICT;
CREATE INDEX ballot_tracker ON ballot (tracker);
CREATE INDEX ballot_pending ON ballot (hash) WHERE leaf IS NULL;

CREATE TABLE ballot_bytes (
    id    INTEGER PRIMARY KEY REFERENCES ballot,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE entry (
    position INTEGER PRIMARY KEY,
    type     INTEGER NOT NULL,
    ballot   INTEGER REFERENCES ballot,
    bytes    BLOB,
    CHECK ((ballot IS NULL) <> (bytes IS NULL))
) STRICT;
CREATE INDEX entry_admin ON entry (position) WHERE type NOT IN (9, 11);

CREATE TABLE document (
    hash  BLOB NOT NULL UNIQUE,
    bytes BLOB NOT NULL
) STRICT;
