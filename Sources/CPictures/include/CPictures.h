// Decoding of PNG and JPEG pictures from memory, around libpng and libjpeg, whose errors jump.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// What became of a decoding.
enum picture_status {
  picture_decoded = 0,
  /// The data is damaged, cut short or of a kind that is not read; `message` says why.
  picture_refused = 1,
  /// There is no memory.
  picture_no_memory = 2,
};

/// A decoded picture.
struct picture {
  /// `height * width * channels` values in that order, to be freed with `picture_free`.
  uint8_t *pixels;
  uint32_t width;
  uint32_t height;
  /// 1 grey, 3 red, green and blue.
  uint32_t channels;
  /// Why it was refused.
  char message[200];
};

/// Decodes a PNG picture of at most `side_limit` pixels a side and `pixel_limit` in all.
///
/// Palettes are looked up and bits are widened to bytes. Of 16 bits v, the value is v/257 rounded to
/// nearest. A pixel of opacity a (0 to 255) is laid on black: v·a/255 rounded to nearest. Gamma and
/// colour profiles are ignored. Grey pictures stay grey.
enum picture_status picture_decode_png(
    const uint8_t *bytes, size_t count, uint32_t side_limit, uint64_t pixel_limit,
    struct picture *picture);

/// Decodes a JPEG picture, likewise; exact integer DCT, smooth upsampling of chroma, orientation
/// tags ignored. A warning of the library, such as of data that ends early, is an error here.
enum picture_status picture_decode_jpeg(
    const uint8_t *bytes, size_t count, uint32_t side_limit, uint64_t pixel_limit,
    struct picture *picture);

/// Frees the pixels.
void picture_free(struct picture *picture);
