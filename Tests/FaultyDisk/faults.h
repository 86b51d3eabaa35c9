#ifndef FAULTS_H
#define FAULTS_H

#include "faulty_disk.h"

#include <sys/types.h>

// Which calls shall fail, for all the layers that let them.

/// Whether this write or sync of a file is one that fails, and how.
enum faulty_disk_fault next_fault(int is_watched, int is_sync);

/// Whether any call may fail now.
int is_any_fault(void);

/// Whether the power has gone.
int is_power_gone(void);

/// Whether bytes of a watched log cannot be read; counts the call as failed.
int is_unreadable(off_t offset, size_t count);

#endif
