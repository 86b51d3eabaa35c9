// Inflating and CRC-32: the C library as Swift imports it.
#pragma once

#include <zlib.h>
