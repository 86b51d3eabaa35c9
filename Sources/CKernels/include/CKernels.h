// The trainer's elementwise and reducing passes in C, one implementation per instruction set.
//
// Conventions: images are [image][row][column][channel] (NHWC), fp32, without gaps; "pixels" are
// the rows times columns of one image. Sums run in a fixed order, fp32 within an image or less and
// double beyond, so that results depend on neither addresses nor load. No function keeps state,
// allocates or calls another library. Inputs and outputs must not overlap unless said otherwise.
//
// The bf16 tables round what they multiply to bf16 and add up in fp32; weights, biases, their
// gradients, statistics, box sums and the error are fp32 there too. They store activations, the
// images between a leaky ReLU and the batch norm behind it, and the gradients between two
// operations as bf16, two numbers in the room of one float, wherever they are named here by a
// pointer to float. fp32 in every table are pictures (a src without a norm), what has no leaky
// ReLU behind it (dst of thin_upsampled_forward, diff_dst without `through`) and linear layers.
#pragma once

#include <stdint.h>

#pragma clang assume_nonnull begin

/// The most channels that a pass takes.
enum { ck_channels_max = 1024 };

/// The most rows and columns of an image.
enum { ck_size_max = 66 };

/// Rows that a linear pass takes at a time.
enum { ck_rows_max = 64 };

/// The instruction sets that there are kernels for.
typedef enum ck_processor {
  ck_processor_portable,
  ck_processor_avx2,
  ck_processor_avx512,
  ck_processor_avx512_bf16
} ck_processor;

/// The widest instruction set that processor and operating system support.
ck_processor ck_processor_best(void);

/// Vectors that peak_arithmetic works on at once.
enum { ck_peak_chains = 12 };

/// The extents of a convolution, square in image, kernel, stride and padding.
///
/// A batch of `images` is cut into parts of `part` images, the last of which may be smaller. A pass
/// computes the parts from first_part on, before behind_part; several threads may each take some.
/// Every sum over images is taken within a part, and stored for each part of the batch: for part p,
/// the pointers to sums mean the p-th of as many results side by side. Whoever calls adds the parts
/// up, in order, so that a sum does not depend on the threads.
typedef struct ck_convolution {
  int64_t images, in_channels, out_channels, in_size, out_size, kernel, stride, padding;
  int64_t part, first_part, behind_part;
} ck_convolution;

/// The first image of a part, which the part before ends at.
static inline int64_t ck_part_start(const ck_convolution *shape, int64_t part) {
  int64_t start = part * shape->part;
  return start < shape->images ? start : shape->images;
}

/// Output pixels that the passes take together at least, of several images if one has fewer.
enum { ck_pixels_together = 64 };

/// Floats of scratch memory that any pass on these extents needs.
static inline int64_t ck_scratch_count(const ck_convolution *shape) {
  int64_t in = shape->in_size + 2 * shape->padding, out = shape->out_size + 2;
  int64_t pixels = shape->out_size * shape->out_size;
  int64_t group = pixels < ck_pixels_together ? ck_pixels_together / pixels : 1;
  return group * (in * in * shape->in_channels + out * out * shape->out_channels + 64) +
         2 * in * (in * shape->in_channels + out * shape->in_channels) +
         64 * (shape->out_channels + 32 * shape->in_channels) +
         9 * (out * out + 64) * shape->in_channels + in * in * shape->in_channels;
}

/// The same for the passes of the bf16 tables.
static inline int64_t ck_bf16_scratch_count(const ck_convolution *shape) {
  int64_t in = shape->in_size + 2 * shape->padding, out = shape->out_size + 2;
  int64_t paired = 2 * in * in * shape->in_channels + 2 * out * out * shape->out_channels;
  int64_t thin = shape->in_channels * (9 * (out * out + 64) + 5 * shape->out_channels + 128) +
                 24 * (shape->out_channels + 2);
  return paired + thin + 8 * (in + 2) * shape->in_channels + 1024;
}

/// Floats of scratch memory that the passes of a linear layer need.
static inline int64_t ck_linear_scratch_count(int64_t inputs, int64_t outputs) {
  return ck_rows_max * (inputs + outputs + 32);
}

/// A batch norm to apply on the way: (x - mean) * scale + shift, per channel.
typedef struct ck_norm {
  const float *mean, *scale, *shift;
} ck_norm;

/// Per-channel mean and sum of squared deviations from it, over images and pixels.
///
/// Each image is summed twice (its mean, then its deviations); images are combined by the update
/// of Chan, Golub and LeVeque (1983), so a large mean costs no accuracy. Where a pass takes parts
/// of a batch, those of the next part are twice the channels further on.
typedef struct ck_moments {
  double *mean, *squared_deviations;
} ck_moments;

/// Per-channel sums over images and pixels of a gradient and of gradient * (src - mean). Where a
/// pass takes parts of a batch, those of the next part are twice the channels further on.
typedef struct ck_gradient_sums {
  const float *src, *mean;
  double *sum, *dot;
} ck_gradient_sums;

/// The gradient through a batch norm and the leaky ReLU whose output src was normalised:
/// (a * gradient + b * (src - mean) + c) * (src > 0 ? 1 : slope), per channel.
typedef struct ck_norm_gradient {
  const float *src, *mean, *a, *b, *c;
  float slope;
} ck_norm_gradient;

/// What a reconstruction, the sigmoid of an image, is off its target: the squared error of each
/// image, and the gradient of their sum with respect to the sigmoid's source.
///
/// Either of reconstruction and diff may be null and is then not written.
typedef struct ck_error {
  const float *target;
  float *_Nullable reconstruction, *_Nullable diff;
  double *squared_errors;
} ck_error;

/// The passes as compiled for one instruction set.
typedef struct ck_kernels {
  /// Lanes of a vector; weights are packed to a multiple of two vectors of channels.
  int64_t lanes;

  /// Numbers of an activation, or of its gradient, in the room of one float: 1, or 2 in bf16.
  int64_t stored_per_float;

  /// dst = leaky(bias + convolution of src), with src normalised on the way if norm is given and
  /// the moments of dst taken if asked for.
  ///
  /// weights are from pack_forward.
  void (*convolution_forward)(const ck_convolution *shape, const float *src,
                              const ck_norm *_Nullable norm, const float *weights,
                              const float *bias, float slope, float *dst,
                              const ck_moments *_Nullable moments, float *scratch);

  /// The gradients of a convolution with respect to weights, for unpack_gradient, and source.
  ///
  /// diff_weights has room for packed weights, and diff_bias for out_channels, of every part. A
  /// pass that takes the first part adds the weights' gradients of its parts up, in order, in the
  /// first part's run, and uses the second part's as scratch memory.
  /// diff_dst goes through a batch norm and a leaky ReLU first if `through` is given, and
  /// diff_bias receives the per-channel sums behind them. diff_src may be null and is then not
  /// computed; sums are taken of it if asked for. weights are from pack_backward; stride 2.
  void (*convolution_backward)(const ck_convolution *shape, const float *src,
                               const ck_norm *_Nullable norm, const float *diff_dst,
                               const ck_norm_gradient *_Nullable through,
                               const float *_Nullable weights, float *diff_weights,
                               double *diff_bias, float *_Nullable diff_src,
                               const ck_gradient_sums *_Nullable sums, float *scratch);

  /// dst = leaky(bias + the convolution of src upsampled), in the box form.
  ///
  /// shape is the strided convolution from the transposed image to src; weights, turned by 180
  /// degrees, are from its pack_backward.
  void (*upsampled_forward)(const ck_convolution *shape, const float *src,
                            const ck_norm *_Nullable norm, const float *weights,
                            const float *bias, float slope, float *dst,
                            const ck_moments *_Nullable moments, float *scratch);

  /// The gradients of an upsampled convolution, `scale` times those that diff_dst gives; otherwise
  /// as convolution_backward.
  ///
  /// weights are from pack_forward of the same shape; diff_bias, of in_channels for every part, is
  /// not scaled, and is written only if `through` is given.
  void (*upsampled_backward)(const ck_convolution *shape, const float *src,
                             const ck_norm *_Nullable norm, const float *diff_dst,
                             const ck_norm_gradient *_Nullable through, float scale,
                             const float *weights, float *diff_weights, double *diff_bias,
                             float *diff_src, const ck_gradient_sums *_Nullable sums,
                             float *scratch);

  /// dst = bias + the convolution of src upsampled, for 3×3 kernels, sources of at most 32 rows
  /// and at most 4 output channels.
  ///
  /// weights are [output][source channel][9], turned by 180 degrees. With an error, that of the
  /// sigmoid behind is taken while an image is in cache, and dst is not written and may be null.
  void (*thin_upsampled_forward)(const ck_convolution *shape, const float *src,
                                 const ck_norm *_Nullable norm, const float *weights,
                                 const float *bias, float *_Nullable dst,
                                 const ck_error *_Nullable error, float *scratch);

  /// Arranges weights, [out][in][kernel][kernel], for forward directions: as many floats as the
  /// weights have with out_channels rounded up to two vectors.
  void (*pack_forward)(const ck_convolution *shape, const float *weights, float *packed);

  /// Arranges weights for transposed directions: as many floats as the weights have with
  /// in_channels rounded up to two vectors.
  void (*pack_backward)(const ck_convolution *shape, const float *weights, float *packed);

  /// The inverse of pack_forward, for gradients.
  void (*unpack_gradient)(const ck_convolution *shape, const float *packed, float *weights);

  /// dst, [rows][columns], = the product of src, [rows][depth], and a matrix [depth][columns]; with
  /// a bias, leaky(bias + product).
  ///
  /// The matrix is from pack_columns, or its transpose from pack_rows.
  void (*linear_multiply)(int64_t rows, int64_t depth, int64_t columns, const float *src,
                          const float *panels, const float *_Nullable bias, float slope,
                          float *dst, float *scratch);

  /// dst, [depth][columns], = the sum over rows of the outer products of src, [rows][depth], and
  /// other, [rows][columns]; src_sums = the sum over rows of src. Rows of src are `apart` floats
  /// apart, so that a pass may take some of its columns.
  void (*linear_outer)(int64_t rows, int64_t depth, int64_t apart, int64_t columns,
                       const float *src, const float *other, float *dst, float *src_sums,
                       float *scratch);

  /// Arranges a matrix, [rows][columns], with its columns in lanes: as many floats as the matrix
  /// has with columns rounded up to two vectors.
  void (*pack_columns)(const float *src, int64_t rows, int64_t columns, float *panels);

  /// Arranges a matrix, [rows][columns], with its rows in lanes: as many floats as the matrix has
  /// with rows rounded up to two vectors.
  void (*pack_rows)(const float *src, int64_t rows, int64_t columns, float *panels);

  /// The moments of src.
  void (*moments)(const float *src, int64_t images, int64_t pixels, int64_t channels,
                  const ck_moments *moments);

  /// dst = src normalised; dst may be src.
  void (*normalize)(const float *src, int64_t pixels, int64_t channels, const ck_norm *norm,
                    float *dst);

  /// The sums of diff_dst.
  void (*gradient_sums)(const float *diff_dst, int64_t images, int64_t pixels, int64_t channels,
                        const ck_gradient_sums *sums);

  /// diff_src = diff_dst through a batch norm and the leaky ReLU before it; may be diff_dst.
  void (*norm_leaky_backward)(const float *diff_dst, const ck_norm_gradient *norm,
                              int64_t images, int64_t pixels, int64_t channels, float *diff_src);

  /// reconstruction = sigmoid(src), its squared error against target summed per image of `count`
  /// floats, and the gradient of that sum with respect to src.
  ///
  /// Either of reconstruction and diff_src may be null and is then not written; diff_src may be
  /// src.
  void (*sigmoid_error)(const float *src, const float *target, int64_t images, int64_t count,
                        float *_Nullable reconstruction, float *_Nullable diff_src,
                        double *squared_errors);

  /// dst, an activation [image][pixel][channel], = src, [image][channel][pixel] in fp32.
  void (*images_from_rows)(const float *src, int64_t images, int64_t pixels, int64_t channels,
                           float *dst);

  /// dst, [image][channel][pixel] in fp32, = src, an activation [image][pixel][channel].
  void (*rows_from_images)(const float *src, int64_t images, int64_t pixels, int64_t channels,
                           float *dst);

  /// Per-channel sums over all images and pixels.
  void (*channel_sums)(const float *src, int64_t images, int64_t pixels, int64_t channels,
                       double *sums);

  /// diff *= dst > 0 ? 1 : slope, the gradient through a leaky ReLU from its output.
  void (*leaky_backward)(const float *dst, float slope, int64_t count, float *diff);

  /// One step of Adam: m = decay1 * m + share1 * gradient, v likewise with the gradient's square,
  /// and parameter -= rate * m / (root_scale * sqrt(v) + epsilon).
  void (*adam)(float *parameters, const float *gradients, float *m, float *v, int64_t count,
               float rate, float decay1, float share1, float decay2, float share2,
               float root_scale, float epsilon);

  /// The sum over all lanes of ck_peak_chains vectors, the i-th of which begins as i everywhere and
  /// is replaced by factor * itself + addend in each of `rounds` rounds, in registers alone; in
  /// bf16 by itself + factor * addend + factor * addend.
  double (*peak_arithmetic)(int64_t rounds, float factor, float addend);
} ck_kernels;

/// Passes in AVX-512 (F, BW, DQ, VL); call them only where the processor has it.
extern const ck_kernels ck_kernels_avx512;
/// Passes in AVX2 with FMA; call them only where the processor has both.
extern const ck_kernels ck_kernels_avx2;
/// Passes in the compiler's baseline instruction set.
extern const ck_kernels ck_kernels_portable;

/// The same with bf16 multiplications in AVX512-BF16; call them only where the processor has it.
extern const ck_kernels ck_kernels_bf16_avx512_bf16;
/// The same with bf16 multiplications, which the other instruction sets compute in fp32.
extern const ck_kernels ck_kernels_bf16_avx512;
extern const ck_kernels ck_kernels_bf16_avx2;
extern const ck_kernels ck_kernels_bf16_portable;

/// Tells the processor that the thread spins.
static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Has the system show the calling thread by this name, of at most 15 bytes.
void ck_name_thread(const char *name);

/// Adds runs from `part` on, before `parts`, of `count` floats each to the first run, in order:
/// elements `first` on, before `behind`.
void ck_add_parts(float *runs, int64_t part, int64_t parts, int64_t count, int64_t first,
                  int64_t behind);

/// dst[b][a] = src[a][b], with the elements of src runs of `inner` floats.
void ck_exchange(const float *src, int64_t a, int64_t b, int64_t inner, float *dst);

/// dst[b][a] = src[a][b] with the size × size kernel of each pair turned by 180 degrees.
void ck_turn_weights(const float *src, int64_t a, int64_t b, int64_t size, float *dst);

#pragma clang assume_nonnull end
