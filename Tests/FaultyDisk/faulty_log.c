#include "faults.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// Replacements of the C library's file functions: they forward all calls to the system, except those
// on a watched log that shall fail.

/// Whether a file is a log whose calls may fail.
static int is_watched(int file) {
  if (!is_any_fault()) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 4) return 0;
  path[length] = 0;
  return strstr(path, "faulty-disk") != NULL && strcmp(path + length - 4, ".log") == 0;
}

static int fail(int code) {
  errno = code;
  return -1;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  enum faulty_disk_fault fault = next_fault(is_watched(file), 0);
  if (fault != FAULTY_DISK_NONE) {
    // The first failing write writes its first half; the caller writes the rest with another call.
    if (faulty_disk_failures() > 1) return fail(fault == FAULTY_DISK_FULL ? ENOSPC : EIO);
    count /= 2;
  }
  return syscall(SYS_pwrite64, file, bytes, count, offset);
}

ssize_t pread(int file, void *bytes, size_t count, off_t offset) {
  if (is_watched(file) && is_unreadable(offset, count)) return fail(EIO);
  return syscall(SYS_pread64, file, bytes, count, offset);
}

int ftruncate(int file, off_t size) {
  // Truncation needs no space; it fails only without power.
  if (is_power_gone() && is_watched(file)) return fail(EIO);
  return (int)syscall(SYS_ftruncate, file, size);
}

int fdatasync(int file) {
  if (next_fault(is_watched(file), 1) != FAULTY_DISK_NONE) return fail(EIO);
  return (int)syscall(SYS_fdatasync, file);
}

int fsync(int file) {
  if (next_fault(is_watched(file), 1) != FAULTY_DISK_NONE) return fail(EIO);
  return (int)syscall(SYS_fsync, file);
}
