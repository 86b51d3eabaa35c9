#ifndef FAULTY_DISK_H
#define FAULTY_DISK_H

/// A fault of the watched files.
enum faulty_disk_fault {
  FAULTY_DISK_NONE = 0,
  /// Writes fail for lack of space; the first failing write to a log writes its first half.
  FAULTY_DISK_FULL = 1,
  /// fsync fails once; what was written since the last fsync may be lost.
  FAULTY_DISK_SYNC = 2,
  /// A write stops half way, and every later call fails, as in a power failure.
  FAULTY_DISK_TORN = 3,
  /// A page of 4 KiB of a log cannot be read: page number `count`, from 0.
  FAULTY_DISK_UNREADABLE = 4,
};

/// Installs the faulty disk for every SQLite connection that this process opens later; returns
/// SQLite's result code. Without a fault it changes nothing.
///
/// For files whose names end in ".log" it is always installed.
int faulty_disk_install(void);

/// Makes files with "faulty-disk" in their path fail after `count` more writes or syncs.
void faulty_disk_fail(enum faulty_disk_fault fault, int count);

/// How many calls have failed since the last `faulty_disk_fail`.
int faulty_disk_failures(void);

#endif
