/* Partial decryption and its combination (decrypt.h). spec: K-1, K-6. */
#include "core/threshold/decrypt.h"

void tp_decrypt_share(tp_point *d, const tp_scalar *x, size_t p, const tp_point *r, size_t u) {
    enum { BLOCK = 32 };
    tp_point point[BLOCK];
    tp_scalar key[BLOCK];
    for (size_t at = 0; at < u * p; at += BLOCK) {
        size_t n = u * p - at < BLOCK ? u * p - at : BLOCK;
        for (size_t j = 0; j < n; j++) {
            point[j] = r[(at + j) / p];
            key[j] = x[(at + j) % p];
        }
        tp_points_mul(d + at, key, point, n);
    }
    tp_wipe(key, sizeof key);
}

static tp_err check_indexes(const uint32_t *index, size_t count, uint32_t n, uint32_t t) {
    if (count != t) return TP_REFUSED;
    for (size_t i = 0; i < count; i++) {
        if (index[i] < 1 || index[i] > n) return TP_REFUSED;
        for (size_t j = 0; j < i; j++)
            if (index[i] == index[j]) return TP_REFUSED;
    }
    return TP_OK;
}

/* lambda_i = prod_{j != i} l_j/(l_j - l_i) */
tp_err tp_lagrange(tp_scalar *out, const uint32_t *index, size_t count, uint32_t n, uint32_t t) {
    if (check_indexes(index, count, n, t) != TP_OK) return TP_REFUSED;
    for (size_t i = 0; i < count; i++) {
        tp_scalar above = tp_scalar_one, below = tp_scalar_one, l_i, l_j;
        tp_scalar_from_u64(&l_i, index[i]);
        for (size_t j = 0; j < count; j++) {
            if (j == i) continue;
            tp_scalar_from_u64(&l_j, index[j]);
            tp_scalar_mul(&above, &above, &l_j);
            tp_scalar_sub(&l_j, &l_j, &l_i);
            tp_scalar_mul(&below, &below, &l_j);
        }
        tp_scalar_invert(&below, &below);
        tp_scalar_mul(&out[i], &above, &below);
    }
    return TP_OK;
}

void tp_decrypt_combine_var(tp_point *total, const tp_scalar *lambda, const tp_point *d,
                            size_t count, tp_point *scratch) {
    enum { BLOCK = 64 };
    tp_scalar same[BLOCK];
    for (size_t i = 0; i < BLOCK; i++)
        same[i] = *lambda;
    for (size_t i = 0; i < count; i += BLOCK) {
        size_t n = count - i < BLOCK ? count - i : BLOCK;
        tp_points_mul(scratch + i, same, d + i, n);
    }
    for (size_t i = 0; i < count; i++)
        tp_point_add(&total[i], &total[i], &scratch[i]);
}
