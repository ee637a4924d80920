/* The contract of a store: what the daemon keeps, and what it may rely on. Drivers (sqlite/, later
 * postgres/) implement it and share a conformance test; they share no code.
 *
 * Invariants
 *  1. What happens between tp_store_begin and tp_store_commit is atomic; commit returns TP_OK only
 * when it is durable. A failed commit (TP_SYSTEM) leaves the store as before begin.
 *  2. One writer: the recorder's connection. Any number of reader connections (tp_store_open with
 * read_only).
 *  3. A ballot's bytes are stored once: board entries of type BALLOT refer to the ballot's row.
 *  4. No row joins a voter's name, contact or address with a tracker or ballot (attack C13):
 * enrolment knows the credential key because the registrar signs it; ballots know only the key.
 *  5. TP_SYSTEM is the machine's fault; TP_REFUSED that a unique value is there already, or that an
 * index or sequence does not follow. Neither changes anything.
 */
#ifndef TAPAT_STORE_STORE_H
#define TAPAT_STORE_STORE_H

#include "core/base/base.h"

typedef struct tp_store tp_store;

enum { TP_SOURCE = 8 }; /* who asks: a keyed hash of an address; zero: this machine */

/* where: a file, for sqlite. Created if missing, unless read_only. TP_MALFORMED: not a store of
 * this version. A connection serves one thread at a time. */
TP_MUST_USE tp_err tp_store_open(tp_store **s, const char *where, bool read_only);
void tp_store_close(tp_store *s);
TP_MUST_USE tp_err tp_store_begin(tp_store *s);
TP_MUST_USE tp_err tp_store_commit(tp_store *s);
void tp_store_rollback(tp_store *s);
/* From here to tp_store_rollback all reads see one state. */
TP_MUST_USE tp_err tp_store_snapshot(tp_store *s);
/* What went wrong last, in the driver's words, for logs only. */
const char *tp_store_error(const tp_store *s);

/* ---- meta: small named values ---- */
TP_MUST_USE tp_err tp_store_set(tp_store *s, const char *name, const void *bytes, size_t len);
/* *len: capacity in, length out; *found false and TP_OK if there is none. */
TP_MUST_USE tp_err tp_store_get(tp_store *s, const char *name, void *bytes, size_t *len,
                                bool *found);

/* ---- roll ---- */
typedef struct {
    int64_t id;
    char number[32]; /* registration number, unique */
    char name[128];
    char birth_date[11]; /* YYYY-MM-DD */
    char contact[128];   /* e-mail or phone on the roll; "" if none */
    char contact2[128];  /* a second one; "" if none */
    uint16_t unit;
    uint8_t channel;    /* TP_CHANNEL_..; a row added with 0 is online */
    char disabled[128]; /* the reason; "" if the voter is not disabled */
    bool voted;         /* on paper at the post; changed by tp_store_voter_mark alone */
} tp_voter;
enum { TP_CHANNEL_ONLINE = 1, TP_CHANNEL_POST, TP_CHANNEL_MAIL };
/* These three belong between begin and commit.
 * words: what a search finds the voter by, lower case, one space between (tp_roll_words); below
 * 512 bytes. */
TP_MUST_USE tp_err tp_store_voter_add(tp_store *s, const tp_voter *v, const char *words);
/* All but the number, by id. TP_REFUSED: no such voter. */
TP_MUST_USE tp_err tp_store_voter_update(tp_store *s, const tp_voter *v, const char *words);
/* Whether the voter voted on paper. TP_REFUSED: no such voter. */
TP_MUST_USE tp_err tp_store_voter_mark(tp_store *s, int64_t id, bool voted);
/* TP_REFUSED: no such voter, or one that began to enrol or voted on paper. */
TP_MUST_USE tp_err tp_store_voter_remove(tp_store *s, int64_t id);
TP_MUST_USE tp_err tp_store_voter_find(tp_store *s, const char *number, tp_voter *v, bool *found);
TP_MUST_USE tp_err tp_store_voter_get(tp_store *s, int64_t id, tp_voter *v, bool *found);
TP_MUST_USE tp_err tp_store_voter_count(tp_store *s, uint64_t *count);
/* Up to max voters with ids above `after`, ascending. */
TP_MUST_USE tp_err tp_store_voters_after(tp_store *s, int64_t after, tp_voter *v, size_t max,
                                         size_t *count);
/* The same of those born that day. */
TP_MUST_USE tp_err tp_store_voters_born(tp_store *s, const char *birth_date, int64_t after,
                                        tp_voter *v, size_t max, size_t *count);
/* Up to max voters whose numbers begin so, ascending. */
TP_MUST_USE tp_err tp_store_voters_numbered(tp_store *s, const char *begin, tp_voter *v, size_t max,
                                            size_t *count);
/* How the words of a search match a voter's, in any order: each is one of them; each begins one;
 * all but any one of them are (for three words and more). */
typedef enum { TP_SEARCH_WORDS, TP_SEARCH_BEGIN, TP_SEARCH_ALL_BUT_ONE } tp_search;
enum { TP_SEARCH_WORDS_MAX = 16 };
/* Up to max voters, by id. words: as in tp_store_voter_add; TP_REFUSED: none, or too many. */
TP_MUST_USE tp_err tp_store_voters_search(tp_store *s, const char *words, tp_search how,
                                          tp_voter *v, size_t max, size_t *count);

/* ---- enrolment: one row a voter, saved at each step ---- */
typedef enum {
    TP_ENROL_STARTED = 1, /* code sent */
    TP_ENROL_PROVEN,      /* code typed back: identity shown */
    TP_ENROL_WAITING,     /* credential handed in, a registrar's signature awaited */
    TP_ENROL_DONE,        /* registration signed and queued for the board */
} tp_enrol_state;
typedef struct {
    uint8_t id[16]; /* random; names the enrolment to registrars, gives no right */
    int64_t voter;
    tp_enrol_state state;
    uint64_t code_sent;     /* the newest one-time code; 0: none; Unix seconds */
    uint64_t sends_full;    /* when the voter's allowance of codes is whole again; Unix seconds */
    uint64_t tries_full;    /* the same of further tries */
    uint64_t updated;       /* Unix seconds */
    char lang[8];           /* of messages to the voter: that of the page last used */
    uint8_t credential[32]; /* zero: none; no two enrolments have the same */
    uint8_t possession[64];
} tp_enrolment;
TP_MUST_USE tp_err tp_store_enrolment_put(tp_store *s,
                                          const tp_enrolment *e); /* by voter: insert or replace */
TP_MUST_USE tp_err tp_store_enrolment_find(tp_store *s, const uint8_t id[static 16],
                                           tp_enrolment *e, bool *found);
TP_MUST_USE tp_err tp_store_enrolment_of(tp_store *s, int64_t voter, tp_enrolment *e, bool *found);
TP_MUST_USE tp_err tp_store_enrolment_by_credential(tp_store *s,
                                                    const uint8_t credential[static 32],
                                                    tp_enrolment *e, bool *found);
/* Up to max in state WAITING of voters who may vote online, with their voters: first those with
 * evidence, whom registrars need not look at; each kind oldest first. Where there are more with
 * evidence than fit, half are the oldest and half the newest: what no registrar signs keeps nobody
 * from being seen who comes later. */
TP_MUST_USE tp_err tp_store_enrolment_waiting(tp_store *s, tp_enrolment *e, tp_voter *v, size_t max,
                                              size_t *count);
TP_MUST_USE tp_err tp_store_enrolment_counts(tp_store *s, uint64_t counts[static 5]); /* by state */

/* ---- applications: of people whom an officer must recognise ---- */
typedef enum {
    TP_APPLY_OPEN = 1, /* begun: something is still to be handed in */
    TP_APPLY_WAITING,  /* a registrar's decision is awaited */
    TP_APPLY_DONE,     /* its credential became the voter's */
    TP_APPLY_REJECTED,
    TP_APPLY_CLOSED, /* another of this voter was done, or it was withdrawn */
} tp_apply_state;
typedef struct {
    uint8_t id[16]; /* random; names it to registrars, gives no right */
    int64_t voter;
    uint8_t session[32]; /* SHA-256 of the token that owns it */
    uint8_t route;       /* tp_enrol_route of the manifest */
    tp_apply_state state;
    uint16_t reason;                /* of a rejection; 0: none */
    uint64_t created, updated, due; /* Unix seconds; due: the decision, or the end of an open one */
    uint8_t credential[32], possession[64];
    uint8_t source[TP_SOURCE]; /* who handed it in last */
    uint8_t matched; /* 0: who applied gave the roll's number, or name and birth date; else how near
                        these came: tp_match_word */
} tp_application;
/* By id: inserts, or changes state, reason, updated, due and source. TP_REFUSED: session or
 * credential are another's. */
TP_MUST_USE tp_err tp_store_application_put(tp_store *s, const tp_application *a);
TP_MUST_USE tp_err tp_store_application_find(tp_store *s, const uint8_t id[static 16],
                                             tp_application *a, bool *found);
TP_MUST_USE tp_err tp_store_application_by_session(tp_store *s, const uint8_t session[static 32],
                                                   tp_application *a, bool *found);
TP_MUST_USE tp_err tp_store_application_by_credential(tp_store *s,
                                                      const uint8_t credential[static 32],
                                                      tp_application *a, bool *found);
/* One whose id begins so, if any one that waits. */
TP_MUST_USE tp_err tp_store_application_near(tp_store *s, const uint8_t begin[static 6],
                                             tp_application *a, bool *found);
/* Up to max of a voter, the newest first. */
TP_MUST_USE tp_err tp_store_applications_of(tp_store *s, int64_t voter, tp_application *a,
                                            size_t max, size_t *count);
/* Up to max in state WAITING of voters who may vote online, of one unit (all: -1), those due first
 * first, with their voters. */
TP_MUST_USE tp_err tp_store_applications_waiting(tp_store *s, int unit, tp_application *a,
                                                 tp_voter *v, size_t max, size_t *count);
/* Up to max that are OPEN beyond their due time, or WAITING and unchanged since waiting_since. */
TP_MUST_USE tp_err tp_store_applications_stale(tp_store *s, uint64_t now, uint64_t waiting_since,
                                               tp_application *a, size_t max, size_t *count);
/* Forgets a voter's CLOSED applications but the `keep` newest of them. */
TP_MUST_USE tp_err tp_store_applications_trim(tp_store *s, int64_t voter, size_t keep);
/* What a registrar decided of an application, or of an enrolment (by its id), as signed. */
typedef enum { TP_DECISION_SIGNED = 1, TP_DECISION_REFUSED } tp_decided;
typedef struct {
    int64_t id; /* given by the store, ascending */
    uint8_t application[16];
    int64_t voter;
    uint16_t registrar;
    tp_decided verdict;
    uint16_t reason; /* of a refusal */
    uint64_t time;   /* Unix seconds */
    uint8_t credential[32], signature[64];
} tp_decision;
/* A registrar's second decision with the same verdict over a credential is not kept. */
TP_MUST_USE tp_err tp_store_decision_add(tp_store *s, const tp_decision *d);
/* Up to max with ids above `after`, ascending. */
TP_MUST_USE tp_err tp_store_decisions_after(tp_store *s, int64_t after, tp_decision *d, size_t max,
                                            size_t *count);
/* Sealed bytes of an application, by kind. */
typedef struct {
    uint8_t application[16], kind;
    uint16_t unit;             /* the voter's */
    uint8_t source[TP_SOURCE]; /* who handed in */
    size_t len;
} tp_upload;
/* Between begin and commit: inserts or replaces. */
TP_MUST_USE tp_err tp_store_upload_put(tp_store *s, const tp_upload *u, const void *bytes);
/* *found false if there are none. */
TP_MUST_USE tp_err tp_store_upload_get(tp_store *s, const uint8_t application[static 16],
                                       uint8_t kind, uint8_t **bytes, size_t *len,
                                       bool *found); /* free() */
/* Of an application, ascending by kind, at most max. */
TP_MUST_USE tp_err tp_store_upload_list(tp_store *s, const uint8_t application[static 16],
                                        uint8_t *kinds, size_t *lens, size_t max, size_t *count);
/* How many bytes there are of this unit's, of this source's, and beyond `share` of each other
 * unit's. Costs a row a unit, not one an upload. */
typedef struct {
    uint64_t unit, source, beyond;
} tp_upload_sums;
TP_MUST_USE tp_err tp_store_upload_sums(tp_store *s, uint16_t unit,
                                        const uint8_t source[static TP_SOURCE], uint64_t share,
                                        tp_upload_sums *sums);
/* Between begin and commit: are the sums what the uploads give? If not they are counted again. */
TP_MUST_USE tp_err tp_store_uploads_recount(tp_store *s, bool *wrong);
TP_MUST_USE tp_err tp_store_uploads_delete(tp_store *s, const uint8_t application[static 16]);

/* ---- evidence: what a voter showed for a credential, for the registrars ---- */
/* By credential: insert or replace. session: who showed it; route: tp_enrol_route of the manifest.
 */
TP_MUST_USE tp_err tp_store_evidence_put(tp_store *s, const uint8_t credential[static 32],
                                         const uint8_t session[static 32], uint8_t route,
                                         const void *bytes, size_t len);
TP_MUST_USE tp_err tp_store_evidence_get(tp_store *s, const uint8_t credential[static 32],
                                         uint8_t *route, uint8_t **bytes, size_t *len,
                                         bool *found); /* free() */
/* Of which session and by which way. */
TP_MUST_USE tp_err tp_store_evidence_by(tp_store *s, const uint8_t credential[static 32],
                                        uint8_t session[static 32], uint8_t *route, bool *found);
/* None is TP_OK too. */
TP_MUST_USE tp_err tp_store_evidence_remove(tp_store *s, const uint8_t credential[static 32]);

/* ---- passkeys: at most one a voter ---- */
enum { TP_PASSKEY_ID_MAX = 255, TP_PASSKEY_KEY_MAX = 1024 };
typedef struct {
    int64_t voter;
    uint8_t id[TP_PASSKEY_ID_MAX], key[TP_PASSKEY_KEY_MAX]; /* key: as libfido2 exports it */
    size_t id_len, key_len;
    int type; /* COSE algorithm, negative */
    uint32_t counter;
} tp_passkey;
/* By voter: insert or replace. TP_REFUSED: its id is another voter's. */
TP_MUST_USE tp_err tp_store_passkey_put(tp_store *s, const tp_passkey *p);
TP_MUST_USE tp_err tp_store_passkey_of(tp_store *s, int64_t voter, tp_passkey *p, bool *found);
/* None is TP_OK too. */
TP_MUST_USE tp_err tp_store_passkey_remove(tp_store *s, int64_t voter);

/* Sessions: SHA-256 of a token whose holder has typed a voter's one-time code. Adding one twice is
 * harmless. */
TP_MUST_USE tp_err tp_store_session_add(tp_store *s, const uint8_t hash[static 32], int64_t voter,
                                        uint64_t time);
TP_MUST_USE tp_err tp_store_session_find(tp_store *s, const uint8_t hash[static 32], int64_t *voter,
                                         bool *found);
/* Ends all of a voter's sessions; none is TP_OK too. */
TP_MUST_USE tp_err tp_store_sessions_end(tp_store *s, int64_t voter);

/* ---- one-time codes: at most one a token that asked ---- */
typedef struct {
    uint8_t session[32]; /* SHA-256 of the token */
    int64_t voter;
    /* The code is made from session, serial and expiry with a key that is not in the store. */
    uint32_t serial;
    uint64_t expires; /* Unix seconds */
    bool live;        /* neither used nor used up by tries */
    uint32_t tries;   /* wrong ones */
    int64_t message;  /* the newest that carries it */
} tp_one_time;
/* By session: insert or replace. */
TP_MUST_USE tp_err tp_store_code_put(tp_store *s, const tp_one_time *c);
TP_MUST_USE tp_err tp_store_code_of(tp_store *s, const uint8_t session[static 32], tp_one_time *c,
                                    bool *found);
/* Ends all of a voter's codes; none is TP_OK too. */
TP_MUST_USE tp_err tp_store_codes_end(tp_store *s, int64_t voter);
/* Where a voter's codes were asked from: when this source's allowance is whole again; 0: it is. */
TP_MUST_USE tp_err tp_store_source_put(tp_store *s, int64_t voter,
                                       const uint8_t source[static TP_SOURCE], uint64_t full);
TP_MUST_USE tp_err tp_store_source_of(tp_store *s, int64_t voter,
                                      const uint8_t source[static TP_SOURCE], uint64_t *full);
/* Forgets the voter's codes that expired before `expired`, and sources that are whole at `now`. */
TP_MUST_USE tp_err tp_store_codes_trim(tp_store *s, int64_t voter, uint64_t expired, uint64_t now);

/* ---- messages to voters: a queue ----
 * A row names a template and its parameters. The text, with a one-time code in it, is made when it
 * is sent and never stored. */
typedef enum {
    TP_MESSAGE_QUEUED = 1, /* waits for its first or next try */
    TP_MESSAGE_SENDING,    /* being handed over; after a crash nobody knows whether it was */
    TP_MESSAGE_SENT,       /* taken by the mail server or the gateway */
    TP_MESSAGE_DELIVERED,  /* so reported */
    TP_MESSAGE_FAILED,     /* refused for good, or returned */
    TP_MESSAGE_GIVEN_UP,   /* no try succeeded in time */
    TP_MESSAGE_VOID,       /* its code was used, replaced or expired before it was sent */
    TP_MESSAGE_STATES,
} tp_message_state;
enum { TP_BY_MAIL = 1, TP_BY_SMS, TP_MESSAGE_CHANNELS };
typedef struct {
    int64_t id;
    int64_t voter;
    char kind[16]; /* of the template */
    char lang[8];
    char to[128];
    uint8_t channel;        /* TP_BY_.. */
    char parameters[512];   /* JSON, by kind */
    uint64_t time, expires; /* queued; not sent from then on; Unix seconds */
    tp_message_state state; /* from here on what tp_store_message_put changes */
    uint64_t next, updated; /* of the next try; of the last change */
    uint32_t attempts;
    char error[256]; /* of the last try, without address or code; "" */
} tp_message;
/* The id is given by the store. */
TP_MUST_USE tp_err tp_store_message_add(tp_store *s, tp_message *m);
TP_MUST_USE tp_err tp_store_message_put(tp_store *s, const tp_message *m);
TP_MUST_USE tp_err tp_store_message_find(tp_store *s, int64_t id, tp_message *m, bool *found);
/* The voter's newest of this kind. */
TP_MUST_USE tp_err tp_store_message_newest(tp_store *s, int64_t voter, const char *kind,
                                           tp_message *m, bool *found);
/* The newest first, at most max, with ids below `before` (0: all); to one address unless `to` is
 * NULL; in one state unless it is 0. */
TP_MUST_USE tp_err tp_store_messages(tp_store *s, const char *to, tp_message_state state,
                                     int64_t before, tp_message *m, size_t max, size_t *count);
/* QUEUED with `next` not after now; those first that expire first. */
TP_MUST_USE tp_err tp_store_messages_due(tp_store *s, unsigned channel, uint64_t now, tp_message *m,
                                         size_t max, size_t *count);
/* Other voters to whose account a message of this kind went to this address. */
TP_MUST_USE tp_err tp_store_message_sharers(tp_store *s, const char *to, const char *kind,
                                            int64_t voter, uint64_t *count);
/* SENDING becomes QUEUED, due now. */
TP_MUST_USE tp_err tp_store_messages_recover(tp_store *s, uint64_t now);
TP_MUST_USE tp_err tp_store_message_counts(tp_store *s,
                                           uint64_t counts[TP_MESSAGE_CHANNELS][TP_MESSAGE_STATES]);

/* ---- letters with a code on paper ---- */
typedef enum {
    TP_LETTER_PRINTED = 1,
    TP_LETTER_USED,
    TP_LETTER_VOID,
    TP_LETTER_STATES
} tp_letter_state;
typedef struct {
    int64_t id, voter;
    uint8_t key[32]; /* L of its code, unique; the code itself is nowhere here */
    tp_letter_state state;
    uint64_t printed, updated; /* Unix seconds */
} tp_letter;
/* A new letter, PRINTED at `time`; the voter's PRINTED ones become VOID. The id is given by the
 * store. TP_REFUSED: there is one with this key. */
TP_MUST_USE tp_err tp_store_letter_add(tp_store *s, int64_t voter, const uint8_t key[static 32],
                                       uint64_t time);
TP_MUST_USE tp_err tp_store_letter_find(tp_store *s, const uint8_t key[static 32], tp_letter *l,
                                        bool *found);
/* The voter's newest. */
TP_MUST_USE tp_err tp_store_letter_of(tp_store *s, int64_t voter, tp_letter *l, bool *found);
TP_MUST_USE tp_err tp_store_letter_put(tp_store *s, int64_t id, tp_letter_state state,
                                       uint64_t time);
/* The newest first, at most max, with ids below `before` (0: all). */
TP_MUST_USE tp_err tp_store_letters(tp_store *s, int64_t before, tp_letter *l, size_t max,
                                    size_t *count);
TP_MUST_USE tp_err tp_store_letter_counts(tp_store *s, uint64_t counts[TP_LETTER_STATES]);

/* ---- credentials ---- */
typedef struct {
    uint8_t key[32];
    uint16_t unit, style;
    uint8_t registration[2400]; /* wire form, for the board */
    size_t registration_len;
    bool ready; /* signed by a quorum of registrars: may vote, goes on the board */
    bool on_board, cancelled, excluded;
    uint32_t sequence; /* of the newest accepted ballot, 0 if none */
    uint8_t tip[32];   /* its hash */
    uint32_t recorded; /* sequence of the newest ballot on the board */
} tp_store_credential;
TP_MUST_USE tp_err tp_store_credential_put(tp_store *s, const tp_store_credential *c);
TP_MUST_USE tp_err tp_store_credential_find(tp_store *s, const uint8_t key[static 32],
                                            tp_store_credential *c, bool *found);
/* Credentials that are ready and not yet on the board, ascending by key. */
TP_MUST_USE tp_err tp_store_credentials_new(tp_store *s, tp_store_credential *c, size_t max,
                                            size_t *count);

/* ---- the funnel: every voter of the roll at one step, the furthest ---- */
typedef enum {
    TP_FUNNEL_NONE, /* nothing was begun */
    TP_FUNNEL_OFF,  /* does not vote online; detail: 1 disabled, 2 post, 3 mail, 4 voted on paper */
    TP_FUNNEL_CANCELLED, /* had a key and has not begun again */
    TP_FUNNEL_SENT,      /* a code was sent */
    TP_FUNNEL_PROVEN,    /* who they are */
    TP_FUNNEL_OPEN,      /* an application is to be completed */
    TP_FUNNEL_WAITING,   /* for a registrar; detail: 0 below a day, 1 below 3, 2 below 7, 3 more */
    TP_FUNNEL_REJECTED,  /* detail: the reason */
    TP_FUNNEL_CLOSED,    /* an application ended undecided; detail: the reason */
    TP_FUNNEL_SIGNED,    /* by the registrars' quorum, for the next batch */
    TP_FUNNEL_BOARD,     /* the key is on the board */
    TP_FUNNEL_STEPS,
} tp_funnel_step;
typedef struct {
    uint16_t unit;
    uint8_t step;
    uint16_t detail;
    uint64_t voters, voted; /* voted: of these, those who voted on paper */
} tp_funnel_row;
/* Keys on the board: of voters who are at TP_FUNNEL_BOARD, cancelled, and of nobody here; cast: of
 * all of them, those with a ballot on the board that stands. */
typedef struct {
    uint16_t unit;
    uint64_t held, cancelled, unknown, cast;
} tp_funnel_keys;
/* Ascending by unit, step, detail; only counts above zero. One state of the store within a
 * snapshot. */
TP_MUST_USE tp_err tp_store_funnel(tp_store *s, uint64_t now, tp_funnel_row **list,
                                   size_t *count); /* free() */
TP_MUST_USE tp_err tp_store_funnel_keys(tp_store *s, tp_funnel_keys **list,
                                        size_t *count); /* free() */

/* ---- ballots ---- */
typedef struct {
    int64_t id;
    uint8_t hash[32], tracker[16], credential[32];
    uint32_t sequence;
    uint64_t deadline; /* of the promise */
    bool recorded;
    uint64_t leaf; /* if recorded */
    uint32_t batch;
} tp_store_ballot;
/* Inserts and moves the credential's sequence and tip. */
TP_MUST_USE tp_err tp_store_ballot_add(tp_store *s, const tp_store_ballot *b, const uint8_t *bytes,
                                       size_t len);
TP_MUST_USE tp_err tp_store_ballot_by_hash(tp_store *s, const uint8_t hash[static 32],
                                           tp_store_ballot *b, bool *found);
TP_MUST_USE tp_err tp_store_ballot_by_tracker(tp_store *s, const uint8_t tracker[static 16],
                                              tp_store_ballot *b, bool *found);
/* Accepted but not recorded, ascending by hash: the next batch. */
TP_MUST_USE tp_err tp_store_ballots_pending(tp_store *s, tp_store_ballot **list,
                                            size_t *count); /* free() */
TP_MUST_USE tp_err tp_store_counts(tp_store *s, uint64_t *accepted, uint64_t *recorded);

/* ---- board ---- */
/* The first byte of an entry is its type (election/entry.h); the store tells these two apart. */
enum { TP_STORE_REGISTRATIONS = 9, TP_STORE_BALLOT = 11 };
/* Appends at `index` (must be the size). bytes: the entry; for a ballot NULL and its row id, whose
 * row is marked recorded with leaf and batch, and whose credential's `recorded` moves on. */
TP_MUST_USE tp_err tp_store_entry_add(tp_store *s, uint64_t index, const uint8_t *bytes,
                                      size_t len);
TP_MUST_USE tp_err tp_store_entry_add_ballot(tp_store *s, uint64_t index, int64_t ballot,
                                             uint32_t batch);
/* The entry as it stands on the board: a ballot's bytes follow its type. TP_REFUSED: no such index.
 * TP_TOO_BIG: over cap. */
TP_MUST_USE tp_err tp_store_entry(tp_store *s, uint64_t index, uint8_t *bytes, size_t cap,
                                  size_t *len);
/* The indexes of all entries that are neither ballots nor registrations, ascending: what tp_board
 * needs. */
TP_MUST_USE tp_err tp_store_entries_admin(tp_store *s, uint64_t **list, size_t *count); /* free() */
TP_MUST_USE tp_err tp_store_size(tp_store *s, uint64_t *size);
TP_MUST_USE tp_err tp_store_document_put(tp_store *s, const uint8_t hash[static 32],
                                         const void *bytes, size_t len);
TP_MUST_USE tp_err tp_store_document_get(tp_store *s, const uint8_t hash[static 32],
                                         uint8_t **bytes, size_t *len, bool *found); /* free() */

#endif
