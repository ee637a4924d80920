/* The portable implementations that portable.c collects into a backend, each with its contract in
 * backend.h.
 * spec: chapter 2 (primitives).
 */
#ifndef TAPAT_CORE_GROUP_INTERNAL_H
#define TAPAT_CORE_GROUP_INTERNAL_H

#include "core/group/backend.h"

/* ristretto.c */
size_t tp_ristretto_decode_var(tp_point *out, const uint8_t (*in)[32], size_t n);
size_t tp_ristretto_decode_hinted_var(tp_point *out, const uint8_t (*in)[32],
                                      const uint8_t (*hints)[32], size_t n);
size_t tp_ristretto_hint_var(uint8_t (*hints)[32], const uint8_t (*in)[32], size_t n);
void tp_ristretto_encode(uint8_t (*out)[32], const tp_point *a, size_t n);
void tp_ristretto_encode_double(uint8_t (*out)[32], const tp_point *a, size_t n);
void tp_ristretto_from_uniform_var(tp_point *out, const uint8_t (*in)[64], size_t n);

/* mul.c */
void tp_mul_prepare(void);
void tp_mul_base(tp_point *out, const tp_scalar *s, size_t n);
void tp_mul_each(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n);
size_t tp_mul_straus_scratch(size_t n);
void tp_mul_straus(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n, void *scratch);

/* msm.c */
size_t tp_msm_portable_scratch(size_t n, unsigned bits);
void tp_msm_portable_var(tp_point *out, const tp_scalar *s, const tp_point *p, size_t n,
                         unsigned bits, void *scratch);

#endif
