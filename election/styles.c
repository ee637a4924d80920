/* Ballot styles out of manifest and keys: styles.h. */
#include "election/styles.h"

#include <stdlib.h>
#include <string.h>

tp_err tp_styles_make(tp_styles *out, const tp_manifest *m, const tp_keys *keys) {
    size_t bits = 0;
    memset(out, 0, sizeof *out);
    for (size_t c = 0; c < m->contest_count; c++) {
        size_t of_contest = tp_sum_bits(&m->contests[c].shape);
        if (of_contest > bits) bits = of_contest;
    }
    out->generators = aligned_alloc(64, (((bits + 1) * sizeof(tp_point)) + 63) / 64 * 64);
    if (!out->generators) return TP_SYSTEM;
    tp_sum_generators_var(out->generators, bits, m->fingerprint);
    out->count = m->style_count;
    for (uint16_t s = 0; s < m->style_count; s++) {
        tp_ballot_style *style = &out->list[s];
        memcpy(style->fingerprint, m->fingerprint, 32);
        memcpy(style->key_digest, keys->digest, 32);
        style->style = s;
        style->contest_count = m->styles[s].contest_count;
        style->generators = out->generators;
        for (size_t i = 0; i < style->contest_count; i++) {
            uint16_t c = m->styles[s].contests[i];
            style->contests[i] = (tp_ballot_contest){.index = c,
                                                     .shape = m->contests[c].shape,
                                                     .y = (const uint8_t(*)[32])keys->y[c],
                                                     .y_points = keys->y_points[c]};
        }
    }
    return TP_OK;
}

void tp_styles_free(tp_styles *s) {
    free(s->generators);
    memset(s, 0, sizeof *s);
}
