/* Powers in GF(2^255-19), for either radix.
 * spec: chapter 2 (primitives). Source: RFC 9496 section 4.2.
 */
#include "core/group/field.h"

/* o = a^(2^250-1), a11 = a^11 */
static void pow_2_250_1(fe *o, fe *a11, const fe *a) {
    fe a2, a9, t, x5, x10, x20, x50, x100; /* xN = a^(2^N - 1) */
    fe_sqr(&a2, a);
    fe_sqr_times(&t, &a2, 2);
    fe_mul(&a9, &t, a);
    fe_mul(a11, &a9, &a2);
    fe_sqr(&t, a11);
    fe_mul(&x5, &t, &a9);
    fe_sqr_times(&t, &x5, 5);
    fe_mul(&x10, &t, &x5);
    fe_sqr_times(&t, &x10, 10);
    fe_mul(&x20, &t, &x10);
    fe_sqr_times(&t, &x20, 20);
    fe_mul(&t, &t, &x20);
    fe_sqr_times(&t, &t, 10);
    fe_mul(&x50, &t, &x10);
    fe_sqr_times(&t, &x50, 50);
    fe_mul(&x100, &t, &x50);
    fe_sqr_times(&t, &x100, 100);
    fe_mul(&t, &t, &x100);
    fe_sqr_times(&t, &t, 50);
    fe_mul(o, &t, &x50);
}

void tp_fe_pow22523(fe *o, const fe *a) {
    fe t, a11, base = *a;
    pow_2_250_1(&t, &a11, &base);
    fe_sqr_times(&t, &t, 2);
    fe_mul(o, &t, &base);
}

/* a^(p-2) = a^(2^255 - 21) = a^(2^5 (2^250 - 1) + 11) */
void tp_fe_invert(fe *o, const fe *a) {
    fe t, a11;
    pow_2_250_1(&t, &a11, a);
    fe_sqr_times(&t, &t, 5);
    fe_mul(o, &t, &a11);
}

uint32_t tp_fe_sqrt_ratio(fe *o, const fe *u, const fe *v) {
    static const fe sqrt_m1 = FE_SQRT_M1;
    fe v3, uv3, t, r, check, neg_u, neg_u_i;
    fe_sqr(&t, v);
    fe_mul(&v3, &t, v);
    fe_mul(&uv3, u, &v3);
    fe_sqr(&t, &v3);
    fe_mul(&t, &t, v);
    fe_mul(&t, &t, u);
    tp_fe_pow22523(&t, &t);
    fe_mul(&r, &uv3, &t); /* (u v^3) (u v^7)^((p-5)/8) */
    fe_sqr(&check, &r);
    fe_mul(&check, &check, v);

    fe_neg(&neg_u, u);
    fe_mul(&neg_u_i, &neg_u, &sqrt_m1);
    uint32_t right = fe_equal(&check, u);
    uint32_t flipped = fe_equal(&check, &neg_u);
    uint32_t flipped_i = fe_equal(&check, &neg_u_i);
    fe_mul(&t, &r, &sqrt_m1);
    fe_select(&r, &t, &r, flipped | flipped_i);
    fe_abs(o, &r);
    return right | flipped;
}

void tp_fe_invert_batch(fe *a, size_t n, fe *spare) {
    static const fe one = FE_ONE;
    fe product = one, inverse;
    for (size_t i = 0; i < n; i++) {
        spare[i] = product; /* of all earlier nonzero elements */
        fe factor;
        fe_select(&factor, &one, &a[i], fe_is_zero(&a[i]));
        fe_mul(&product, &product, &factor);
    }
    tp_fe_invert(&inverse, &product);
    for (size_t i = n; i-- > 0;) {
        uint32_t zero = fe_is_zero(&a[i]);
        fe factor, t;
        fe_select(&factor, &one, &a[i], zero);
        fe_mul(&t, &inverse, &spare[i]);
        fe_mul(&inverse, &inverse, &factor);
        fe_select(&a[i], &a[i], &t, zero);
    }
}
