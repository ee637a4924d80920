/* The AVX-512 IFMA backend: eight lanes, one point or scalar in each. A batch is cut into groups
 * of eight, the last padded with identities and zeros. Everything here is one translation unit and
 * static, so that no copy of a shared function is compiled for a processor that lacks the
 * instructions.
 *
 * Invariants: those of backend.h, and of ifma/field.h for the bounds of limbs.
 * spec: chapter 2 (primitives).
 */
#include "core/group/ifma/codec.h"
#include "core/group/ifma/msm.h"
#include "core/group/ifma/multiply.h"
#include "core/group/ifma/scalar.h"

const tp_backend tp_backend_ifma = {
    .name = "ifma",
    .supported = tp_ifma_supported,
    .prepare = ifma_prepare,
    .decode_var = ifma_decode_var,
    .decode_hinted_var = ifma_decode_hinted_var,
    .hint_var = ifma_hint_var,
    .add = ifma_add,
    .encode = ifma_encode,
    .encode_double = ifma_encode_double,
    .from_uniform_var = ifma_from_uniform_var,
    .mul_base = ifma_mul_base,
    .mul = ifma_mul,
    .mul_sum_scratch = ifma_mul_sum_scratch,
    .mul_sum = ifma_mul_sum,
    .msm_scratch = ifma_msm_scratch,
    .msm_var = ifma_msm_var,
    .scalars_mul = ifma_scalars_mul,
    .scalars_muladd = ifma_scalars_muladd,
    .scalars_scale = ifma_scalars_scale,
    .scalars_scale_add = ifma_scalars_scale_add,
    .scalars_dot = ifma_scalars_dot,
    .scalars_powers = ifma_scalars_powers,
};
