// Software prefetching: each iteration of a gemm's multiply-add loop requests a few bytes that the
// next images need, so that memory is read while the arithmetic runs.
#pragma once

#include "CKernels.h"
#include "vectors.h"

// A range of memory to prefetch.
typedef struct memory_range {
  const void *start;
  int64_t bytes;
} memory_range;

// Images of one size that lie one behind the other; start is null if a pass does not use them.
typedef struct image_array {
  const void *start;
  int64_t image_bytes;
} image_array;

INLINE image_array fp32_images(const float *start, int64_t image_count) {
  return (image_array){start, 4 * image_count};
}

INLINE image_array bf16_images(const float *start, int64_t image_count) {
  return (image_array){start, 2 * image_count};
}

// The memory of `count` images from `first` on; empty from image `end` on.
INLINE memory_range images_range(image_array images, int64_t first, int64_t count, int64_t end) {
  if (!images.start || first >= end) return (memory_range){images.start, 0};
  if (count > end - first) count = end - first;
  return (memory_range){(const char *)images.start + first * images.image_bytes,
                        count * images.image_bytes};
}

enum { prefetch_ranges_max = 3 };

// The next addresses to prefetch, and how far each loop iteration moves them.
typedef struct prefetch_cursor {
  const char *read, *write;
  int64_t read_step, write_step;
} prefetch_cursor;

// Ranges to prefetch for reading, one after the other, and one for writing.
typedef struct prefetcher {
  prefetch_cursor cursor;
  const char *read_end;
  memory_range ranges[prefetch_ranges_max];
  int used;
} prefetcher;

// Goes on to the next range to read, if there is one; else stays at the last address.
static void prefetch_next_range(prefetcher *prefetch) {
  if (prefetch->used < prefetch_ranges_max && prefetch->ranges[prefetch->used].bytes > 0) {
    memory_range range = prefetch->ranges[prefetch->used++];
    prefetch->cursor.read = range.start;
    prefetch->read_end = prefetch->cursor.read + range.bytes;
  } else {
    prefetch->cursor.read_step = 0;
    prefetch->read_end = (const char *)UINTPTR_MAX;
  }
}

// Spreads the prefetching of all ranges over that many loop iterations.
static prefetcher prefetch_ranges(int64_t iterations, memory_range a, memory_range b,
                                  memory_range c, memory_range written) {
  prefetcher prefetch = {.ranges = {a, b, c}};
  int64_t bytes = 0;
  for (int i = 0; i < prefetch_ranges_max; i++) bytes += prefetch.ranges[i].bytes;
  prefetch.cursor = (prefetch_cursor){
      .read = a.start,
      // An unmapped address would cost a TLB miss per prefetch.
      .write = written.bytes > 0 ? written.start : a.start,
      .read_step = bytes / iterations + 1,
      .write_step = written.bytes / iterations + (written.bytes > 0),
  };
  prefetch_next_range(&prefetch);
  return prefetch;
}

// Requests only `near`, which is in cache already.
INLINE prefetcher prefetch_nothing(const void *near) {
  return (prefetcher){.cursor = {.read = near, .write = near},
                      .read_end = (const char *)UINTPTR_MAX};
}

// Prefetches what a forward pass takes for the `count` images from `first` on: its source, and the
// destination that it writes.
static prefetcher prefetch_forward(int64_t iterations, image_array src, image_array dst,
                                   int64_t first, int64_t count, int64_t end) {
  return prefetch_ranges(iterations, images_range(src, first, count, end), (memory_range){0},
                         (memory_range){0}, images_range(dst, first, count, end));
}

// Prefetches what a backward pass takes for the `count` images from `first` on: its source, the
// gradient of its destination, the source of the norm behind it, and the gradient that it writes.
static prefetcher prefetch_backward(int64_t iterations, image_array src, image_array diff_dst,
                                    image_array norm_src, image_array diff_src, int64_t first,
                                    int64_t count, int64_t end) {
  return prefetch_ranges(
      iterations, images_range(src, first, count, end), images_range(diff_dst, first, count, end),
      images_range(norm_src, first, count, end), images_range(diff_src, first, count, end));
}

// One loop iteration's requests.
INLINE void prefetch_step(prefetch_cursor *cursor) {
  __builtin_prefetch(cursor->read, 0, 3);
  cursor->read += cursor->read_step;
  __builtin_prefetch(cursor->write, 1, 3);
  cursor->write += cursor->write_step;
}

// Continues where a loop's cursor stopped.
INLINE void prefetch_continue(prefetcher *prefetch, prefetch_cursor cursor) {
  prefetch->cursor = cursor;
  if (cursor.read >= prefetch->read_end) prefetch_next_range(prefetch);
}
