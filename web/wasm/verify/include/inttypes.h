#ifndef TAPAT_VERIFY_INTTYPES_H
#define TAPAT_VERIFY_INTTYPES_H

#include <stdint.h>
#define PRIu64 "llu"

#endif
