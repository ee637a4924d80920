/* What joins the group to the hashes; the same over any group behind group.h.
 * spec: chapter 2 (primitives).
 */
#include "core/group/group.h"

/* RFC 9380 section 5.3.1: b_in_bytes = 64, s_in_bytes = 128 */
void tp_expand_message_xmd(uint8_t *out, size_t out_len, const void *msg, size_t msg_len,
                           const void *dst, size_t dst_len) {
    static const uint8_t z_pad[128] = {0};
    if (out_len > 255 * 64 || dst_len > 255) __builtin_trap();
    const uint8_t l_i_b[3] = {(uint8_t)(out_len >> 8), (uint8_t)out_len, 0};
    const uint8_t dst_tail = (uint8_t)dst_len;
    uint8_t b_0[64], b_i[64] = {0};
    tp_sha512_ctx h;
    tp_sha512_init(&h);
    tp_sha512_update(&h, z_pad, sizeof z_pad);
    tp_sha512_update(&h, msg, msg_len);
    tp_sha512_update(&h, l_i_b, sizeof l_i_b);
    tp_sha512_update(&h, dst, dst_len);
    tp_sha512_update(&h, &dst_tail, 1);
    tp_sha512_final(&h, b_0);
    for (size_t done = 0, i = 1; done < out_len; done += 64, i++) {
        const uint8_t index = (uint8_t)i;
        for (size_t j = 0; j < 64; j++)
            b_i[j] ^= b_0[j]; /* b_1 takes b_0 itself */
        tp_sha512_init(&h);
        tp_sha512_update(&h, b_i, 64);
        tp_sha512_update(&h, &index, 1);
        tp_sha512_update(&h, dst, dst_len);
        tp_sha512_update(&h, &dst_tail, 1);
        tp_sha512_final(&h, b_i);
        for (size_t j = 0; j < 64 && done + j < out_len; j++)
            out[done + j] = b_i[j];
    }
}

void tp_hash_to_group_var(tp_point *out, const void *msg, size_t msg_len, const void *dst,
                          size_t dst_len) {
    uint8_t uniform[1][64];
    tp_expand_message_xmd(uniform[0], 64, msg, msg_len, dst, dst_len);
    tp_points_from_uniform_var(out, (const uint8_t(*)[64])uniform, 1);
}

void tp_challenge_scalar(tp_scalar *out, tp_transcript *t, const char *label) {
    uint8_t wide[64];
    tp_challenge(t, label, wide);
    tp_scalar_wide(out, wide);
}

void tp_nonces_scalars(tp_scalar *out, size_t n, tp_nonces *g) {
    uint8_t wide[64];
    for (size_t i = 0; i < n; i++) {
        tp_nonces_next(g, wide);
        tp_scalar_wide(&out[i], wide);
    }
    tp_wipe(wide, sizeof wide);
}

void tp_absorb_points(tp_transcript *t, const char *label, const uint8_t (*enc)[32], size_t n) {
    tp_absorb(t, label, enc, 32 * n);
}
