// What threads that work together need and Swift's Glibc module does not offer.
#define _GNU_SOURCE
#include <pthread.h>

#include "CKernels.h"

void ck_name_thread(const char *name) { (void)pthread_setname_np(pthread_self(), name); }
