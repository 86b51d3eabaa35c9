// The upsampled convolution of thin_passes.h for bf16 activations: a plane holds a pair of
// channels.
#pragma once

#include "bf16_convolutions.h"
#include "../thin_passes.h"

enum { pairs_max = ck_channels_max / 2 + lanes };

// A norm as scale * x + shift, for even [0] and odd [1] channels.
typedef struct paired_norm {
  float scale[2][pairs_max], shift[2][pairs_max];
} paired_norm;

static void pair_norm(const ck_norm *norm, int64_t channels, paired_norm *paired) {
  memset(paired, 0, sizeof *paired);
  for (int64_t c = 0; c < channels; c++) {
    paired->scale[c & 1][c / 2] = norm->scale[c];
    paired->shift[c & 1][c / 2] = norm->shift[c] - norm->mean[c] * norm->scale[c];
  }
}

// planes[pair of channels][pixel] = a block of up to thin_block_pixels pixels, normalised; some
// finite numbers behind the last pixel.
static void transpose_pairs(const bf16 *src, const paired_norm *norm, int64_t pixels,
                            int64_t channels, uint32_t *planes) {
  for (int64_t c = 0; c < channels; c += 2 * lanes) {
    int64_t n = channels - c < 2 * lanes ? channels - c : 2 * lanes;
    vec scale[2], shift[2];
    for (int half = 0; half < 2; half++) {
      scale[half] = load(norm->scale[half] + c / 2);
      shift[half] = load(norm->shift[half] + c / 2);
    }
    for (int64_t first = 0; first < thin_block_pixels; first += lanes) {
      vec v[lanes];
      const bf16 *x = src + first * channels + c;
#define NORMALIZED(two)                                                \
  (vec) pair_up((vec)((two) << 16) * scale[0] + shift[0],              \
                (vec)((two) & 0xffff0000u) * scale[1] + shift[1])
      if (n == 2 * lanes && first + lanes <= pixels) {
#pragma clang loop unroll(full)
        for (int i = 0; i < lanes; i++) v[i] = NORMALIZED(load_pairs(x + i * channels));
      } else {
        for (int i = 0; i < lanes; i++) {
          pairs two = {0};
          if (first + i < pixels) memcpy(&two, x + i * channels, (size_t)n * sizeof(bf16));
          v[i] = NORMALIZED(two);
        }
      }
#undef NORMALIZED
      transpose_lanes(v);
      for (int i = 0; i < pairs_of(n); i++) {
        store_pairs(planes + (c / 2 + i) * thin_block_pixels + first, (pairs)v[i]);
      }
    }
  }
}

// sums[tap][pixel] = the sum over source channels of planes * weights, for one output channel.
static void sum_paired_taps(const uint32_t *planes, const uint32_t *weights, int64_t count,
                            int64_t plane_count, float *sums) {
  vec sum[taps][pixel_vectors];
#pragma clang loop unroll(full)
  for (int t = 0; t < taps; t++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < pixel_vectors; j++) sum[t][j] = (vec){0};
  }
  for (int64_t k = 0; k < count; k++) {
    pairs x[pixel_vectors];
#pragma clang loop unroll(full)
    for (int j = 0; j < pixel_vectors; j++) {
      x[j] = load_pairs(planes + k * thin_block_pixels + j * lanes);
    }
#pragma clang loop unroll(full)
    for (int t = 0; t < taps; t++) {
      pairs w = splat_pair(weights + k * taps + t);
#pragma clang loop unroll(full)
      for (int j = 0; j < pixel_vectors; j++) sum[t][j] = multiply_add_pairs(sum[t][j], x[j], w);
    }
  }
#pragma clang loop unroll(full)
  for (int t = 0; t < taps; t++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < pixel_vectors; j++) store(sums + t * plane_count + j * lanes, sum[t][j]);
  }
}

// Packs the weights of one output channel, [source channel][tap], in pairs of source channels.
static void pair_taps(const float *weights, int64_t channels, uint32_t *paired) {
  for (int64_t c = 0; c < channels; c += 2) {
    for (int64_t t = 0; t < taps; t++) {
      float second = c + 1 < channels ? weights[(c + 1) * taps + t] : 0;
      paired[c / 2 * taps + t] = pair_up(splat(weights[c * taps + t]), splat(second))[0];
    }
  }
}

static void bf16_thin_upsampled_forward(const ck_convolution *layer, const float *src,
                                        const ck_norm *norm, const float *weights,
                                        const float *bias, float *dst, const ck_error *error,
                                        float *scratch) {
  int64_t size = layer->in_size, pixels = size * size;
  int64_t in = layer->in_channels, out = layer->out_channels;
  int64_t plane_count = plane_floats(pixels);
  uint32_t *planes = take_pairs(&scratch, pairs_of(in) * thin_block_pixels);
  uint32_t *paired = take_pairs(&scratch, out * pairs_of(in) * taps);
  float *sums = take(&scratch, out * taps * plane_count);
  float *lines = take(&scratch, out * 2 * (thin_size_max + lanes));
  float *outcome = take(&scratch, 4 * pixels * out);
  paired_norm coefficients;
  pair_norm(norm, in, &coefficients);
  for (int64_t o = 0; o < out; o++) {
    pair_taps(weights + o * in * taps, in, paired + o * pairs_of(in) * taps);
  }
  int64_t end = ck_part_start(layer, layer->end_part);
  for (int64_t image = ck_part_start(layer, layer->first_part); image < end; image++) {
    const bf16 *x = stored(src) + image * pixels * in;
    for (int64_t p = 0; p < pixels; p += thin_block_pixels) {
      transpose_pairs(x + p * in, &coefficients, pixels - p, in, planes);
      for (int64_t o = 0; o < out; o++) {
        sum_paired_taps(planes, paired + o * pairs_of(in) * taps, pairs_of(in), plane_count,
                        sums + o * taps * plane_count + p);
      }
    }
    thin_epilogue(sums, plane_count, bias, size, out, lines, outcome, image, dst, error);
  }
}
