/* One line an event: log.h. */
#include "server/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

void tp_log(const char *event, const char *key, const char *value, ...) {
    char text[512], line[768];
    va_list args;
    va_start(args, value);
    vsnprintf(text, sizeof text, value, args);
    va_end(args);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == '"' || *c == 0x7f) *c = '?';
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int n = *key ? snprintf(line, sizeof line, "time=%lld.%03ld event=%s %s=\"%s\"\n",
                            (long long)now.tv_sec, now.tv_nsec / 1000000, event, key, text)
                 : snprintf(line, sizeof line, "time=%lld.%03ld event=%s\n", (long long)now.tv_sec,
                            now.tv_nsec / 1000000, event);
    if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0) return; /* nowhere left to say it */
}
