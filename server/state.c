/* What every part asks of the server: the time, what everyone may know, a thread's connection. */
#include <time.h>

#include "server/daemon.h"

/* Not time(): on Linux it reads the last tick and lags by some milliseconds, and the closing time
 * is decided here. */
uint64_t tp_server_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

tp_public tp_server_state(tp_server *s) {
    pthread_mutex_lock(&s->lock);
    tp_public state = s->state;
    pthread_mutex_unlock(&s->lock);
    return state;
}

unsigned tp_server_next_batch_s(tp_server *s) {
    uint64_t now = tp_server_now(), next = tp_server_state(s).next_batch;
    return next > now ? (unsigned)(next - now) : 0;
}

tp_store *tp_server_reader(tp_server *s, const tp_request *rq) {
    return s->reader[tp_request_thread(rq)];
}
