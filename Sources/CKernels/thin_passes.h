// The upsampled 3×3 convolution to at most four channels. Vectors of output channels would be
// nearly empty, so the lanes are pixels here. The source is transposed to one plane per channel.
// Each of the nine taps of an output channel is a plane, the sum over source channels. The nine
// planes, shifted, are added up to the box sums of the four parities of row and column.
#pragma once

#include "convolution_passes.h"
#include "flat_passes.h"
#include "transpose_passes.h"

// Vectors of pixels per block, so that their nine sums fit the registers.
#if VECTOR_FLOATS == 16
enum { pixel_vectors = 3 };
#else
enum { pixel_vectors = 1 };
#endif

enum { thin_block_pixels = pixel_vectors * lanes, taps = 9, thin_size_max = 32 };

// Floats of one tap plane: whole blocks, and a vector more because column_sum reads beyond a row.
INLINE int64_t plane_floats(int64_t pixels) {
  return (pixels + thin_block_pixels - 1) / thin_block_pixels * thin_block_pixels + lanes;
}

// planes[channel][pixel] = a block of up to thin_block_pixels pixels, normalised; zeros behind the
// last pixel.
static void transpose_pixels(const float *src, const ck_norm *norm, int64_t pixels,
                             int64_t channels, float *planes) {
  for (int64_t c = 0; c < channels; c += lanes) {
    int64_t n = channels - c < lanes ? channels - c : lanes;
    vec mean = {0}, scale = splat(1), shift = {0};
    if (norm) {
      mean = load_part(norm->mean + c, n);
      scale = load_part(norm->scale + c, n);
      shift = load_part(norm->shift + c, n);
    }
    for (int64_t first = 0; first < thin_block_pixels; first += lanes) {
      vec v[lanes];
      const float *x = src + first * channels + c;
      if (n == lanes && first + lanes <= pixels) {
#pragma clang loop unroll(full)
        for (int i = 0; i < lanes; i++) v[i] = (load(x + i * channels) - mean) * scale + shift;
      } else {
        for (int i = 0; i < lanes; i++) {
          v[i] = (vec){0};
          if (first + i < pixels) v[i] = (load_part(x + i * channels, n) - mean) * scale + shift;
        }
      }
      transpose_lanes(v);
      for (int i = 0; i < n; i++) store(planes + (c + i) * thin_block_pixels + first, v[i]);
    }
  }
}

// sums[tap][pixel] = the sum over source channels of planes * weights, for one output channel.
static void sum_taps(const float *planes, const float *weights, int64_t channels,
                     int64_t plane_count, float *sums, prefetcher *prefetch) {
  accumulator sum[taps][pixel_vectors];
#pragma clang loop unroll(full)
  for (int t = 0; t < taps; t++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < pixel_vectors; j++) sum[t][j] = (accumulator){0};
  }
  prefetch_cursor cursor = prefetch->cursor;
  for (int64_t c = 0; c < channels; c++) {
    prefetch_step(&cursor);
    vec x[pixel_vectors];
#pragma clang loop unroll(full)
    for (int j = 0; j < pixel_vectors; j++) x[j] = load(planes + c * thin_block_pixels + j * lanes);
#pragma clang loop unroll(full)
    for (int t = 0; t < taps; t++) {
      vec w = splat(weights[c * taps + t]);
#pragma clang loop unroll(full)
      for (int j = 0; j < pixel_vectors; j++) multiply_add(&sum[t][j], w, x[j]);
    }
  }
  prefetch_continue(prefetch, cursor);
#pragma clang loop unroll(full)
  for (int t = 0; t < taps; t++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < pixel_vectors; j++) {
      store(sums + t * plane_count + j * lanes, accumulator_floats(&sum[t][j]));
    }
  }
}

// The sum of three tap rows, or of two if the third is null, from element j on; zero from element
// `size` on.
INLINE vec column_sum(const float *const rows[3], int64_t j, int64_t size) {
  vec sum = load(rows[0] + j) + load(rows[1] + j);
  if (rows[2]) sum += load(rows[2] + j);
  if (size - j >= lanes) return sum;
#define INDEX(i, s) (i)
  const ivec index = {EVERY_LANE(INDEX, 0)};
#undef INDEX
  return (vec)((ivec)sum & (index < (int32_t)(size - j)));
}

// One row of one output channel: adds up the three tap rows of each kernel column, then combines
// the three columns for even and odd output columns, one of them shifted by a pixel.
INLINE void add_taps(const float *const rows[3][3], int64_t size, vec bias, float *line) {
#define BEHIND(i, s) ((i) + 1)
#define BEFORE(i, s) (lanes - 1 + (i))
#define LEFT(i, s) (((i) & 1) ? lanes + (i) / 2 : (i) / 2)
#define RIGHT(i, s) (((i) & 1) ? lanes + lanes / 2 + (i) / 2 : lanes / 2 + (i) / 2)
  vec a = column_sum(rows[0], 0, size), last = {0};
  for (int64_t j = 0; j < size; j += lanes) {
    vec b = column_sum(rows[1], j, size), c = column_sum(rows[2], j, size), next = {0};
    if (j + lanes < size) next = column_sum(rows[0], j + lanes, size);
    vec even = bias + (a + b + __builtin_shufflevector(last, c, EVERY_LANE(BEFORE, 0)));
    vec odd = bias + (__builtin_shufflevector(a, next, EVERY_LANE(BEHIND, 0)) + b + c);
    store(line + 2 * j, __builtin_shufflevector(even, odd, EVERY_LANE(LEFT, 0)));
    store(line + 2 * j + lanes, __builtin_shufflevector(even, odd, EVERY_LANE(RIGHT, 0)));
    a = next;
    last = c;
  }
#undef BEHIND
#undef BEFORE
#undef LEFT
#undef RIGHT
}

// dst[pixel][output] = lines[output][pixel]; a line has `stride` floats, of which `count` are
// pixels.
static void interleave_lines(const float *lines, int64_t stride, int64_t count, int64_t out,
                             float *dst) {
  int64_t u = 0;
// Element i of the v-th vector of three that hold `lanes` pixels of three channels.
#define FLAT(i, v) ((v) * lanes + (i))
#define FIRST_TWO(i, v) (FLAT(i, v) % 3 == 1 ? lanes + FLAT(i, v) / 3 : FLAT(i, v) / 3)
#define THIRD(i, v) (FLAT(i, v) % 3 == 2 ? lanes + FLAT(i, v) / 3 : (i))
#define STORE(v)                                                                              \
  store(dst + 3 * u + (v) * lanes,                                                            \
        __builtin_shufflevector(__builtin_shufflevector(a, b, EVERY_LANE(FIRST_TWO, v)), c, \
                                EVERY_LANE(THIRD, v)))
  for (; out == 3 && u + lanes <= count; u += lanes) {
    vec a = load(lines + u), b = load(lines + stride + u), c = load(lines + 2 * stride + u);
    STORE(0);
    STORE(1);
    STORE(2);
  }
#undef STORE
#undef THIRD
#undef FIRST_TWO
#undef FLAT
  for (; out == 1 && u + lanes <= count; u += lanes) store(dst + u, load(lines + u));
  for (; u < count; u++) {
    for (int64_t o = 0; o < out; o++) dst[u * out + o] = lines[o * stride + u];
  }
}

// Makes one image from its tap planes, [output][tap][plane_count]; `lines` is scratch memory for
// one row of each output channel.
static void add_thin_rows(const float *sums, int64_t plane_count, const float *bias, int64_t size,
                          int64_t out, float *lines, float *dst) {
  for (int64_t row = 0; row < 2 * size; row++) {
    int64_t i = row / 2, odd = row & 1;
    // An even row sums tap rows 0 and 1 of source row i and 2 of the row above; an odd row sums 1
    // and 2 of source row i and 0 of the row below.
    int64_t neighbour = odd ? i + 1 : i - 1;
    bool exists = neighbour >= 0 && neighbour < size;
    for (int64_t o = 0; o < out; o++) {
      const float *t = sums + o * taps * plane_count;
      const float *rows[3][3];
      for (int s = 0; s < 3; s++) {
        rows[s][0] = t + ((odd ? 1 : 0) * 3 + s) * plane_count + i * size;
        rows[s][1] = t + ((odd ? 2 : 1) * 3 + s) * plane_count + i * size;
        rows[s][2] = exists ? t + ((odd ? 0 : 2) * 3 + s) * plane_count + neighbour * size : NULL;
      }
      add_taps(rows, size, splat(bias[o]), lines + o * 2 * (thin_size_max + lanes));
    }
    interleave_lines(lines, 2 * (thin_size_max + lanes), 2 * size, out, dst + row * 2 * size * out);
  }
}

// Makes one image from its tap planes: writes it to dst or, if `error` is given, to `outcome` in
// scratch memory and from there takes the error.
static void thin_epilogue(const float *sums, int64_t plane_count, const float *bias,
                              int64_t size, int64_t out, float *lines, float *outcome,
                              int64_t image, float *dst, const ck_error *error) {
  int64_t count = 4 * size * size * out, first = image * count;
  add_thin_rows(sums, plane_count, bias, size, out, lines, error ? outcome : dst + first);
  if (!error) return;
  error_targets to = {
      .reconstruction = error->reconstruction ? error->reconstruction + first : NULL,
      .diff = error->diff ? error->diff + first : NULL};
  error->squared_errors[image] = sigmoid_error_run(outcome, error->target + first, count, to);
}

static void thin_upsampled_forward(const ck_convolution *layer, const float *src,
                                   const ck_norm *norm, const float *weights, const float *bias,
                                   float *dst, const ck_error *error, float *scratch) {
  int64_t size = layer->in_size, pixels = size * size;
  int64_t in = layer->in_channels, out = layer->out_channels;
  int64_t src_count = pixels * in, dst_count = 4 * pixels * out;
  int64_t plane_count = plane_floats(pixels);
  float *planes = take(&scratch, in * thin_block_pixels);
  float *sums = take(&scratch, out * taps * plane_count);
  float *lines = take(&scratch, out * 2 * (thin_size_max + lanes));
  float *outcome = take(&scratch, dst_count);
  int64_t iterations = (pixels + thin_block_pixels - 1) / thin_block_pixels * out * in;
  int64_t end = ck_part_start(layer, layer->end_part);
  for (int64_t image = ck_part_start(layer, layer->first_part); image < end; image++) {
    const float *x = src + image * src_count;
    image_array targets = fp32_images(error ? error->target : NULL, dst_count);
    image_array written = fp32_images(error ? error->diff : dst, dst_count);
    prefetcher prefetch = prefetch_ranges(
        iterations, images_range(fp32_images(src, src_count), image + 1, 1, end),
        images_range(targets, image + 1, 1, end), (memory_range){0},
        images_range(written, image + 1, 1, end));
    for (int64_t p = 0; p < pixels; p += thin_block_pixels) {
      transpose_pixels(x + p * in, norm, pixels - p, in, planes);
      for (int64_t o = 0; o < out; o++) {
        sum_taps(planes, weights + o * in * taps, in, plane_count,
                 sums + o * taps * plane_count + p, &prefetch);
      }
    }
    thin_epilogue(sums, plane_count, bias, size, out, lines, outcome, image, dst, error);
  }
}
