// SHA-256 and random bytes: the C library as Swift imports it.
#pragma once

#include <sodium.h>
