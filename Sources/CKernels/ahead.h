// Prefetching of what the next images need while a product multiplies: each multiply-add loop asks
// for a few bytes a round, so that memory works while the registers do.
#pragma once

#include "CKernels.h"
#include "vectors.h"

// Memory that is to be in cache soon.
typedef struct stretch {
  const void *start;
  int64_t bytes;
} stretch;

enum { stretches_max = 3 };

// What to ask for: some stretches to be read, one after the other, and one to be written.
typedef struct ahead {
  const char *read, *write;
  int64_t read_step, write_step;
  const char *read_end;
  stretch stretches[stretches_max];
  int used;
} ahead;

// The next stretch to be read; behind the last one, nothing more is asked for.
static void next_stretch(ahead *next) {
  if (next->used < stretches_max && next->stretches[next->used].bytes > 0) {
    stretch s = next->stretches[next->used++];
    next->read = s.start;
    next->read_end = next->read + s.bytes;
  } else {
    next->read_step = 0;
    next->read_end = (const char *)UINTPTR_MAX;
  }
}

// Plans to ask for all of it within so many rounds.
static ahead look_ahead(int64_t rounds, stretch a, stretch b, stretch c, stretch written) {
  // An address that nothing lies at would be looked up in vain every time.
  ahead next = {.stretches = {a, b, c}, .write = written.bytes > 0 ? written.start : a.start};
  int64_t bytes = 0;
  for (int i = 0; i < stretches_max; i++) bytes += next.stretches[i].bytes;
  next.read = a.start;
  next.read_step = bytes / rounds + 1;
  next.write_step = written.bytes / rounds + (written.bytes > 0);
  next_stretch(&next);
  return next;
}

// Nothing to ask for but what is in cache anyway.
INLINE ahead look_nowhere(const void *near) {
  return (ahead){.read = near, .write = near, .read_end = (const char *)UINTPTR_MAX};
}

// Takes notice of how far a loop has asked.
INLINE void advance(ahead *next, const char *read, const char *write) {
  next->read = read;
  next->write = write;
  if (read >= next->read_end) next_stretch(next);
}
