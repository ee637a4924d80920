/* What every part asks of the server: the time, what everyone may know, a thread's connection. */
#include <time.h>

#include "server/daemon.h"

uint64_t tp_server_now(void) {
    return (uint64_t)time(NULL);
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
