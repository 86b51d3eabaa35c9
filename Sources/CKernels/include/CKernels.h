// The trainer's elementwise and reducing passes in C, one implementation per instruction set.
//
// Conventions: images are [image][row][column][channel] (NHWC), fp32, without gaps; "pixels" are
// the rows times columns of one image. Sums run in a fixed order: fp32 within an image, double
// across images, so that results depend on neither addresses nor load. No function keeps state,
// allocates or calls another library. Inputs and outputs must not overlap unless said otherwise.
#pragma once

#include <stdint.h>

#pragma clang assume_nonnull begin

/// The most channels that a pass takes.
enum { ck_channels_max = 1024 };

/// The most rows and columns of an image.
enum { ck_size_max = 66 };

/// The extents of a convolution, square in image, kernel, stride and padding.
typedef struct ck_convolution {
  int64_t images, in_channels, out_channels, in_size, out_size, kernel, stride, padding;
} ck_convolution;

/// A batch norm to apply on the way: (x - mean) * scale + shift, per channel.
typedef struct ck_norm {
  const float *mean, *scale, *shift;
} ck_norm;

/// The passes as compiled for one instruction set.
typedef struct ck_kernels {
  /// Lanes of a vector; weights are packed to a multiple of two vectors of channels.
  int64_t lanes;

  /// dst = leaky(bias + convolution of src), or the convolution alone if bias is null; src is
  /// normalised on the way if norm is given.
  ///
  /// weights are from pack_forward. scratch holds one image with its padding.
  void (*convolution_forward)(const ck_convolution *shape, const float *src,
                              const ck_norm *_Nullable norm, const float *weights,
                              const float *_Nullable bias, float slope, float *dst,
                              float *scratch);

  /// diff_src = gradient of the convolution with respect to src; stride 2, kernels up to 4.
  ///
  /// diff_dst is normalised on the way if norm is given: the direction also serves as a transposed
  /// convolution. weights are from pack_backward. scratch holds one image of diff_dst with a
  /// border of one pixel.
  void (*convolution_backward_data)(const ck_convolution *shape, const float *diff_dst,
                                    const ck_norm *_Nullable norm, const float *weights,
                                    float *diff_src, float *scratch);

  /// diff_weights = gradient of the convolution with respect to the weights, for unpack_gradient.
  void (*convolution_backward_weights)(const ck_convolution *shape, const float *src,
                                       const ck_norm *_Nullable norm, const float *diff_dst,
                                       float *diff_weights, float *scratch);

  /// Arranges weights, [out][in][kernel][kernel], for convolution_forward: as many floats as the
  /// weights have with out_channels rounded up to two vectors.
  void (*pack_forward)(const ck_convolution *shape, const float *weights, float *packed);

  /// Arranges weights for convolution_backward_data: as many floats as the weights have with
  /// in_channels rounded up to two vectors.
  void (*pack_backward)(const ck_convolution *shape, const float *weights, float *packed);

  /// The inverse of pack_forward, for gradients.
  void (*unpack_gradient)(const ck_convolution *shape, const float *packed, float *weights);

  /// Per-channel mean and sum of squared deviations from it, over all images and pixels.
  ///
  /// Each image is summed twice (its mean, then its deviations); images are combined by the
  /// update of Chan, Golub and LeVeque (1983), so a large mean costs no accuracy.
  void (*moments)(const float *src, int64_t images, int64_t pixels, int64_t channels,
                  double *mean, double *squared_deviations);

  /// dst = (src - mean) * scale + shift, per channel; dst may be src.
  void (*normalize)(const float *src, int64_t pixels, int64_t channels, const float *mean,
                    const float *scale, const float *shift, float *dst);

  /// Per-channel sums over all images and pixels of diff_dst and of diff_dst * (src - mean).
  void (*norm_gradient_sums)(const float *diff_dst, const float *src, const float *mean,
                             int64_t images, int64_t pixels, int64_t channels, double *sum,
                             double *dot);

  /// Gradient through a batch norm and the leaky ReLU whose output src was normalised:
  /// diff_src = (a * diff_dst + b * (src - mean) + c) * (src > 0 ? 1 : slope), per channel.
  ///
  /// diff_sum receives the per-channel sums of diff_src; diff_src may be diff_dst.
  void (*norm_leaky_backward)(const float *diff_dst, const float *src, const float *mean,
                              const float *a, const float *b, const float *c, float slope,
                              int64_t images, int64_t pixels, int64_t channels,
                              float *diff_src, double *diff_sum);

  /// dst = leaky(bias + 2×2 sums of src): src has size + 1 rows and columns, dst has size.
  void (*box_leaky)(const float *src, const float *bias, float slope, int64_t images,
                    int64_t size, int64_t channels, float *dst);

  /// dst = scale * 2×2 sums of src extended by zeros: src has size rows and columns, dst size + 1.
  void (*box_backward)(const float *src, float scale, int64_t images, int64_t size,
                       int64_t channels, float *dst);

  /// reconstruction = sigmoid(bias + 2×2 sums of src), its squared error against target summed per
  /// image, and the gradient of that sum with respect to the sigmoid's input.
  ///
  /// src has size + 1 rows and columns, the others size. Either of reconstruction and diff_src may
  /// be null and is then not written; diff_src is not scaled.
  void (*box_sigmoid_error)(const float *src, const float *bias, const float *target,
                            int64_t images, int64_t size, int64_t channels,
                            float *_Nullable reconstruction, float *_Nullable diff_src,
                            double *squared_errors);

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
} ck_kernels;

/// Passes in AVX-512 (F, BW, DQ, VL); call them only where the processor has it.
extern const ck_kernels ck_kernels_avx512;
/// Passes in AVX2 with FMA; call them only where the processor has both.
extern const ck_kernels ck_kernels_avx2;
/// Passes in the compiler's baseline instruction set.
extern const ck_kernels ck_kernels_portable;

/// dst[outer][b][a][inner] = src[outer][a][b][inner].
void ck_transpose(const float *src, int64_t outer, int64_t a, int64_t b, int64_t inner,
                  float *dst);

/// dst[b][a] = src[a][b] with the size × size kernel of each pair turned by 180 degrees.
void ck_turn_weights(const float *src, int64_t a, int64_t b, int64_t size, float *dst);

#pragma clang assume_nonnull end
