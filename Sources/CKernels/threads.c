// A call that Swift's Glibc module lacks.
#define _GNU_SOURCE
#include <pthread.h>

#include "CKernels.h"

void ck_name_thread(const char *name) { (void)pthread_setname_np(pthread_self(), name); }
