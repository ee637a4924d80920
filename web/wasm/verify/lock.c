/* Sleeping on a word of the shared memory, and a lock made of it: 0 free, 1 taken, 2 taken and
 * somebody waits.
 */
#include "web/wasm/verify/host.h"

void host_sleep(uint32_t *word, uint32_t seen) {
    __builtin_wasm_memory_atomic_wait32((int *)word, (int)seen, -1);
}

void host_wake(uint32_t *word) {
    __builtin_wasm_memory_atomic_notify((int *)word, UINT32_MAX);
}

void host_lock(uint32_t *lock) {
    uint32_t seen = 0;
    if (__atomic_compare_exchange_n(lock, &seen, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return;
    while (__atomic_exchange_n(lock, 2, __ATOMIC_SEQ_CST))
        host_sleep(lock, 2);
}

void host_unlock(uint32_t *lock) {
    if (__atomic_exchange_n(lock, 0, __ATOMIC_SEQ_CST) == 2) host_wake(lock);
}
