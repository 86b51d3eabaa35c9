// The table of one instruction set; included last, after KERNEL_TABLE is defined.
#include "convolution_passes.h"
#include "flat_passes.h"
#include "linear_passes.h"
#include "norm_passes.h"
#include "packing.h"
#include "parity_passes.h"
#include "peak.h"
#include "thin_passes.h"
#include "transpose_passes.h"
#include "upsampled_passes.h"

const ck_kernels KERNEL_TABLE = {
    .lanes = lanes,
    .stored_per_float = 1,
    .convolution_forward = any_convolution_forward,
    .convolution_backward = any_convolution_backward,
    .upsampled_forward = any_upsampled_forward,
    .upsampled_backward = any_upsampled_backward,
    .thin_upsampled_forward = thin_upsampled_forward,
    .pack_forward_count = pack_forward_count,
    .pack_backward_count = pack_backward_count,
    .pack_forward = pack_forward,
    .pack_backward = pack_backward,
    .unpack_gradient = unpack_gradient,
    .linear_multiply = linear_multiply,
    .linear_outer = linear_outer,
    .pack_columns = pack_columns,
    .pack_rows = pack_rows,
    .moments = moments,
    .normalize = normalize,
    .gradient_sums = gradient_sums,
    .norm_leaky_backward = norm_leaky_backward,
    .sigmoid_error = sigmoid_error,
    .images_from_rows = images_from_rows,
    .rows_from_images = rows_from_images,
    .channel_sums = channel_sums,
    .leaky_backward = leaky_backward,
    .adam = adam,
    .peak_arithmetic = peak_arithmetic,
};
