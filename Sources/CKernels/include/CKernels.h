// The trainer's passes over images and matrices in C, compiled once per instruction set.
//
// Conventions: images are [image][row][column][channel] (NHWC), fp32, without gaps; "pixels" are
// the rows times columns of one image. Sums are taken in a fixed order, in fp32 within an image and
// in double across images, so that results do not depend on addresses or load. No function keeps
// state, allocates or calls another library. Inputs and outputs must not overlap unless stated.
//
// The bf16 tables multiply bf16 numbers and add up in fp32. Weights, biases, their gradients,
// statistics, box sums and the error stay fp32. Activations (the images between a leaky ReLU and
// the batch norm behind it) and the gradients between two operations are stored as bf16, two
// numbers per float, although the parameters here are pointers to float. Fp32 in every table are:
// pictures (a src without a norm), images without a leaky ReLU behind them (dst of
// thin_upsampled_forward, diff_dst without `through`) and linear layers.
#pragma once

#include <stdint.h>

#pragma clang assume_nonnull begin

/// The most channels of an image.
enum { ck_channels_max = 1024 };

/// The most rows and columns of an image.
enum { ck_size_max = 66 };

/// The most rows that a linear pass multiplies at a time.
enum { ck_rows_max = 64 };

/// The instruction sets with kernels.
typedef enum ck_processor {
  ck_processor_portable,
  ck_processor_avx2,
  ck_processor_avx512,
  ck_processor_avx512_bf16
} ck_processor;

/// The widest instruction set that the processor and the operating system support.
ck_processor ck_processor_best(void);

/// Independent vectors in peak_arithmetic.
enum { ck_peak_chains = 12 };

/// The extents of a convolution layer, square in image, kernel, stride and padding. `in` is the
/// layer's source and `out` its destination.
///
/// A batch of `images` is split into parts of `part` images; the last may be smaller. A pass
/// computes the parts first_part ..< end_part, and several threads may each take some. Sums over
/// images are taken within a part: pointers to sums point to an array with one result per part. The
/// caller adds the parts up in order, so that a sum does not depend on the number of threads.
typedef struct ck_convolution {
  int64_t images, in_channels, out_channels, in_size, out_size, kernel, stride, padding;
  int64_t part, first_part, end_part;
} ck_convolution;

/// The first image of a part, and the end of the part before.
static inline int64_t ck_part_start(const ck_convolution *shape, int64_t part) {
  int64_t start = part * shape->part;
  return start < shape->images ? start : shape->images;
}

/// The least output pixels per gemm; a pass groups several images if one has fewer.
enum { ck_group_pixels = 64 };

/// The adjoint of an upsampled convolution in the box form: the stride-2 convolution from the
/// transposed image, which has a row and a column more than the layer's destination, to its source.
static inline ck_convolution ck_adjoint(const ck_convolution *upsampled) {
  ck_convolution adjoint = *upsampled;
  adjoint.in_channels = upsampled->out_channels;
  adjoint.out_channels = upsampled->in_channels;
  adjoint.in_size = upsampled->out_size + 1;
  adjoint.out_size = upsampled->in_size;
  adjoint.stride = 2;
  adjoint.padding = 0;
  return adjoint;
}

/// The most 2×2 blocks of outputs whose convolution is computed at a time if it is split by parity:
/// enough for a load of the weights, few enough that what is computed from them stays in the L2
/// cache.
enum { ck_strip_blocks = 32 };

/// Floats of scratch memory for any pass of a strided convolution, or of the upsampled convolution
/// whose adjoint it is.
static inline int64_t ck_scratch_count(const ck_convolution *shape) {
  int64_t in = shape->in_size + 2 * shape->padding, out = shape->out_size + 2;
  int64_t pixels = shape->out_size * shape->out_size;
  int64_t group = pixels < ck_group_pixels ? ck_group_pixels / pixels : 1;
  return group * (in * in * shape->in_channels + out * out * shape->out_channels + 64) +
         2 * in * (in * shape->in_channels + out * shape->in_channels) +
         64 * (shape->out_channels + 32 * shape->in_channels) +
         9 * (out * out + 64) * shape->in_channels + in * in * shape->in_channels +
         ck_strip_blocks * (25 * shape->in_channels + 9 * shape->out_channels) +
         8 * in * shape->in_channels;
}

/// The same for the bf16 tables.
static inline int64_t ck_bf16_scratch_count(const ck_convolution *shape) {
  int64_t in = shape->in_size + 2 * shape->padding, out = shape->out_size + 2;
  int64_t paired = 2 * in * in * shape->in_channels + 2 * out * out * shape->out_channels;
  int64_t thin = shape->in_channels * (9 * (out * out + 64) + 5 * shape->out_channels + 128) +
                 24 * (shape->out_channels + 2);
  return paired + thin + 8 * (in + 2) * shape->in_channels + 1024;
}

/// Floats of scratch memory for the passes of a linear layer.
static inline int64_t ck_linear_scratch_count(int64_t inputs, int64_t outputs) {
  return ck_rows_max * (inputs + outputs + 32);
}

/// A batch norm, applied to a source while it is read: (x - mean) * scale + shift, per channel.
typedef struct ck_norm {
  const float *mean, *scale, *shift;
} ck_norm;

/// Per-channel mean and sum of squared deviations from it, over images and pixels.
///
/// Each image is summed twice (its mean, then its deviations); images are combined by the update
/// of Chan, Golub and LeVeque (1983), so a large mean costs no accuracy. The results of successive
/// parts are 2 * channels doubles apart.
typedef struct ck_moments {
  double *mean, *squared_deviations;
} ck_moments;

/// Per-channel sums over images and pixels of a gradient and of gradient * (src - mean). The
/// results of successive parts are 2 * channels doubles apart.
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

/// The squared error of each image's reconstruction, which is the sigmoid of a source, against its
/// target; and the gradient of their sum with respect to that source.
///
/// reconstruction and diff are not written if null.
typedef struct ck_error {
  const float *target;
  float *_Nullable reconstruction, *_Nullable diff;
  double *squared_errors;
} ck_error;

/// The passes as compiled for one instruction set.
typedef struct ck_kernels {
  /// Floats in a vector; packed weights have a multiple of two vectors of channels.
  int64_t lanes;

  /// Numbers of an activation or its gradient stored per float: 1, or 2 in bf16.
  int64_t stored_per_float;

  /// dst = leaky(bias + convolution of src). src is normalised first if norm is given; the moments
  /// of dst are taken if moments is given.
  ///
  /// weights are from pack_forward.
  void (*convolution_forward)(const ck_convolution *shape, const float *src,
                              const ck_norm *_Nullable norm, const float *weights,
                              const float *bias, float slope, float *dst,
                              const ck_moments *_Nullable moments, float *scratch);

  /// The gradients of a stride-2 convolution with respect to weights and source.
  ///
  /// diff_weights has one buffer of packed weights per part, for unpack_gradient, and diff_bias
  /// out_channels doubles per part. A pass that takes the first part adds the weights' gradients of
  /// its parts up in order in the first part's buffer; the second part's buffer is scratch memory
  /// then.
  /// If `through` is given, diff_dst is first passed back through that batch norm and leaky ReLU,
  /// and diff_bias receives the per-channel sums of the result. diff_src is not computed if null;
  /// its sums are taken if sums is given. weights are from pack_backward.
  void (*convolution_backward)(const ck_convolution *shape, const float *src,
                               const ck_norm *_Nullable norm, const float *diff_dst,
                               const ck_norm_gradient *_Nullable through,
                               const float *_Nullable weights, float *diff_weights,
                               double *diff_bias, float *_Nullable diff_src,
                               const ck_gradient_sums *_Nullable sums, float *scratch);

  /// dst = leaky(bias + convolution of the ×2 upsampled src), in the box form.
  ///
  /// weights, rotated by 180 degrees, are from pack_backward of the adjoint.
  void (*upsampled_forward)(const ck_convolution *layer, const float *src,
                            const ck_norm *_Nullable norm, const float *weights,
                            const float *bias, float slope, float *dst,
                            const ck_moments *_Nullable moments, float *scratch);

  /// The gradients of an upsampled convolution, multiplied by `scale`; otherwise as
  /// convolution_backward.
  ///
  /// weights are from pack_forward of the adjoint. diff_bias is not scaled, and is written only if
  /// `through` is given.
  void (*upsampled_backward)(const ck_convolution *layer, const float *src,
                             const ck_norm *_Nullable norm, const float *diff_dst,
                             const ck_norm_gradient *_Nullable through, float scale,
                             const float *weights, float *diff_weights, double *diff_bias,
                             float *diff_src, const ck_gradient_sums *_Nullable sums,
                             float *scratch);

  /// dst = bias + convolution of the ×2 upsampled src, for 3×3 kernels, sources of at most 32 rows
  /// and at most 4 output channels.
  ///
  /// weights are [output][source channel][9], rotated by 180 degrees. If error is given, the
  /// squared error of the sigmoid is taken while an image is in cache; dst is not written and may
  /// be null then.
  void (*thin_upsampled_forward)(const ck_convolution *layer, const float *src,
                                 const ck_norm *_Nullable norm, const float *weights,
                                 const float *bias, float *_Nullable dst,
                                 const ck_error *_Nullable error, float *scratch);

  /// Floats that pack_forward and pack_backward write; out_channels and in_channels are rounded up
  /// to two vectors.
  int64_t (*pack_forward_count)(const ck_convolution *shape);
  int64_t (*pack_backward_count)(const ck_convolution *shape);

  /// Packs weights, [out][in][kernel][kernel], for the forward direction.
  void (*pack_forward)(const ck_convolution *shape, const float *weights, float *packed);

  /// Packs weights for the transposed direction.
  void (*pack_backward)(const ck_convolution *shape, const float *weights, float *packed);

  /// The transpose of pack_forward, for gradients; packed is overwritten.
  void (*unpack_gradient)(const ck_convolution *shape, float *packed, float *weights);

  /// dst, [rows][columns], = src, [rows][depth], times a matrix, [depth][columns]; with a bias,
  /// leaky(bias + product).
  ///
  /// The matrix is from pack_columns, or its transpose from pack_rows.
  void (*linear_multiply)(int64_t rows, int64_t depth, int64_t columns, const float *src,
                          const float *panels, const float *_Nullable bias, float slope,
                          float *dst, float *scratch);

  /// dst, [depth][columns], = the sum over rows of the outer products of src, [rows][depth], and
  /// other, [rows][columns]; src_sums = the sum over rows of src. Rows of src are src_stride floats
  /// apart, so that a pass may take a subset of its columns.
  void (*linear_outer)(int64_t rows, int64_t depth, int64_t src_stride, int64_t columns,
                       const float *src, const float *other, float *dst, float *src_sums,
                       float *scratch);

  /// Packs a matrix, [rows][columns], with its columns in lanes: as many floats as the matrix
  /// has with columns rounded up to two vectors.
  void (*pack_columns)(const float *src, int64_t rows, int64_t columns, float *panels);

  /// Packs a matrix, [rows][columns], with its rows in lanes: as many floats as the matrix has
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

  /// reconstruction = sigmoid(src); its squared error against target, summed over the `count`
  /// floats of each image; and the gradient of that sum with respect to src.
  ///
  /// reconstruction and diff_src are not written if null; diff_src may be src.
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

  /// The sum over all lanes of ck_peak_chains vectors after `rounds` rounds in registers. The i-th
  /// vector starts as i in every lane; a round replaces x by factor * x + addend, in bf16 by
  /// x + factor * addend + factor * addend.
  double (*peak_arithmetic)(int64_t rounds, float factor, float addend);
} ck_kernels;

/// Fp32 passes in AVX-512 (F, BW, DQ, VL); call them only if the processor has it.
extern const ck_kernels ck_kernels_avx512;
/// Fp32 passes in AVX2 with FMA; call them only if the processor has both.
extern const ck_kernels ck_kernels_avx2;
/// Fp32 passes in the compiler's baseline instruction set.
extern const ck_kernels ck_kernels_portable;

/// Bf16 passes in AVX512-BF16; call them only if the processor has it.
extern const ck_kernels ck_kernels_bf16_avx512_bf16;
/// Bf16 passes in the other instruction sets, which multiply the rounded numbers in fp32.
extern const ck_kernels ck_kernels_bf16_avx512;
extern const ck_kernels ck_kernels_bf16_avx2;
extern const ck_kernels ck_kernels_bf16_portable;

/// Tells the processor that the thread is in a spin loop.
static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Names the calling thread, for the system's tools; at most 15 bytes.
void ck_name_thread(const char *name);

/// Adds the buffers part ..< parts, of `count` floats each, to buffer 0, in order: the elements
/// first ..< end.
void ck_add_parts(float *buffers, int64_t part, int64_t parts, int64_t count, int64_t first,
                  int64_t end);

/// dst[b][a] = src[a][b], where each element is `inner` contiguous floats.
void ck_swap_axes(const float *src, int64_t a, int64_t b, int64_t inner, float *dst);

/// dst[b][a] = src[a][b], with each size × size kernel rotated by 180 degrees.
void ck_rotate_weights(const float *src, int64_t a, int64_t b, int64_t size, float *dst);

#pragma clang assume_nonnull end
