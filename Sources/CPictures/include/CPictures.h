// Decodes PNG and JPEG pictures from memory with libpng and libjpeg, whose errors use longjmp.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// The outcome of a decoding.
enum picture_status {
  picture_decoded = 0,
  /// The data is damaged, truncated or not supported; `message` says why.
  picture_refused = 1,
  /// Out of memory.
  picture_no_memory = 2,
};

/// A decoded picture.
struct picture {
  /// `height * width * channels` values in that order; free them with `picture_free`.
  uint8_t *pixels;
  uint32_t width;
  uint32_t height;
  /// 1 for grey, 3 for RGB.
  uint32_t channels;
  /// Why it was refused.
  char message[200];
};

/// Decodes a PNG picture of at most `side_limit` pixels per side and `pixel_limit` pixels.
///
/// Palettes are expanded, and fewer than 8 bits are widened to bytes. A 16-bit value v becomes v/257,
/// rounded to nearest. A pixel of opacity a (0 to 255) is composited on black: v·a/255, rounded to
/// nearest. Gamma and colour profiles are ignored. Grey pictures stay grey.
enum picture_status picture_decode_png(
    const uint8_t *bytes, size_t count, uint32_t side_limit, uint64_t pixel_limit,
    struct picture *picture);

/// Decodes a JPEG picture with the same limits: accurate integer DCT, smooth upsampling of chroma;
/// orientation tags are ignored. The library's warnings, such as for truncated data, are errors.
enum picture_status picture_decode_jpeg(
    const uint8_t *bytes, size_t count, uint32_t side_limit, uint64_t pixel_limit,
    struct picture *picture);

/// Frees the pixels.
void picture_free(struct picture *picture);
