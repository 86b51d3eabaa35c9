// The bf16 table of one instruction set; included last, after BF16_TABLE is defined.
#include "bf16_convolutions.h"
#include "bf16_linear.h"
#include "bf16_peak.h"
#include "bf16_thin.h"
#include "bf16_upsampling.h"
#include "../flat_passes.h"
#include "../packing.h"

const ck_kernels BF16_TABLE = {
    .lanes = lanes,
    .stored_per_float = 2,
    .convolution_forward = bf16_convolution_forward,
    .convolution_backward = bf16_convolution_backward,
    .upsampled_forward = bf16_upsampled_forward,
    .upsampled_backward = bf16_upsampled_backward,
    .thin_upsampled_forward = bf16_thin_upsampled_forward,
    .pack_forward_count = bf16_pack_forward_count,
    .pack_backward_count = bf16_pack_backward_count,
    .pack_forward = bf16_pack_forward,
    .pack_backward = bf16_pack_backward,
    .unpack_gradient = bf16_unpack_gradient,
    .linear_multiply = bf16_linear_multiply,
    .linear_outer = bf16_linear_outer,
    .pack_columns = bf16_pack_columns,
    .pack_rows = bf16_pack_rows,
    .moments = bf16_moments,
    .normalize = bf16_normalize,
    .gradient_sums = bf16_gradient_sums,
    .norm_leaky_backward = bf16_norm_leaky_backward,
    .sigmoid_error = sigmoid_error,
    .images_from_rows = bf16_images_from_rows,
    .rows_from_images = bf16_rows_from_images,
    .channel_sums = channel_sums,
    .leaky_backward = leaky_backward,
    .adam = adam,
    .peak_arithmetic = bf16_peak_arithmetic,
};
