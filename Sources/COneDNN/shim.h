// oneDNN 2.6 primitives: the C library as Swift imports it.
#pragma once

#include <oneapi/dnnl/dnnl.h>
