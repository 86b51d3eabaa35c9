#include "faults.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum faulty_disk_fault watched_fault = FAULTY_DISK_NONE;
static int countdown = 0;
static int failures = 0;

enum faulty_disk_fault next_fault(int is_watched, int is_sync) {
  enum faulty_disk_fault fault = FAULTY_DISK_NONE;
  pthread_mutex_lock(&lock);
  if (is_watched && watched_fault != FAULTY_DISK_NONE && watched_fault != FAULTY_DISK_UNREADABLE) {
    int matters = watched_fault == FAULTY_DISK_TORN || is_sync == (watched_fault == FAULTY_DISK_SYNC);
    if (matters && countdown-- <= 0) {
      // A failed fsync happens once; the other faults last until they are turned off.
      if (watched_fault != FAULTY_DISK_SYNC || failures == 0) fault = watched_fault;
      if (fault != FAULTY_DISK_NONE) failures++;
    }
  }
  pthread_mutex_unlock(&lock);
  return fault;
}

int is_any_fault(void) {
  pthread_mutex_lock(&lock);
  int is_any = watched_fault != FAULTY_DISK_NONE;
  pthread_mutex_unlock(&lock);
  return is_any;
}

int is_power_gone(void) {
  pthread_mutex_lock(&lock);
  int is_gone = watched_fault == FAULTY_DISK_TORN && failures > 0;
  pthread_mutex_unlock(&lock);
  return is_gone;
}

int is_unreadable(off_t offset, size_t count) {
  pthread_mutex_lock(&lock);
  off_t page = (off_t)countdown * 4096;
  int is_hit =
    watched_fault == FAULTY_DISK_UNREADABLE && offset < page + 4096 && page < offset + (off_t)count;
  if (is_hit) failures++;
  pthread_mutex_unlock(&lock);
  return is_hit;
}

void faulty_disk_fail(enum faulty_disk_fault fault, int count) {
  pthread_mutex_lock(&lock);
  watched_fault = fault;
  countdown = count;
  failures = 0;
  pthread_mutex_unlock(&lock);
}

int faulty_disk_failures(void) {
  pthread_mutex_lock(&lock);
  int count = failures;
  pthread_mutex_unlock(&lock);
  return count;
}
