/* Structured logs on stderr: one line an event, "time=... event=... key=value ...". No event takes
 * a client's address, a voter, a credential, a tracker or a code (attacks C13, G9).
 */
#ifndef TAPAT_SERVER_LOG_H
#define TAPAT_SERVER_LOG_H

/* key "": none. The value is quoted; control characters and quotes in it become '?'. */
void tp_log(const char *event, const char *key, const char *value, ...)
    __attribute__((format(printf, 3, 4)));

#endif
