// What happens to a result while it is in registers.
#pragma once

#include "CKernels.h"
#include "vectors.h"

// What a product does with a result before it leaves the registers.
typedef enum finish_kind {
  finish_plain,
  // leaky(bias + result).
  finish_activated,
  // The sums of the result, a gradient, and of its products with src - mean.
  finish_differentiated
} finish_kind;

// The numbers for it. Sums are fp32 within a tile and double beyond, and have room for a whole
// vector behind the last channel.
typedef struct finish {
  const float *bias;
  float slope;
  const float *src, *mean;
  double *sum, *dot;
} finish;

// Two sums per channel, with room for a whole vector behind the last.
typedef struct channel_totals {
  double sum[ck_channels_max + lanes], dot[ck_channels_max + lanes];
} channel_totals;

static void clear_totals(channel_totals *totals, int64_t channels) {
  memset(totals->sum, 0, (size_t)(channels + lanes) * sizeof(double));
  memset(totals->dot, 0, (size_t)(channels + lanes) * sizeof(double));
}

// Copies the totals of a part to where the caller wants them.
static void store_sums(const channel_totals *totals, int64_t channels, int64_t part,
                       const ck_gradient_sums *sums) {
  int64_t offset = 2 * part * channels;
  memcpy(sums->sum + offset, totals->sum, (size_t)channels * sizeof(double));
  memcpy(sums->dot + offset, totals->dot, (size_t)channels * sizeof(double));
}

static void store_bias(const channel_totals *totals, int64_t channels, int64_t part,
                       double *diff_bias) {
  memcpy(diff_bias + part * channels, totals->sum, (size_t)channels * sizeof(double));
}
