// The table of one instruction set; included last, after KERNEL_TABLE is defined.
#include "box_passes.h"
#include "convolution_passes.h"
#include "flat_passes.h"
#include "norm_passes.h"

const ck_kernels KERNEL_TABLE = {
    .lanes = lanes,
    .convolution_forward = convolution_forward,
    .convolution_backward_data = convolution_backward_data,
    .convolution_backward_weights = convolution_backward_weights,
    .pack_forward = pack_forward,
    .pack_backward = pack_backward,
    .unpack_gradient = unpack_gradient,
    .moments = moments,
    .normalize = normalize,
    .norm_gradient_sums = norm_gradient_sums,
    .norm_leaky_backward = norm_leaky_backward,
    .box_leaky = box_leaky,
    .box_backward = box_backward,
    .box_sigmoid_error = box_sigmoid_error,
    .channel_sums = channel_sums,
    .leaky_backward = leaky_backward,
    .adam = adam,
};
