// What threads that work together need and Swift does not offer.
#define _GNU_SOURCE
#include <pthread.h>

#include "CKernels.h"

void ck_name_thread(const char *name) { (void)pthread_setname_np(pthread_self(), name); }

typedef __attribute__((swiftcall)) void (*function)(
    int64_t argument, __attribute__((swift_context)) const void *context);

__attribute__((swiftcall)) void ck_keep_closure(const void *function, const void *context,
                                                const void **kept) {
  kept[0] = function;
  kept[1] = context;
}

void ck_call_closure(const void *const *kept, int64_t argument) {
  ((function)kept[0])(argument, kept[1]);
}
