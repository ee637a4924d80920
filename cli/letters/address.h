/* Postal addresses for letters, out of a CSV file with a column of them: the roll's own, or
 * another. They are read when letters are printed and stored nowhere.
 *
 * A field of an address has its lines parted by line ends or by '|': 1 to 6 of them, each of 1 to
 * 70 bytes. An empty field is no address. spec: J-34
 */
#ifndef TAPAT_CLI_LETTERS_ADDRESS_H
#define TAPAT_CLI_LETTERS_ADDRESS_H

#include "core/base/base.h"

enum { TP_ADDRESS_LINES = 6, TP_ADDRESS_LINE = 70, TP_ADDRESS = 512 };

typedef struct {
    const char *file;
    const char *number, *address; /* what the file calls its columns; NULL: so */
    char separator;
} tp_address_file;
/* The number's index in the caller's list; -1: none of it. */
typedef long tp_address_place(void *ctx, const char *number);

/* Lays each address of a number that is wanted, its lines parted by '\n', into out[place]. The
 * reason of a failure was said: a wrong row refuses the file. */
TP_MUST_USE bool tp_addresses_read(char (*out)[TP_ADDRESS], const tp_address_file *f,
                                   tp_address_place *place, void *ctx);
/* A field into lines; "": no address. False: too many lines, too long, or a control character. */
TP_MUST_USE bool tp_address_lines(char out[static TP_ADDRESS], const char *field);

#endif
