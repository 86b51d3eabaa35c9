// oneDNN 2.6 primitives: the C library as Swift imports it.
#pragma once

#include <oneapi/dnnl/dnnl.h>

// From OpenMP's run-time library, which oneDNN computes on; its header comes with the compiler
// and is not always installed.
extern void omp_set_num_threads(int count);
