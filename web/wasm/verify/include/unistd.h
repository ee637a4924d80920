/* What the record's readers use of the system: nothing that does anything here. */
#ifndef TAPAT_VERIFY_UNISTD_H
#define TAPAT_VERIFY_UNISTD_H

int close(int fd);

#endif
