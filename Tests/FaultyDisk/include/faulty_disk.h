#ifndef FAULTY_DISK_H
#define FAULTY_DISK_H

/// What goes wrong with the watched files.
enum faulty_disk_fault {
  FAULTY_DISK_NONE = 0,
  /// Writes find no space; of a log's first one half is written.
  FAULTY_DISK_FULL = 1,
  /// fsync fails, once; what was written since the last one is not to be trusted.
  FAULTY_DISK_SYNC = 2,
  /// A write stops half way, and every later call fails, as when the power goes.
  FAULTY_DISK_TORN = 3,
  /// A page of 4 KiB of a log cannot be read: the one of which `count` is the number, from 0.
  FAULTY_DISK_UNREADABLE = 4,
};

/// Puts the faulty disk under every SQLite connection that this process opens from now on; returns
/// SQLite's result code. Without a fault it changes nothing.
///
/// Under files that are no database's it always is: under those whose names end in ".log".
int faulty_disk_install(void);

/// Lets files with "faulty-disk" in their path fail after `count` more writes or syncs.
void faulty_disk_fail(enum faulty_disk_fault fault, int count);

/// How many calls have failed since the last `faulty_disk_fail`.
int faulty_disk_failures(void);

#endif
