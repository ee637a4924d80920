/* Stage board: the entries of the log, byte-exact. spec: chapter 5 (board).
 *
 *   struct { uint8 type; opaque body[]; } Entry;      at most TP_MAX_ENTRY bytes
 *
 * Entries by one signer carry   uint16 signer; ... ; opaque signature[64];
 * entries of a college carry    ... ; Endorsement { uint16 signer; opaque signature[64] }
 * list<66..2112>, signers ascending, at least the quorum of the college. A signer is named by its
 * position in the manifest's list, 1..count. What is signed is always  TP_ENTRY_DOMAIN, fingerprint
 * || type || (signer) || body without the signature(s): for a college the signer is left out, so
 * that all sign the same bytes.
 */
#ifndef TAPAT_ELECTION_ENTRY_H
#define TAPAT_ELECTION_ENTRY_H

#include "election/manifest.h"

#define TP_ENTRY_DOMAIN "tapat-v1 entry"

typedef enum {
    TP_ENTRY_MANIFEST = 1, /* document reference; index 0 of every board */
    TP_ENTRY_ACT = 2,      /* officers: uint8 act; uint64 time; opaque subject[32]; uint16 reason */
    TP_ENTRY_COMMIT = 3,   /* trustee, round 0: opaque deal_hash[32]; opaque box_key[32] */
    TP_ENTRY_DEAL = 4,     /* trustee, round 1: election/ceremony.h */
    TP_ENTRY_COMPLAINT = 5, /* trustee, round 2: uint16 dealer */
    TP_ENTRY_OPENING = 6,   /* dealer: uint16 complainant; the share in clear */
    TP_ENTRY_CONFIRM = 7,   /* trustee: opaque key_digest[32] */
    TP_ENTRY_LIVENESS = 8, /* trustee: uint64 time; proof of its share, bound to the board's root */
    TP_ENTRY_REGISTRATIONS = 9, /* registrations sorted by credential: election/enrol.h */
    TP_ENTRY_CANCEL = 10,       /* registrars: opaque credential[32]; uint16 reason; uint64 time */
    TP_ENTRY_BALLOT = 11,       /* election/cast.h */
    TP_ENTRY_BATCH =
        12, /* uint32 number; uint64 time; uint32 ballots: closes the ballots before it */
    TP_ENTRY_SHARES = 13, /* trustee: document reference, election/decrypt.h */
    TP_ENTRY_ROLL = 14,   /* officers: uint64 time; uint32 leaves; opaque root[32]; UnitRoll list */
    TP_ENTRY_CHANGES = 15, /* officers: uint64 time; RollChange list: election/electorate.h */
} tp_entry_type;

typedef enum {
    TP_ACT_APPROVE = 1, /* subject: the fingerprint */
    TP_ACT_OPEN = 2,    /* subject: the key digest */
    TP_ACT_CLOSE = 3,   /* subject: zero */
    TP_ACT_EXCLUDE = 4, /* subject: hash of a ballot; reason: tp_exclusion */
    TP_ACT_FREEZE = 5,  /* subject: hash of the aggregates document */
    TP_ACT_PUBLISH = 6, /* subject: hash of the results document */
} tp_act;

typedef enum {
    TP_EXCLUDE_VOTED_IN_PERSON = 1,
    TP_EXCLUDE_COURT_ORDER = 2,
} tp_exclusion;

enum {
    TP_UNIT_ROLL_LEN = 12, /* uint32 rows, electors, online */
    TP_ROLL_CHANGE_LEN = 70,
    TP_ROLL_CHANGES_MAX = 800, /* of one entry */
};

/* struct { opaque hash[32]; uint64 length; } */
typedef struct {
    uint8_t hash[32];
    uint64_t len;
} tp_document_ref;

typedef struct {
    uint16_t signer;
    uint8_t signature[64];
} tp_endorsement;

typedef struct {
    uint16_t count;
    tp_endorsement by[TP_MAX_SIGNERS];
} tp_endorsements;

/* An entry taken apart; pointers lead into the bytes that were read. */
typedef struct {
    tp_entry_type type;
    uint16_t signer;         /* types with one signer: 1..count */
    uint8_t signature[64];   /* types with one signer */
    tp_endorsements college; /* ACT, CANCEL, ROLL, CHANGES */
    tp_reader body;          /* all after the type, unread */
    union {
        tp_document_ref
            document; /* MANIFEST, SHARES, and ACT_FREEZE/PUBLISH have subject instead */
        struct {
            tp_act act;
            uint64_t time;
            uint8_t subject[32];
            uint16_t reason;
        } act;
        struct {
            uint8_t deal_hash[32], box_key[32];
        } commit;
        struct {
            const uint8_t *bytes; /* election/ceremony.h takes it apart */
            size_t len;
        } deal;
        struct {
            uint16_t dealer;
        } complaint;
        struct {
            uint16_t complainant;
            const uint8_t *shares; /* all contests' shares, 32 bytes each */
            size_t len;
        } opening;
        struct {
            uint8_t key_digest[32];
        } confirm;
        struct {
            uint64_t time;
            uint64_t board_size;
            uint8_t board_root[32]; /* root of the board of that size */
            const uint8_t *proof;   /* 64 bytes per contest */
            size_t len;
        } liveness;
        struct {
            uint8_t credential[32];
            uint16_t reason;
            uint64_t time;
        } cancel;
        struct {
            const uint8_t *bytes;
            size_t len;
        } ballot;
        struct {
            uint32_t number, ballots;
            uint64_t time;
        } batch;
        struct {
            uint64_t time;
            uint32_t leaves;
            uint8_t root[32];
            const uint8_t *units; /* TP_UNIT_ROLL_LEN bytes each */
            size_t unit_count;
        } roll;
        struct {
            uint64_t time;
            const uint8_t *list; /* TP_ROLL_CHANGE_LEN bytes each */
            size_t count;
        } changes;
    } u;
} tp_entry;

/* Takes an entry apart; canonical or refused: "entry.malformed", "entry.type", "entry.length".
 * Registrations stay in body for tp_registrations_next. No signature is checked here. */
TP_MUST_USE tp_err tp_entry_read(tp_entry *e, const uint8_t *bytes, size_t len, tp_fault *fault);
/* The inverse; body-only fields of e->u are written, signatures included. */
TP_MUST_USE tp_err tp_entry_write(tp_writer *w, const tp_entry *e);

/* The bytes that a signer signs (see above), into a writer. */
void tp_entry_signed_bytes(tp_writer *w, const uint8_t fingerprint[static 32], const tp_entry *e);
/* Signs e as `signer` (one signer) or adds an endorsement in its place (college). secret_key: a
 * scalar as tp_scalar_encode writes it; random: 32 fresh bytes. TP_MALFORMED: the key is none;
 * TP_REFUSED: that signer has endorsed already. */
TP_MUST_USE tp_err tp_entry_sign(tp_entry *e, const uint8_t fingerprint[static 32], uint16_t signer,
                                 const uint8_t secret_key[static 32],
                                 const uint8_t random[static 32]);
/* ACT, ROLL and CHANGES, which officers sign; and the time that such an entry bears. */
bool tp_entry_of_officers(tp_entry_type type);
uint64_t tp_entry_time(const tp_entry *e);
/* May who would sign the act `own` sign `draft`, which another drew up? It is the same act on the
 * same subject for the same reason, or the same roll or changes of it, and its time is not later
 * than `now` by the clock of who signs: "entry.malformed" (no act), "board.subject", "board.time".
 * spec: N-10 */
TP_MUST_USE tp_err tp_act_agrees(const tp_entry *draft, const tp_entry *own, uint64_t now,
                                 tp_fault *fault);
/* Checks the signature(s) against the college that the type names: "entry.signer",
 * "entry.signature", "entry.quorum". Ballots, batches, registrations and the manifest pass: they
 * carry none of their own here. */
TP_MUST_USE tp_err tp_entry_verify(const tp_manifest *m, const tp_entry *e, tp_fault *fault);

#endif
