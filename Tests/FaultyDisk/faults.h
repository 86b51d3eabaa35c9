#ifndef FAULTS_H
#define FAULTS_H

#include "faulty_disk.h"

#include <sys/types.h>

// Which calls shall fail; used by the replacements of SQLite's and the C library's functions.

/// How this write or sync of a file fails; FAULTY_DISK_NONE if it does not.
enum faulty_disk_fault next_fault(int is_watched, int is_sync);

/// Whether any call may fail now.
int is_any_fault(void);

/// Whether the power has failed.
int is_power_gone(void);

/// Whether these bytes of a watched log cannot be read; if so, counts the call as failed.
int is_unreadable(off_t offset, size_t count);

#endif
