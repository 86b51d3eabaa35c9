// SHA-256 by the processor's own instructions.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Whether this processor has the instructions (SHA, SSSE3, SSE4.1).
int cs_sha256_is_fast(void);

// Updates the eight words of a running digest with whole blocks of 64 bytes (FIPS 180-4, section
// 6.2.2). Call it only if cs_sha256_is_fast().
void cs_sha256_blocks(uint32_t *state, const uint8_t *bytes, size_t block_count);
