// The upsampled 3×3 convolution to one or a few channels. Vectors of output channels would be
// nearly empty, so here the lanes are pixels: the source is transposed to planes on the way, the
// nine taps of an output channel are nine sums over its channels, and the planes of taps are added
// up, shifted, straight into the box sums of the four parities.
#pragma once

#include "convolution_passes.h"
#include "flat_passes.h"
#include "transpose_passes.h"

// Vectors of pixels whose nine sums fit the registers.
#if VECTOR_FLOATS == 16
enum { pixel_vectors = 3 };
#else
enum { pixel_vectors = 1 };
#endif

enum { pixels_at_once = pixel_vectors * lanes, taps = 9, thin_size_max = 32 };

// planes[channel][pixel] = up to pixels_at_once pixels, normalised; zeros behind the last pixel.
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
    for (int64_t first = 0; first < pixels_at_once; first += lanes) {
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
      for (int i = 0; i < n; i++) store(planes + (c + i) * pixels_at_once + first, v[i]);
    }
  }
}

// sums[tap][pixel] = the sum over channels of planes times the weights of one output channel.
static void sum_taps(const float *planes, const float *weights, int64_t channels,
                     int64_t plane_count, float *sums, ahead *next) {
  products sum[taps][pixel_vectors];
#pragma clang loop unroll(full)
  for (int t = 0; t < taps; t++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < pixel_vectors; j++) sum[t][j] = (products){0};
  }
  const char *read = next->read, *write = next->write;
  int64_t read_step = next->read_step, write_step = next->write_step;
  for (int64_t c = 0; c < channels; c++) {
    __builtin_prefetch(read, 0, 3);
    read += read_step;
    __builtin_prefetch(write, 1, 3);
    write += write_step;
    vec x[pixel_vectors];
#pragma clang loop unroll(full)
    for (int j = 0; j < pixel_vectors; j++) x[j] = load(planes + c * pixels_at_once + j * lanes);
#pragma clang loop unroll(full)
    for (int t = 0; t < taps; t++) {
      vec w = splat(weights[c * taps + t]);
#pragma clang loop unroll(full)
      for (int j = 0; j < pixel_vectors; j++) add_product(&sum[t][j], w, x[j]);
    }
  }
  advance(next, read, write);
#pragma clang loop unroll(full)
  for (int t = 0; t < taps; t++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < pixel_vectors; j++) {
      store(sums + t * plane_count + j * lanes, as_floats(&sum[t][j]));
    }
  }
}

// The sum of three tap rows (of two, where the third is missing) from element j on; zero from `size`
// on.
INLINE vec column_sum(const float *const rows[3], int64_t j, int64_t size) {
  vec sum = load(rows[0] + j) + load(rows[1] + j);
  if (rows[2]) sum += load(rows[2] + j);
  if (size - j >= lanes) return sum;
#define INDEX(i, s) (i)
  const ivec index = {EVERY_LANE(INDEX, 0)};
#undef INDEX
  return (vec)((ivec)sum & (index < (int32_t)(size - j)));
}

// One row of one output channel: for each kernel column, its three tap rows are added up; then each
// parity of the output column takes three of these, one of them a pixel aside.
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

// dst[pixel][output] = lines of `apart` floats, of which `count` are pixels.
static void interleave_lines(const float *lines, int64_t apart, int64_t count, int64_t out,
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
    vec a = load(lines + u), b = load(lines + apart + u), c = load(lines + 2 * apart + u);
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
    for (int64_t o = 0; o < out; o++) dst[u * out + o] = lines[o * apart + u];
  }
}

// One image from its planes of taps, [output][tap][plane_count]; lines are room for one row of each
// output channel.
static void add_thin_rows(const float *sums, int64_t plane_count, const float *bias, int64_t size,
                          int64_t out, float *lines, float *dst) {
  for (int64_t row = 0; row < 2 * size; row++) {
    int64_t i = row / 2, odd = row & 1;
    // An even row has tap rows 0 and 1 of its pixel row and 2 of the one above; an odd row has
    // 1 and 2 of its pixel row and 0 of the one below.
    int64_t aside = odd ? i + 1 : i - 1;
    bool exists = aside >= 0 && aside < size;
    for (int64_t o = 0; o < out; o++) {
      const float *t = sums + o * taps * plane_count;
      const float *rows[3][3];
      for (int s = 0; s < 3; s++) {
        rows[s][0] = t + ((odd ? 1 : 0) * 3 + s) * plane_count + i * size;
        rows[s][1] = t + ((odd ? 2 : 1) * 3 + s) * plane_count + i * size;
        rows[s][2] = exists ? t + ((odd ? 0 : 2) * 3 + s) * plane_count + aside * size : NULL;
      }
      add_taps(rows, size, splat(bias[o]), lines + o * 2 * (thin_size_max + lanes));
    }
    interleave_lines(lines, 2 * (thin_size_max + lanes), 2 * size, out, dst + row * 2 * size * out);
  }
}

// One image from its planes of taps to dst, or with an error no further than to `outcome`, room for
// it in scratch memory.
static void finish_thin_image(const float *sums, int64_t plane_count, const float *bias,
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

static void thin_upsampled_forward(const ck_convolution *shape, const float *src,
                                   const ck_norm *norm, const float *weights, const float *bias,
                                   float *dst, const ck_error *error, float *scratch) {
  int64_t size = shape->out_size, pixels = size * size;
  int64_t in = shape->out_channels, out = shape->in_channels;
  int64_t src_count = pixels * in, dst_count = 4 * pixels * out;
  int64_t plane_count = (pixels + pixels_at_once - 1) / pixels_at_once * pixels_at_once + lanes;
  float *planes = take(&scratch, in * pixels_at_once);
  float *sums = take(&scratch, out * taps * plane_count);
  float *lines = take(&scratch, out * 2 * (thin_size_max + lanes));
  float *outcome = take(&scratch, dst_count);
  int64_t rounds = (pixels + pixels_at_once - 1) / pixels_at_once * out * in;
  int64_t end = ck_part_start(shape, shape->behind_part);
  for (int64_t image = ck_part_start(shape, shape->first_part); image < end; image++) {
    const float *x = src + image * src_count;
    ahead next = look_ahead(
        rounds, stretch_of(src, image + 1, 1, end, src_count),
        stretch_of(error ? error->target : NULL, image + 1, 1, end, dst_count),
        (stretch){0},
        stretch_of(error ? error->diff : dst, image + 1, 1, end, dst_count));
    for (int64_t p = 0; p < pixels; p += pixels_at_once) {
      transpose_pixels(x + p * in, norm, pixels - p, in, planes);
      for (int64_t o = 0; o < out; o++) {
        sum_taps(planes, weights + o * in * taps, in, plane_count,
                 sums + o * taps * plane_count + p, &next);
      }
    }
    finish_thin_image(sums, plane_count, bias, size, out, lines, outcome, image, dst, error);
  }
}
