// Elementwise passes over arrays whose spatial structure does not matter.
#pragma once

#include "CKernels.h"
#include "vectors.h"

// The destinations of the reconstruction and of the squared error's gradient; each may be null.
typedef struct error_targets {
  float *reconstruction, *diff;
} error_targets;

// Takes n elements and returns reconstruction - target.
INLINE vec sigmoid_error_block(const float *src, const float *target, int64_t n,
                               error_targets to) {
  vec e = exponential(-load_part(src, n));
  vec x = 1.0f / (1.0f + e);
  vec d = x - load_part(target, n);
  if (to.reconstruction) store_part(to.reconstruction, x, n);
  // e * x is 1 - x without the cancellation.
  if (to.diff) store_part(to.diff, 2.0f * d * x * (e * x), n);
  return d;
}

// The squared error of `count` elements.
static double sigmoid_error_run(const float *src, const float *target, int64_t count,
                                error_targets to) {
  // fp32 sums take few terms, so that a large image's error is as exact as a small one's.
  enum { block = 32 * lanes };
  double error = 0;
  vec sum = {0};
  int64_t j = 0;
#define AT(j)                                                         \
  (error_targets) {                                                   \
    .reconstruction = to.reconstruction ? to.reconstruction + (j) : NULL, \
    .diff = to.diff ? to.diff + (j) : NULL                            \
  }
  for (; j + lanes <= count; j += lanes) {
    vec d = sigmoid_error_block(src + j, target + j, lanes, AT(j));
    sum += d * d;
    if ((j + lanes) % block == 0) {
      error += sum_of_lanes(sum);
      sum = (vec){0};
    }
  }
  if (j < count) {
    vec d = sigmoid_error_block(src + j, target + j, count - j, AT(j));
    for (int64_t k = 0; k < count - j; k++) error += (double)d[k] * d[k];
  }
#undef AT
  return error + sum_of_lanes(sum);
}

static void sigmoid_error(const float *src, const float *target, int64_t images, int64_t count,
                          float *reconstruction, float *diff_src, double *squared_errors) {
  for (int64_t image = 0; image < images; image++) {
    int64_t first = image * count;
    error_targets to = {.reconstruction = reconstruction ? reconstruction + first : NULL,
                        .diff = diff_src ? diff_src + first : NULL};
    squared_errors[image] = sigmoid_error_run(src + first, target + first, count, to);
  }
}

static void channel_sums(const float *src, int64_t images, int64_t pixels, int64_t channels,
                         double *sums) {
  // Three vectors hold whole pixels of 1 or 3 channels, so that each lane stays with one channel.
  enum { chains = 3 };
  int whole_pixels = chains * lanes % channels == 0;
  for (int64_t c = 0; c < channels; c++) sums[c] = 0;
  for (int64_t image = 0; image < images; image++) {
    const float *x = src + image * pixels * channels;
    int64_t count = pixels * channels, j = 0;
    if (whole_pixels) {
      vec sum[chains] = {{0}, {0}, {0}};
      for (; j + chains * lanes <= count; j += chains * lanes) {
        for (int k = 0; k < chains; k++) sum[k] += load(x + j + k * lanes);
      }
      for (int k = 0; k < chains * lanes; k++) {
        sums[k % channels] += sum[k / lanes][k % lanes];
      }
    }
    for (; j < count; j++) sums[j % channels] += x[j];
  }
}

static void leaky_backward(const float *dst, float slope, int64_t count, float *diff) {
  int64_t j = 0;
  for (; j + lanes <= count; j += lanes) {
    vec d = load(diff + j);
    store(diff + j, select_positive(load(dst + j), d, d * slope));
  }
  for (; j < count; j++) diff[j] *= dst[j] > 0 ? 1.0f : slope;
}

INLINE void adam_block(float *parameters, const float *gradients, float *m, float *v, int64_t n,
                       float rate, float decay1, float share1, float decay2, float share2,
                 float root_scale, float epsilon) {
  vec g = load_part(gradients, n);
  vec first = decay1 * load_part(m, n) + share1 * g;
  vec second = decay2 * load_part(v, n) + share2 * (g * g);
  store_part(m, first, n);
  store_part(v, second, n);
  vec root = __builtin_elementwise_sqrt(second) * root_scale + epsilon;
  store_part(parameters, load_part(parameters, n) - rate * first / root, n);
}

static void adam(float *parameters, const float *gradients, float *m, float *v, int64_t count,
                 float rate, float decay1, float share1, float decay2, float share2,
                 float root_scale, float epsilon) {
  int64_t j = 0;
  for (; j + lanes <= count; j += lanes) {
    adam_block(parameters + j, gradients + j, m + j, v + j, lanes, rate, decay1, share1, decay2,
               share2, root_scale, epsilon);
  }
  if (j < count) {
    adam_block(parameters + j, gradients + j, m + j, v + j, count - j, rate, decay1, share1, decay2,
               share2, root_scale, epsilon);
  }
}
